"""A row of an id table in the words of values.Match.text; symbols of PCI ids stay symbols."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping

_COMPATIBLE = re.compile(r"\.\s*compatible\s*=\s*((?:\"[^\"]*\"|[A-Za-z_]\w*)(?:\s+(?:\"[^\"]*\"|[A-Za-z_]\w*))*)")
_STRING = re.compile(r"\"([^\"]*)\"")
_FIRST = re.compile(r"^\{\s*(?:\{\s*)?\"([^\"]*)\"|\.\s*(?:name|id)\s*=\s*\"([^\"]*)\"")
_PIECE = re.compile(r"\"([^\"]*)\"|([A-Za-z_]\w*)")
_MEMBER = re.compile(r"\.\s*(\w+)\s*=\s*([^,{}]+)")
_HEX = re.compile(r"0[xX][0-9a-fA-F]+")
_PCI = re.compile(r"\b(PCI_(?:DEVICE(?:_SUB|_CLASS|_DATA)?|VDEVICE(?:_SUB)?))\s*\(([^()]*)\)")
_USB = re.compile(r"\bUSB_DEVICE\w*\s*\(\s*([^,()]+),\s*([^,()]+)")
_EMPTY = re.compile(r"\{[\s0,{}]*\}|\{\s*\.\s*(?:id|compatible|name)\s*=\s*(?:0|NULL)\s*,?\s*\}|0|\{\s*NULL\s*,?\s*\}")


def row_text(kind: str, text: str, macros: Mapping[str, str]) -> str | None:
    """What a row says; empty for the row that ends a table, None where it was not understood."""
    if _EMPTY.fullmatch(text):
        return ""
    match kind:
        case "of_device_id":
            return _compatible(text, macros)
        case "pci_device_id":
            return _pci(text)
        case "amba_id":
            return _amba(text)
        case "fsl_mc_device_id":
            members = dict(_MEMBER.findall(text))
            named = _STRING.search(members.get("obj_type", ""))
            return f"1957:{named[1]}" if named else None
        case "usb_device_id":
            usb = _USB.search(text)
            return f"{usb[1].strip().lower()}:{usb[2].strip().lower()}" if usb else None
        case "tee_client_device_id" | "ffa_device_id":
            return _uuid(text)
        case "virtio_device_id":
            first = re.match(r"\{\s*(\w+)", text)
            return first[1] if first else None
        case _:
            return _named(text, macros)


def _compatible(text: str, macros: Mapping[str, str]) -> str | None:
    found = _COMPATIBLE.search(text)
    if not found:
        return None
    made = ""
    for string, word in _PIECE.findall(found[1]):
        body = _STRING.fullmatch(macros.get(word, "").strip()) if word else None
        if word and body is None:
            return None
        made += body[1] if body else string
    return made


def _named(text: str, macros: Mapping[str, str]) -> str | None:
    if "ACPI_DEVICE_CLASS" in text:
        return "class " + text.partition("(")[2].partition(")")[0]
    first = _FIRST.search(text)
    if first:
        return first[1] or first[2] or ""
    word = re.match(r"\{\s*(?:\.\s*name\s*=\s*)?([A-Za-z_]\w*)", text)
    body = _STRING.fullmatch(macros.get(word[1], "").strip()) if word else None
    return body[1] if body else None


def _amba(text: str) -> str | None:
    members = {k: v.strip() for k, v in _MEMBER.findall(text)}
    if "id" not in members:
        return None
    number, mask = members["id"], members.get("mask", "0xffffffff")
    return f"{number.lower()}/{mask.lower()}" if _HEX.fullmatch(number) and _HEX.fullmatch(mask) else None


def _uuid(text: str) -> str | None:
    numbers = [int(n, 16) for n in _HEX.findall(text)]
    if len(numbers) != 11 or any(n >> 32 for n in numbers):
        return None
    first = (
        numbers[0].to_bytes(4, "big")
        + (numbers[1] & 0xFFFF).to_bytes(2, "big")
        + (numbers[2] & 0xFFFF).to_bytes(2, "big")
    )
    return str(uuid.UUID(bytes=first + bytes(n & 0xFF for n in numbers[3:])))


def _pci(text: str) -> str | None:
    """`VENDOR:DEVICE`, and `/CLASS` where the row asks for one."""
    members = {k: v.strip() for k, v in _MEMBER.findall(text)}
    asked = f"/{members['class']}" if members.get("class", "0") != "0" else ""
    macro = _PCI.search(text)
    if macro is None:
        return _pci_members(text, members, asked)
    given = [a.strip() for a in macro[2].split(",")]
    match macro[1]:
        case "PCI_DEVICE_CLASS":
            return f"*:*/{given[0]}"
        case "PCI_VDEVICE" | "PCI_VDEVICE_SUB" if len(given) > 1:
            return f"PCI_VENDOR_ID_{given[0]}:{given[1]}{asked}"
        case "PCI_DEVICE_DATA" if len(given) > 1:
            return f"PCI_VENDOR_ID_{given[0]}:PCI_DEVICE_ID_{given[0]}_{given[1]}{asked}"
        case _:
            return f"{given[0]}:{given[1]}{asked}" if len(given) > 1 else None


def _pci_members(text: str, members: Mapping[str, str], asked: str) -> str | None:
    if members:
        return f"{members.get('vendor', '*')}:{members.get('device', '*')}{asked}"
    listed = [w.strip() for w in text.strip("{} ").split(",")]
    if len(listed) < 2 or not all(re.fullmatch(r"\w+", w) for w in listed[:2]):
        return None
    if len(listed) > 4 and listed[4] not in ("0", "") and listed[5:6] != ["0"]:
        asked = f"/{listed[4]}"
    return f"{listed[0]}:{listed[1]}{asked}"
