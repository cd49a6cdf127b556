"""Facts in words, for the reasons of proofs."""

from __future__ import annotations

from kexecspec.platform.stated import Stated
from kexecspec.report.look import value

_OPERATION_FACTS = {
    ("registers", True): "registers its memory with the secure world",
    ("registers", False): "does not register its memory with the secure world",
    ("refused", True): "is not accepted",
    ("refused", False): "is accepted",
    ("on_kexec", True): "stops the device on kexec",
    ("on_kexec", False): "does not stop the device on kexec",
    ("on_reboot", True): "stops the device on reboot",
    ("on_reboot", False): "does not stop the device on reboot",
}
_FACTS = {
    ("deferred_free", False): "what frees it unregisters it at once",
    ("deferred_free", True): "what frees it leaves the rest to a dma-buf, whose release comes too late",
}


def fact(of: Stated, as_it_is: bool = True) -> str:
    """A fact as a sentence; with `as_it_is` false, its opposite."""
    holds = of.value if as_it_is or not isinstance(of.value, bool) else not of.value
    inside = f" in {of.kernel}" if of.kernel else ""
    match of.kind:
        case "operation":
            return f"{of.part} {of.hook}: {_operation(of, holds, as_it_is)}{inside}"
        case "feature":
            return f"{of.part} {'has' if holds else 'lacks'} {of.key}"
        case "kernel":
            return f"{of.part}: {of.key} is {value(holds)}"
        case "order":
            return f"{of.key} is shut down before {of.part}" if holds else f"{of.part} may be shut down before {of.key}"
        case "limit":
            return f"{of.part}: at most {of.key}" if holds else f"{of.part}: any number"
        case "handoff" if of.key == "tree_handed_on":
            return f"{of.part}: the device tree is {'handed on' if holds else 'made anew'}"
        case "handoff":
            return f"{of.part}: user space {'is stopped first' if holds else 'still runs'}"
        case _ if (of.key, holds) in _FACTS:
            return f"{of.part}: {_FACTS[of.key, bool(holds)]}{inside}"
        case _:
            name = of.key if of.part == "machine" else f"{of.part}.{of.key}"
            return f"{name} is {_value(of, holds, as_it_is)}{inside}"


def _operation(of: Stated, holds: object, as_it_is: bool) -> str:
    assert of.op is not None
    label = of.op.do + (f"({of.op.buffer.split('.')[-1]})" if of.op.buffer else "")
    if of.key.startswith(label):
        return of.key if holds else f"no {of.key}"
    said = _OPERATION_FACTS.get((of.key, bool(holds))) if isinstance(holds, bool) else None
    return f"{label} {said or f'{of.key} is {_value(of, holds, as_it_is)}'}"


def _value(of: Stated, holds: object, as_it_is: bool) -> str:
    return value(holds) if as_it_is or isinstance(of.value, bool) else f"not {value(holds)}"
