"""Kexec after kexec above a real OP-TEE, whose heap fills, beside the prediction: `python -m lab.tee.run`."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from lab.fetch import CACHE, qemu
from lab.initramfs import add_user_space, image, module
from lab.run import OUT
from lab.tee.firmware import laid_out

HERE = Path(__file__).parent
KERNELS = 8
ADDRESS = 0x7000_0000
"""Where the first initramfs lies."""


def initramfs(release: str, folder: Path) -> Path:
    """Busybox, kexec, the TEE drivers, the kernel that comes next, and the program that holds buffers."""
    root, archive = CACHE / "tee-root", folder / "initramfs.cpio"
    shutil.rmtree(root, ignore_errors=True)
    add_user_space(root)
    shutil.copy(HERE / "init.sh", root / "init")
    (root / "init").chmod(0o755)
    compiler = ("aarch64-linux-gnu-gcc", "-O1", "-static", "-nostdlib", "-ffreestanding")
    subprocess.run([*compiler, "-o", root / "bin/hold", HERE / "hold.c"], check=True)
    shutil.copy(image(release), root / "Image")
    (root / "modules").mkdir()
    for name in ("tee", "optee"):
        (root / f"modules/{name}.ko").write_bytes(module(CACHE / "kernels" / release, name) or b"")
    names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*"))).encode()
    line = ["cpio", "-o", "-H", "newc", "--quiet", "-R", "0:0"]
    with archive.open("wb") as out:
        subprocess.run(line, cwd=root, input=names, stdout=out, check=True)
    return archive


def run(release: str) -> Path:
    """Run the machine; its console. It ends itself, or is ended."""
    folder = (OUT / f"tee-{release}").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    rom, first = laid_out(release, folder), initramfs(release, folder)
    append = f"console=ttyAMA0 lab.step=1 lab.last={KERNELS} initrd={ADDRESS:#x},{first.stat().st_size}"
    line = [
        *("nice", "-n", "5", str(Path(qemu()).resolve()) if "/" in qemu() else qemu()),
        *("-machine", "virt,secure=on,gic-version=3,its=off", "-cpu", "cortex-a57", "-smp", "1", "-m", "2048"),
        *("-display", "none", "-serial", "file:console.txt", "-serial", "file:secure.txt", "-monitor", "none"),
        *("-no-reboot", "-net", "none", "-bios", rom.name, "-semihosting-config", "enable=on,target=native"),
        *("-kernel", "bl33.bin", "-append", append),
        *("-device", f"loader,file={first.name},addr={ADDRESS:#x},force-raw=on"),
    ]
    try:
        subprocess.run(line, cwd=folder, check=True, timeout=400)
    except subprocess.TimeoutExpired:
        print("killed when it was late")
    return folder / "console.txt"


def registered(console: str) -> list[int]:
    """How many buffers each kernel had registered."""
    kernels = re.split(r"\] Linux version ", console)[1:]
    return [text.count("LAB tee registered") for text in kernels if "LAB step=" in text]


def handoffs(platform: Path) -> int | None:
    """After how many handoffs kexecspec says that the holder is refused; None where it is proved never to be."""
    line = [
        sys.executable,
        "-m",
        "kexecspec",
        "check",
        str(platform),
        "--only",
        "KX103/holder@kexec",
        "--format",
        "json",
    ]
    said = json.loads(subprocess.run(line, check=False, capture_output=True, text=True, timeout=120).stdout)
    (found,) = said["findings"]
    return int(found["trace"]["handoffs"]) if found["verdict"] == "REFUTED" else None


def main() -> None:
    """Run it, and say what each kernel could register."""
    release = sys.argv[1] if len(sys.argv) > 1 else "6.1"
    console = run(release).read_text(encoding="utf-8", errors="replace")
    print(f"tee-{release}: predicted refused after {handoffs(HERE / 'platform.yaml')} handoffs")
    for number, count in enumerate(registered(console), 1):
        print(f"  k{number} after {number - 1} handoffs: registered {count} of 4 buffers")


if __name__ == "__main__":
    main()
