"""Whether what a hook reaches stops the master: by what is declared, under which conditions, and by names at last."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kexecspec.importers.facts import Fact, Place, assumed, unknown
from kexecspec.importers.source.reach import Walk
from kexecspec.importers.source.values import Handoff, Reached

_NEVER = re.compile(
    r"system_state == SYSTEM_(POWER_OFF|HALT|SUSPEND)|SYSTEM_POWER_OFF == system_state|system_state != SYSTEM_RESTART"
)
_HARMLESS = re.compile(
    r"[!(]*\w+\)*|.*(netif_running|IFF_UP|IS_ERR|IS_ERR_OR_NULL|netif_device_present|registered|present|initialized|"
    r"initialised|probed|opened|is_open|running|enabled|started|bound|kexec_in_progress|HCD_FLAG_HW_ACCESSIBLE).*|"
    r"!?\(?(ret|err|rc|error|status)\b.*|SYSTEM_RESTART.*|[!(]*[\w>.-]+->(ops|driver|priv|ndev|netdev|drm|dev|kms|mmc|host|hcd|shutdown|stop|exit)\)*|"
    r"case SYS_(RESTART|DOWN|HALT|POWER_OFF)",
    re.IGNORECASE,
)
_STOPS = re.compile(
    r"(?:^|_)(stop|stops|halt|disable|reset|quiesce|shutdown|deinit|uninit|kill|abort|teardown|fini|poweroff|power_off|off|"
    r"suspend|close|remove|sw_reset|hw_reset|exit|terminate)(?:_|\d|$)"
)
_BESIDE = re.compile(
    r"irq|intr|interrupt|clk|clock|wol|wake|led|phy|detect|timer|stat|log|debug|power_save|event|cache|regulator"
)
_SHOWN = 3


def stops(walk: Walk, function: str, handoff: Handoff = "kexec", is_remove: bool = False) -> Fact[bool]:
    """Whether the hook whose function is `function` stops the master on `handoff`. Known to be false only where nothing
    that may do so is reached and every call was followed or is declared. is_remove: it also serves as remove."""
    there = [r for r in walk.reached if not _impossible(r.condition, handoff)]
    sure = [r for r in there if r.effect == "stops"]
    plain = [r for r in sure if harmless(r.condition)]
    if plain:
        return Fact(True, _places(plain), "read", f"{plain[0].function}: {plain[0].why}")
    if sure:
        note = f"{sure[0].function}, if {sure[0].condition}"
        return assumed(True, *_places(sure), note=note)
    named = [(r, name) for r in there if (name := _named(r))]
    if named:
        note = f"registers are written by {named[0][1]}(), which by its name stops the device"
        return assumed(True, *_places([r for r, _ in named]), note=note)
    if is_remove and (there or walk.open):
        return assumed(True, note=f"{function} is the driver's remove too, after which its memory is gone")
    if there:
        return unknown(*_places(there), note=f"{_listed(there)}: {there[0].why}")
    if walk.open:
        return unknown(*_places(walk.open), note=f"not followed: {_listed(walk.open)}; {walk.open[0].why}")
    return Fact(False, (), "read", f"{function} and all that it calls leave the DMA as it is")


def unmaps_first(walk: Walk, handoff: Handoff = "kexec") -> Fact[bool]:
    """Whether buffers are taken out of the IOMMU before anything that stops the master is called. Read where all that
    comes before is known to leave the DMA as it is; assumed where something of it was not understood."""
    found = next((one for one in walk.unmapped if not _impossible(one[0].condition, handoff)), None)
    if found is None:
        return Fact(False, (), "read", "it unmaps nothing")
    unmap, reached, opened = found
    before = [r for r in walk.reached[:reached] if not _impossible(r.condition, handoff)]
    stop = next((r for r in before if r.effect == "stops" or _named(r) and harmless(r.condition)), None)
    if stop is not None:
        sure = stop.effect == "stops" and harmless(stop.condition)
        return Fact(False, (stop.place, unmap.place), "read" if sure else "assumed")
    unclear = (*before, *walk.open[:opened])
    if unclear:
        return assumed(True, unmap.place, note=f"what {_listed(unclear)} before {unmap.function} may stop was not read")
    return Fact(True, (unmap.place,), "read", f"{unmap.function} comes before what stops it")


def harmless(condition: str) -> bool:
    """Whether a condition only asks if there is anything to stop, as far as such conditions are known."""
    return all(_HARMLESS.fullmatch(part.strip()) for part in condition.split(" && ")) if condition else True


def _impossible(condition: str, handoff: Handoff) -> bool:
    """Whether what stands under `condition` never runs on `handoff`: on kexec and reboot alike the system restarts."""
    parts = [p.strip() for p in condition.split(" && ")]
    if any(_NEVER.fullmatch(p.strip("()")) for p in parts):
        return True
    return ("kexec_in_progress" in parts) if handoff == "reboot" else ("!kexec_in_progress" in parts)


def _named(reached: Reached) -> str:
    """The function on the way to a write that is called as if it stopped the device; empty where there is none, or
    where what it leads to is about something else."""
    if reached.effect != "writes" or _BESIDE.search(reached.path[-1]):
        return ""
    return next((p for p in reached.path[1:] if _STOPS.search(p) and not _BESIDE.search(p)), "")


def _places(reached: Iterable[Reached]) -> tuple[Place, ...]:
    return tuple(dict.fromkeys(r.place for r in reached))[:_SHOWN]


def _listed(reached: Sequence[Reached]) -> str:
    names = list(dict.fromkeys(r.function for r in reached))
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
