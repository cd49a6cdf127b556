"""What registrations cost in the secure heap, in bytes; the figures and their sources stand in specs/tee."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PAGE = 4096


def heap_cost(size: int, exact_pages: bool, costs: Mapping[str, int]) -> tuple[int, int]:
    """(bytes a registration of `size` bytes keeps in the secure heap, bytes it needs at its peak).

    Domain arithmetic of a registration object and of the page list that is freed at its end, see specs/tee.
    """
    pages = -(-size // PAGE)
    if not exact_pages:
        pages = 1 << (pages - 1).bit_length()
    header, quantum = costs.get("header", 16), costs.get("quantum", 16)
    kept = _rounded(costs.get("object", 72) + costs.get("per_page", 8) * pages, quantum) + header
    array = _rounded(costs.get("transient_per_page", 8) * pages, quantum)
    return kept, kept + array + (header if array else 0)


def _rounded(size: int, quantum: int) -> int:
    return -(-size // quantum) * quantum


def argument_bytes(tee: Mapping[str, Any]) -> int:
    """Heap bytes of the call that asks for a registration: its argument is a private page, also with RPC_ARG
    (optee_shm_register, drivers/tee/optee/smc_abi.c@6.12.117), and OP-TEE maps it as one
    (core/arch/arm/kernel/thread_optee_smc.c@3.13.0 and @4.4.0). Sharing over FF-A needs no such call."""
    if tee.get("abi") != "smc":
        return 0
    return heap_cost(PAGE, True, tee.get("costs", {}))[0]
