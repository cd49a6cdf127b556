"""Build the initramfs of a lab machine: busybox, kexec, the network card's driver, and the kernels that come next."""

from __future__ import annotations

import lzma
import shutil
import subprocess
from pathlib import Path

from lab.fetch import CACHE, USER_SPACE

MODULES = ("e1000e", "mii", "8139cp")


def image(release: str) -> Path:
    """The kernel image of a release that was fetched."""
    (found,) = (CACHE / "kernels" / release / "boot").glob("vmlinuz-*")
    return found


def module(root: Path, name: str) -> bytes | None:
    """A module's content, unpacked, or None if the kernel has none of that name."""
    for path in sorted(root.rglob(f"{name}.ko*")):
        return lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    return None


def add_user_space(root: Path) -> None:
    """Busybox, kexec and its libraries where the loader looks for them."""
    packages = CACHE / "packages"
    for folder in ("bin", "sbin", "lib"):
        (root / folder).mkdir(parents=True)
    shutil.copy(packages / "busybox-static/bin/busybox", root / "bin/busybox")
    shutil.copy(packages / "kexec-tools/sbin/kexec", root / "sbin/kexec")
    for path in sorted(path for package in USER_SPACE for path in (packages / package).rglob("*.so*")):
        if path.is_file() and not {"gconv", "audit"} & set(path.parts):
            shutil.copy(path, root / "lib" / path.name)
    shutil.copy(Path(__file__).with_name("init.sh"), root / "init")
    (root / "init").chmod(0o755)


def build(releases: tuple[str, ...]) -> Path:
    """An initramfs whose machine can go on to any of these kernels; built once for each set of them."""
    name = "-".join(releases)
    root, archive = CACHE / "root", CACHE / f"initramfs-{name}.cpio"
    shutil.rmtree(root, ignore_errors=True)
    add_user_space(root)
    for release in releases:
        kernel = image(release)
        shutil.copy(kernel, root / f"Image-{release}")
        folder = root / "modules" / kernel.name.removeprefix("vmlinuz-")
        folder.mkdir(parents=True)
        for wanted in MODULES:
            content = module(CACHE / "kernels" / release, wanted)
            if content is not None:
                (folder / f"{wanted}.ko").write_bytes(content)
    names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*")))
    with archive.open("wb") as out:
        subprocess.run(
            ["cpio", "-o", "-H", "newc", "--quiet", "-R", "0:0"], cwd=root, input=names.encode(), stdout=out, check=True
        )
    return archive
