"""What a driver asks of the secure world in each hook: the TEE client API's calls, in order, with sizes and flags."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kexecspec.importers.facts import Place
from kexecspec.importers.source.hooks import Written
from kexecspec.importers.source.records import Call, FileRead
from kexecspec.importers.source.resolve import Found, called
from kexecspec.importers.source.sources import Sources
from kexecspec.importers.source.values import TeeCall

DEEPEST = 6
_OPENS = ("tee_client_open_context", "tee_client_open_session", "tee_shm_alloc", "tee_shm_alloc_kernel_buf",
          "tee_shm_alloc_priv_buf",
          "tee_shm_register_kernel_buf")  # fmt: skip
_CLOSES = ("tee_client_close_session", "tee_client_close_context", "tee_shm_free")
_FLAGS = {
    "TEE_SHM_MAPPED": "mapped",
    "TEE_SHM_DMA_BUF": "dma_buf",
    "TEE_SHM_PRIV": "priv",
    "TEE_SHM_REGISTER": "register",
}
_SIZE_ARGUMENT = {
    "tee_shm_alloc": 1,
    "tee_shm_alloc_kernel_buf": 1,
    "tee_shm_alloc_priv_buf": 1,
    "tee_shm_register_kernel_buf": 2,
}
_UNIT = {"K": 10, "M": 20, "G": 30}
_SZ = re.compile(r"SZ_(\d+)([KMG]?)")
_NUMBER = re.compile(r"(0[xX][0-9a-fA-F]+|\d+)[uUlL]*")
_PRODUCT = re.compile(r"([^*()]+)\*([^*()]+)")


def tee_calls(sources: Sources, file: FileRead, written: tuple[Written, ...]) -> tuple[TeeCall, ...]:
    """The calls of probe, shutdown and remove, functions of the file inlined; without what undoes a failed probe."""
    made: list[TeeCall] = []
    for hook in written:
        if hook.name in ("probe", "shutdown", "remove") and hook.function:
            wanted = _OPENS if hook.name == "probe" else _CLOSES
            for found in called(sources, file, hook.function)[:1]:
                made += _inlined(sources, found, hook.name, wanted, (found.function.name,), ())
    return tuple(made)


def _inlined(
    sources: Sources,
    found: Found,
    hook: str,
    wanted: tuple[str, ...],
    path: tuple[str, ...],
    conditions: tuple[str, ...],
) -> Iterator[TeeCall]:
    file = sources.whole(found.path)
    for call in found.function.calls:
        if call.name in wanted:
            yield _tee_call(file, call, hook, (*conditions, *call.conditions))
        elif len(path) < DEEPEST and call.name not in path:
            for other in called(sources, file, call.name)[:1]:
                if other.path == found.path:
                    yield from _inlined(
                        sources, other, hook, wanted, (*path, call.name), (*conditions, *call.conditions)
                    )


def _tee_call(file: FileRead, call: Call, hook: str, conditions: tuple[str, ...]) -> TeeCall:
    at = _SIZE_ARGUMENT.get(call.name)
    size = constant(file, call.args[at]) if at is not None and len(call.args) > at else None
    words = " ".join(call.args[2:])
    flags = tuple(v for k, v in _FLAGS.items() if re.search(rf"\b{k}\b", words))
    named = re.findall(r"\w+", call.args[0]) if call.name == "tee_shm_free" and call.args else []
    return TeeCall(
        hook, call.name, Place(file.path, call.line), size, flags, named[-1] if named else "", " && ".join(conditions)
    )


def constant(file: FileRead, text: str, depth: int = 0) -> int | None:
    """The value of a constant such as SZ_4M, 2 * PAGE_SIZE or a macro of the file; None for anything else."""
    text = text.strip().strip("()").strip()
    if found := _SZ.fullmatch(text):
        return int(found[1]) << _UNIT.get(found[2], 0)
    if found := _NUMBER.fullmatch(text):
        return int(found[1], 16) if found[1][:2].lower() == "0x" else int(found[1])
    if text == "PAGE_SIZE":
        return 4096
    if (found := _PRODUCT.fullmatch(text)) and depth < 4:
        one, other = constant(file, found[1], depth + 1), constant(file, found[2], depth + 1)
        return one * other if one is not None and other is not None else None
    return constant(file, file.macros[text], depth + 1) if text in file.macros and depth < 4 else None
