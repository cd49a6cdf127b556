"""Small machines for the tests, and the kernels' features by version as the stories need them."""

from __future__ import annotations

from kexecspec.machine import (
    DeviceConfig,
    Hooks,
    KernelConfig,
    MachineConfig,
    MemoryMap,
    Operation,
    Range,
    SecureConfig,
    Service,
    SmmuConfig,
)

RAM = Range(0x8000_0000, 1 << 30)
CRASH = Range(0xB000_0000, 64 << 20)
MEMORY = MemoryMap(ram=(RAM,), crashkernel=(CRASH,))

V5_10 = frozenset(
    {
        "tee-dynamic-shm",
        "optee-pool-registers-dmabuf",
        "pci-clear-master-on-kexec",
        "smmu2-disable-bypass-default",
    }
)
V5_14 = V5_10 | {
    "tee-kernel-buf",
    "tee-shm-priv",
    "tee-shm-priv-accepted",
    "optee-rpc-alloc-priv",
    "optee-pool-frees-on-error",
}
V6_12 = frozenset(
    {
        "tee-dynamic-shm",
        "tee-kernel-buf",
        "tee-shm-priv",
        "tee-shm-priv-accepted",
        "optee-rpc-alloc-priv",
        "tee-shm-dynamic-flag",
        "tee-shm-no-dma-buf",
        "tee-exact-pages",
        "optee-internal-context",
        "optee-rpc-arg",
        "optee-pool-frees-on-error",
        "optee-pool-frees-right-pages",
        "pci-clear-master-on-kexec",
        "smmu2-device-links",
        "smmu2-disable-bypass-default",
        "smmu2-qcom-keeps-smrs",
        "iommu-unregister-releases-groups",
        "smmu3-unattached-abort",
        "smmu3-kdump-evtq-off",
    }
)


def ops(*names: str | Operation) -> tuple[Operation, ...]:
    """A hook: names, or operations with parameters."""
    return tuple(name if isinstance(name, Operation) else Operation(name) for name in names)


def buf(
    do: str, size: str = "4KiB", flags: tuple[str, ...] = ("mapped", "dma_buf"), name: str = "buffer"
) -> Operation:
    """An allocation with its parameters."""
    return Operation(do, {"size": size, "flags": flags, "buffer": name})


OPTEE_NEVER_DRAINS = Hooks(probe=ops("enable_shm_cache", "enumerate_devices"))
OPTEE_5_14 = Hooks(
    probe=ops("refuse_kdump", "disable_unmapped_shm_cache", "enable_shm_cache", "enumerate_devices"),
    shutdown=ops("disable_shm_cache"),
)
OPTEE_6_12 = OPTEE_5_14
OPEN = ("tee_client_open_context", "tee_client_open_session")
CLOSE = ("tee_client_close_session", "tee_client_close_context")


def client(alloc: Operation, shutdown: bool) -> Hooks:
    """A client that holds a session and a buffer; with `shutdown` it gives both back."""
    hook = ops("tee_shm_free", *CLOSE) if shutdown else ()
    return Hooks(probe=ops(*OPEN, alloc), shutdown=hook, remove=ops("tee_shm_free", *CLOSE))


BNXT = DeviceConfig(
    "bnxt-fw", "tee_bnxt_fw", bus="tee", service="bnxt", dev_name="optee-clnt0", provides=("bnxt-firmware",)
)
FTPM = DeviceConfig("ftpm", "tpm_ftpm_tee", bus="tee", service="ftpm-ta", provides=("ftpm",))
FTPM_TA = Service(
    "ftpm-ta", pseudo=False, makes_rpc=True, single_instance=True, multi_session=False, keep_alive=True
)
BNXT_PTA = Service("bnxt")


def kernel(name: str, features: frozenset[str], drivers: dict[str, Hooks], **more: object) -> KernelConfig:
    """A kernel."""
    return KernelConfig(name=name, features=features, drivers=drivers, **more)  # type: ignore[arg-type]


def tee_machine(
    *kernels: KernelConfig, devices: tuple[DeviceConfig, ...] = (), **secure: object
) -> MachineConfig:
    """A machine with OP-TEE and no SMMU."""
    given = {"services": (FTPM_TA, BNXT_PTA), **secure}
    return MachineConfig(kernels, MEMORY, SecureConfig(**given), devices=devices)  # type: ignore[arg-type]


SMMU2 = SmmuConfig("5000000.iommu", "arm-smmu", 2)
SMMU3 = SmmuConfig("smmu3", "arm-smmu-v3", 3)
ARM_SMMU_5_10 = Hooks(probe=ops("smmu_reset"), shutdown=ops("iommu_device_unregister", "smmu_clientpd"))
ARM_SMMU_6_1 = Hooks(probe=ops("smmu_bypass_window", "smmu_reset"), shutdown=ops("smmu_clientpd"))
ARM_SMMU_6_1_0 = Hooks(ARM_SMMU_6_1.probe, ops("iommu_device_unregister", "smmu_clientpd"))
ARM_SMMU_V3 = Hooks(
    probe=ops("smmu3_gbpa_abort", "smmu3_disable", "smmu3_enable"), shutdown=ops("smmu3_cr0_clear")
)
ARM_SMMU_V3_6_1_0 = Hooks(ARM_SMMU_V3.probe, ops("iommu_device_unregister", "smmu3_cr0_clear"))
MASTER = Hooks(probe=ops("dma_reset", "dma_map", "dma_start"))
MASTER_STOPS = Hooks(MASTER.probe, ops("dma_stop"))


def dma_machine(
    *kernels: KernelConfig,
    devices: tuple[DeviceConfig, ...],
    smmu: SmmuConfig = SMMU2,
    memory: MemoryMap = MEMORY,
) -> MachineConfig:
    """A machine with an SMMU and no TEE."""
    return MachineConfig(kernels, memory, SecureConfig(kind="none"), (smmu,), devices)
