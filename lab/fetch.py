"""Fetch what the lab runs: QEMU, firmware for it, and kernels, busybox and kexec for arm64, all from Debian."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(__file__).parent / ".cache"
MIRROR = os.environ.get("LAB_MIRROR", "http://deb.debian.org")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
RELEASES = ("6.1", "6.12")
USER_SPACE = (
    "busybox-static",
    "kexec-tools",
    "libc6",
    "zlib1g",
    "liblzma5",
    "libxencall1",
    "libxendevicemodel1",
    "libxenevtchn1",
    "libxenforeignmemory1",
    "libxengnttab1",
    "libxentoolcore1",
    "libxentoollog1",
    "libxenmisc4.17",
    "libxenstore4",
    "libxenhypfs1",
)
"""Of bookworm: kexec and what it is linked against."""
HOST = ("qemu-system-arm", "cpio")
"""What is installed here: QEMU's libraries come with it."""
NEEDS_QEMU = (8, 0)
"""The first QEMU whose SMMUv3 has GBPA. Where this machine's is older that of bookworm-backports is unpacked."""
NEWER_QEMU = ("qemu-system-arm", "qemu-system-common", "qemu-system-data")


@dataclass(frozen=True)
class Lists:
    """apt with lists and settings of its own, for one architecture, so that this machine's are left alone."""

    where: Path
    architecture: str
    suites: tuple[str, ...]

    def apt(self, *words: str) -> str:
        """Run apt-get or apt-cache with them."""
        here = self.where.resolve()
        options = {
            "APT::Architecture": self.architecture,
            "APT::Architectures": self.architecture,
            "Dir::State": here / "state",
            "Dir::Cache": here / "cache",
            "Dir::Etc::sourcelist": here / "sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::State::status": here / "status",
            "APT::Sandbox::User": "root",
        }
        line = ["apt-get" if words[0] in ("update", "download", "source") else "apt-cache"]
        line += [word for name, value in options.items() for word in ("-o", f"{name}={value}")] + list(words)
        return subprocess.run(line, cwd=here, check=True, text=True, stdout=subprocess.PIPE).stdout

    def update(self) -> None:
        """Write the settings and get the lists of packages."""
        for folder in ("state/lists/partial", "cache/archives/partial"):
            (self.where / folder).mkdir(parents=True, exist_ok=True)
        (self.where / "status").touch()
        signed = f"[signed-by={KEYRING} arch={self.architecture}]"
        lines = (f"deb {signed} {MIRROR}/{suite} main" for suite in self.suites)
        (self.where / "sources.list").write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.apt("update")

    def unpacked(self, package: str, into: Path) -> None:
        """Download a package, NAME or NAME/SUITE, and unpack it."""
        if into.exists():
            return
        into.parent.mkdir(parents=True, exist_ok=True)
        self.apt("download", package)
        (archive,) = self.where.glob(f"{package.split('/')[0]}_*.deb")
        half = into.with_name(into.name + ".half")
        shutil.rmtree(half, ignore_errors=True)
        subprocess.run(["dpkg-deb", "-x", archive, half], check=True)
        half.rename(into)
        archive.unlink()


MACHINE = Lists(
    CACHE / "apt",
    "arm64",
    ("debian bookworm", "debian-security bookworm-security", "debian trixie", "debian-security trixie-security"),
)
"""What runs in the machine."""


def kernel_package(release: str) -> str:
    """The newest signed kernel image package of a release, such as linux-image-6.1.0-56-arm64."""
    names = MACHINE.apt("search", "--names-only", rf"^linux-image-{re.escape(release)}\.[0-9.]+.*-arm64$")
    found = [line.split(" ")[0] for line in names.splitlines() if not re.search("cloud|-rt-|16k|bpo", line)]
    if not found:
        raise SystemExit(f"no kernel image of {release} in the archive")
    return max(found, key=lambda name: [int(part) for part in re.findall(r"\d+", name)])


def newer() -> Path:
    """QEMU as it is unpacked where this machine's is too old."""
    return CACHE / "packages/qemu-system-arm/usr/bin/qemu-system-aarch64"


def qemu() -> str:
    """The QEMU that the lab runs."""
    return str(newer()) if newer().exists() else "qemu-system-aarch64"


def firmware() -> Path:
    """EFI for the machine: edk2."""
    return CACHE / "packages/qemu-efi-aarch64/usr/share/qemu-efi-aarch64/QEMU_EFI.fd"


def qemu_version() -> tuple[int, ...]:
    """The version of this machine's QEMU."""
    said = subprocess.run(["qemu-system-aarch64", "--version"], check=True, text=True, stdout=subprocess.PIPE).stdout
    found = re.search(r"version (\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def fetch_qemu() -> None:
    """QEMU and firmware. The firmware is the same file on every architecture."""
    if shutil.which("qemu-system-aarch64") is None or shutil.which("cpio") is None:
        subprocess.run(["apt-get", "install", "-y", "--no-install-recommends", *HOST], check=True)
    MACHINE.unpacked("qemu-efi-aarch64/bookworm", CACHE / "packages/qemu-efi-aarch64")
    if qemu_version() >= NEEDS_QEMU or newer().exists():
        return
    here = subprocess.run(
        ["dpkg", "--print-architecture"], check=True, text=True, stdout=subprocess.PIPE
    ).stdout.strip()
    lists = Lists(CACHE / "apt-host", here, ("debian bookworm", "debian bookworm-backports"))
    lists.update()
    for package in NEWER_QEMU:
        lists.unpacked(f"{package}/bookworm-backports", CACHE / "packages" / package)


def main() -> None:
    """Fetch everything that is not there yet."""
    MACHINE.update()
    fetch_qemu()
    for release in RELEASES:
        package = kernel_package(release)
        MACHINE.unpacked(package, CACHE / "kernels" / release)
        (CACHE / "kernels" / f"{release}.package").write_text(package + "\n", encoding="utf-8")
    for package in USER_SPACE:
        MACHINE.unpacked(f"{package}/bookworm", CACHE / "packages" / package)


if __name__ == "__main__":
    main()
