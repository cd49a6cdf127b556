"""Platform files as machines: whole hooks, concrete addresses, and what stops a master."""

from __future__ import annotations

import pytest

from kexecspec.library import library
from kexecspec.machine.config import MachineConfig
from kexecspec.replay.configure import machine_config
from tests.generated import platform as generated
from tests.replay.stories import story


def machine(name: str, crashed: bool = False) -> MachineConfig:
    return machine_config(story(name).platform, library(), {}, crashed)


def test_a_driver_has_every_operation_that_its_kernel_has() -> None:
    hooks = machine("tee-bnxt-fourth-kexec/after").kernel("prod").drivers

    assert [operation.do for operation in hooks["optee"].probe][:3] == [
        "refuse_kdump", "disable_unmapped_shm_cache", "enable_shm_cache",
    ]  # fmt: skip
    assert [operation.do for operation in hooks["tee_bnxt_fw"].probe] == [
        "tee_client_open_context", "tee_client_open_session", "tee_shm_alloc_kernel_buf",
    ]  # fmt: skip
    assert hooks["tee_bnxt_fw"].probe[2].params == {"buffer": "fw", "size": "4MiB"}


def test_the_secure_world_is_the_file_s() -> None:
    secure = machine("tee-bnxt-fourth-kexec/before").secure

    assert (secure.kind, secure.version, secure.abi) == ("optee", (3, 13, 0), "smc")
    assert (secure.heap_size, secure.base_use, secure.supplicant) == (65536, 20000, False)


def test_a_crash_kernel_s_range_is_hit_where_a_window_lies_over_it() -> None:
    story_ = machine("kdump-fault-storm/smmu-v2-v6.1-window", crashed=True)
    (crash,) = story_.memory.crashkernel
    window = story_.devices[0].iova

    assert window is not None
    assert crash.start <= window.start < crash.end


def test_a_payload_has_no_drivers_of_linux() -> None:
    payload = machine("smmu-shutdown-modes/v2-abort-unaware-running").kernel("payload")

    assert not payload.linux
    assert dict(payload.drivers) == {}


@pytest.mark.parametrize("seed", range(20))
def test_any_platform_can_be_configured(seed: int) -> None:
    platform = generated(seed)

    config = machine_config(platform, library(), {})

    assert {kernel.name for kernel in config.kernels} == set(platform.kernels)
