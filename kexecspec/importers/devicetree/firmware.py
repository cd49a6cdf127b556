"""What runs beside Linux: a trusted OS, and processors with firmware of their own."""

from __future__ import annotations

from kexecspec.importers.board import TeeKind
from kexecspec.importers.devicetree.nodes import DtNode
from kexecspec.importers.devicetree.reading import ENABLED, Reading
from kexecspec.importers.facts import Fact, unknown

OPTEE = "linaro,optee-tz"
FFA = "arm,ffa"
METHODS: dict[str, TeeKind] = {"smc": "optee-smc", "hvc": "optee-hvc"}


def tee(reading: Reading) -> Fact[TeeKind]:
    """The trusted OS that Linux finds: the node /firmware/optee and how it is called. A node that is disabled is
    unknown: boot loaders enable it where the trusted OS is loaded. FF-A is found by asking the firmware, so without
    a node there may be one all the same; that is a value of None, read."""
    for node in reading.tree.nodes.values():
        names = reading.compatible(node) if b"optee" in node.props.get("compatible", b"") else ()
        if OPTEE not in names:
            continue
        place, method = reading.place(node), reading.text(node, "method")
        if method not in METHODS:
            allowed = ", ".join(METHODS)
            reading.say(node, "method", f"{method!r}: {allowed} are allowed" if method else f"missing: {allowed}")
            return unknown(place)
        if not reading.enabled(node):
            note = f"status is {reading.status(node)!r}; a boot loader enables the node where OP-TEE is loaded"
            own = reading.status(node) not in ENABLED
            return unknown(place, note=note if own else "a node above it is disabled")
        return Fact(METHODS[method], (place,))
    for node in reading.tree.nodes.values():
        if FFA in node.props.get("compatible", b"").decode("ascii", "replace").split("\0"):
            return Fact(
                "optee-ffa", (reading.place(node),), "assumed", "FF-A is there; that OP-TEE answers is not said"
            )
    return Fact(None, (reading.place(reading.tree.root),))


def runs_firmware(reading: Reading, node: DtNode) -> bool:
    """Whether the node is a processor that runs firmware of its own out of memory set aside for it."""
    stem = node.name.partition("@")[0]
    if stem == "remoteproc":
        return True
    return "memory-region" in node.props and (
        "firmware-name" in node.props or any(s in stem for s in ("r5f", "dsp", "m4f"))
    )


def regions_of(reading: Reading, node: DtNode) -> tuple[str, ...]:
    """The names of the regions of memory that are set aside for `node`."""
    if "memory-region" not in node.props:
        return ()
    found = (reading.node_of(node, "memory-region", phandle) for phandle in reading.cells(node, "memory-region"))
    return tuple(reading.name(target) for target in found if target is not None)
