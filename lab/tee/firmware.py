"""The secure world of a lab machine: Debian's OP-TEE for QEMU, and TF-A built from Debian's source."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from lab.fetch import CACHE, KEYRING, MACHINE, MIRROR, Lists
from lab.initramfs import image

OPTEE = CACHE / "packages/optee-os/usr/lib/optee/vexpress-qemu_armv8a"
FLAGS = (
    "PLAT=qemu",
    "SPD=opteed",
    "BL32_RAM_LOCATION=tdram",
    "QEMU_USE_GIC_DRIVER=QEMU_GICV3",
    "ARM_LINUX_KERNEL_AS_BL33=1",
)
"""A Linux kernel is what TF-A starts after OP-TEE, with QEMU's device tree, to which OP-TEE has added itself."""
STAGES = {
    "bl32.bin": "tee-header_v2.bin",
    "bl32_extra1.bin": "tee-pager_v2.bin",
    "bl32_extra2.bin": "tee-pageable_v2.bin",
}


def source() -> Path:
    """TF-A's source, as trixie has it."""
    where = CACHE / "tf-a"
    if not where.exists():
        lists = Lists(CACHE / "apt-source", "arm64", ())
        lists.update()
        line = f"deb-src [signed-by={KEYRING}] {MIRROR}/debian trixie main\n"
        (lists.where / "sources.list").write_text(line, encoding="utf-8")
        lists.apt("update")
        lists.apt("source", "--download-only", "arm-trusted-firmware")
        (archive,) = lists.where.glob("arm-trusted-firmware_*.orig.tar.*")
        half = where.with_name("tf-a.half")
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir()
        subprocess.run(["tar", "-xf", archive.resolve(), "-C", half, "--strip-components=1"], check=True)
        half.rename(where)
    return where


def built() -> Path:
    """TF-A's images, built with the cross compiler, which is installed where it is missing."""
    if shutil.which("aarch64-linux-gnu-gcc") is None:
        words = ("apt-get", "install", "-y", "--no-install-recommends", "gcc-aarch64-linux-gnu", "device-tree-compiler")
        subprocess.run(words, check=True)
    made = source() / "build/qemu/release"
    if not (made / "bl31.bin").exists():
        line = ["make", "-C", source(), "CROSS_COMPILE=aarch64-linux-gnu-", *FLAGS, "bl1", "bl2", "bl31"]
        own = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
        subprocess.run(line, check=True, stdout=subprocess.DEVNULL, env=own)
    return made


def laid_out(release: str, folder: Path) -> Path:
    """All stages in one folder, where QEMU's semihosting finds them; the first of them, which is the boot ROM."""
    MACHINE.unpacked("optee-os/trixie", CACHE / "packages/optee-os")
    made = built()
    for name in ("bl1.bin", "bl2.bin", "bl31.bin"):
        shutil.copy(made / name, folder / name)
    for name, own in STAGES.items():
        shutil.copy(OPTEE / own, folder / name)
    shutil.copy(image(release), folder / "bl33.bin")
    return folder / "bl1.bin"
