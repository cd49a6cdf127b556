"""How Linux decides whether shared memory is registered, and what its pool does when that fails.

From drivers/tee/tee_shm.c and drivers/tee/optee/{shm_pool,call,smc_abi,ffa_abi}.c: 5.10's tee_shm_alloc and
pool_op_alloc, the v5.14 flags, and tee_dyn_shm_alloc_helper@6.12.117.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kexecspec.machine.config import PAGE, KernelConfig, SecureConfig
from kexecspec.machine.memory import Extent

FLAG_BITS = {
    "mapped": 1,
    "dma_buf": 2,
    "ext_dma_buf": 4,
    "register": 8,
    "user_mapped": 16,
    "pool": 32,
    "priv": 128,
}

ENOENT, ENOMEM, EBUSY, ENODEV, EINVAL, EPROBE_DEFER, ENOTSUPP = -2, -12, -16, -19, -22, -517, -524


@dataclass(eq=False)
class Shm:
    """A struct tee_shm: its pages, its cookie, the context that it keeps open."""

    cookie: int
    extent: Extent | None
    count: int
    client: str
    flags: frozenset[str]
    registered: bool = False
    deferred: bool = False


@dataclass(eq=False)
class ArgumentPage:
    """A page of the driver's argument cache, and which of its slots are in use."""

    shm: Shm
    slots: int
    used: int = 0
    cached: bool = True


@dataclass
class Buffers:
    """What the running kernel's TEE subsystem has allocated."""

    by_cookie: dict[int, Shm] = field(default_factory=dict)
    by_name: dict[tuple[str, str], Shm] = field(default_factory=dict)
    arguments: list[ArgumentPage] = field(default_factory=list)


def page_count(kernel: KernelConfig, size: int) -> int:
    """Pages that the pool allocates for a size: a power of two until alloc_pages_exact came."""
    exact = (size + PAGE - 1) // PAGE
    if kernel.has("tee-exact-pages"):
        return exact
    return 1 << (exact - 1).bit_length()


def kernel_buf_flags(kernel: KernelConfig) -> frozenset[str]:
    """The flags that tee_shm_alloc_kernel_buf() passes on."""
    if kernel.has("tee-shm-dynamic-flag") or kernel.has("tee-shm-priv"):
        return frozenset({"mapped"})
    if kernel.has("tee-shm-register-flag"):
        return frozenset({"mapped", "register"})
    return frozenset({"mapped", "dma_buf"})


def private_flags(kernel: KernelConfig) -> frozenset[str]:
    """The flags of the driver's own argument pages."""
    if kernel.has("tee-shm-dynamic-flag") or kernel.has("tee-shm-priv"):
        return frozenset({"mapped", "priv"})
    return frozenset({"mapped"})


def rpc_flags(kernel: KernelConfig) -> frozenset[str]:
    """The flags of what rpc.c allocates for the secure world."""
    if kernel.has("tee-shm-dynamic-flag") or kernel.has("optee-rpc-alloc-priv"):
        return frozenset({"mapped", "priv"})
    return frozenset({"mapped"})


def refused_flags(kernel: KernelConfig, flags: frozenset[str]) -> int | None:
    """The flag word that tee_shm_alloc refuses, or None when it takes them."""
    if kernel.has("tee-shm-dynamic-flag"):
        return None
    taken = {"mapped", "dma_buf"}
    if kernel.has("tee-shm-priv-accepted"):
        taken.add("priv")
    if kernel.has("tee-shm-register-flag"):
        taken.add("register")
    if flags <= taken:
        return None
    return sum(FLAG_BITS.get(flag, 0) for flag in flags)


def registers(kernel: KernelConfig, secure: SecureConfig, flags: frozenset[str]) -> bool:
    """Whether the pool registers an allocation with these flags in the secure world."""
    if secure.kind != "optee":
        return False
    if secure.abi == "ffa":
        return True
    if not secure.dynamic_shm or not (kernel.has("tee-dynamic-shm") or kernel.has("tee-shm-dynamic-flag")):
        return False
    if kernel.has("tee-shm-dynamic-flag") or kernel.has("tee-shm-priv"):
        return "priv" not in flags
    if kernel.has("tee-shm-register-flag"):
        return bool(flags & {"register", "dma_buf"})
    return kernel.has("optee-pool-registers-dmabuf") and "dma_buf" in flags


def free_is_deferred(kernel: KernelConfig, flags: frozenset[str]) -> bool:
    """Whether tee_shm_free only drops a dma-buf, whose release waits for the task to return to user space."""
    return "dma_buf" in flags and not kernel.has("tee-shm-no-dma-buf")


def frees_after_failure(kernel: KernelConfig) -> str:
    """What pool_op_alloc frees when the registration failed: nothing, the pages behind its own, or its
    own.
    """
    if kernel.has("tee-shm-dynamic-flag") or kernel.has("optee-pool-frees-right-pages"):
        return "own"
    return "behind" if kernel.has("optee-pool-frees-on-error") else "nothing"
