"""Fetch what the lab runs: QEMU for this machine, and kernels, busybox and kexec for arm64, all from Debian."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

CACHE = Path(__file__).parent / ".cache"
MIRROR = os.environ.get("LAB_MIRROR", "http://deb.debian.org")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
SUITES = ("debian bookworm", "debian-security bookworm-security", "debian trixie", "debian-security trixie-security")
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
HOST = ("qemu-system-arm", "ipxe-qemu", "cpio")
"""What runs here. `ipxe-qemu` brings the option rom without which QEMU does not start a network card."""


def apt(*words: str, where: Path) -> str:
    """Run apt for arm64 with lists and settings of its own, so that this machine's are left alone."""
    here = where.resolve()
    options = {
        "APT::Architecture": "arm64",
        "APT::Architectures": "arm64",
        "Dir::State": here / "state",
        "Dir::Cache": here / "cache",
        "Dir::Etc::sourcelist": here / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::status": here / "status",
        "APT::Sandbox::User": "root",
    }
    line = ["apt-get" if words[0] in ("update", "download") else "apt-cache"]
    line += [word for name, value in options.items() for word in ("-o", f"{name}={value}")] + list(words)
    return subprocess.run(line, cwd=here, check=True, text=True, stdout=subprocess.PIPE).stdout


def lists(where: Path) -> None:
    """Write the settings and get the lists of packages."""
    for package in ("kernels", "packages"):
        (CACHE / package).mkdir(parents=True, exist_ok=True)
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (where / folder).mkdir(parents=True, exist_ok=True)
    (where / "status").touch()
    lines = (f"deb [signed-by={KEYRING} arch=arm64] {MIRROR}/{suite} main" for suite in SUITES)
    (where / "sources.list").write_text("\n".join(lines) + "\n", encoding="utf-8")
    apt("update", where=where)


def kernel_package(where: Path, release: str) -> str:
    """The newest signed kernel image package of a release, such as linux-image-6.1.0-56-arm64."""
    names = apt("search", "--names-only", rf"^linux-image-{re.escape(release)}\.[0-9.]+.*-arm64$", where=where)
    found = [line.split(" ")[0] for line in names.splitlines() if not re.search("cloud|-rt-|16k|bpo", line)]
    if not found:
        raise SystemExit(f"no kernel image of {release} in the archive")
    return max(found, key=lambda name: [int(part) for part in re.findall(r"\d+", name)])


def unpacked(where: Path, package: str, into: Path) -> None:
    """Download a package and unpack it."""
    if into.exists():
        return
    apt("download", package, where=where)
    (archive,) = where.glob(f"{package.split('/')[0]}_*.deb")
    half = into.with_name(into.name + ".half")
    shutil.rmtree(half, ignore_errors=True)
    subprocess.run(["dpkg-deb", "-x", archive, half], check=True)
    half.rename(into)
    archive.unlink()


def main() -> None:
    """Fetch everything that is not there yet."""
    if shutil.which("qemu-system-aarch64") is None or shutil.which("cpio") is None:
        subprocess.run(["apt-get", "install", "-y", "--no-install-recommends", *HOST], check=True)
    where = CACHE / "apt"
    where.mkdir(parents=True, exist_ok=True)
    lists(where)
    for release in RELEASES:
        package = kernel_package(where, release)
        unpacked(where, package, CACHE / "kernels" / release)
        (CACHE / "kernels" / f"{release}.package").write_text(package + "\n", encoding="utf-8")
    for package in USER_SPACE:
        unpacked(where, f"{package}/bookworm", CACHE / "packages" / package)


if __name__ == "__main__":
    main()
