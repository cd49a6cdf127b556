"""`make consumers`: our reports in programs that were written by others and know nothing of us.

`python -m tests.consumers`. Each that is not installed is named; the exit code is 1 if one refuses a report, or if none
is there. SARIF: sarif-tools, and Microsoft's validator (`npm install -g @microsoft/sarif-multitool`). JUnit:
junit2html. KTAP: `prove`, and the kernel's own parser (KUNIT=tools/testing/kunit of a kernel tree).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from kexecspec.cli import main as kexecspec
from tests.goldens import ROOT

STORIES = (
    "examples/tee-bnxt-fourth-kexec/before.yaml", "examples/optee-shm-cache/kdump-oops.yaml",
    "examples/tee-bnxt-fourth-kexec/after.yaml",
)  # fmt: skip
REPORTS = (("sarif", "sarif"), ("junit", "xml"), ("ktap", "ktap"))
Said = subprocess.CompletedProcess[str]


def run(*command: str) -> Said:
    """What a program says, and how it ends."""
    env = {**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


def sarif_tools() -> str | None:
    done = run("sarif", "summary", "r.sarif")
    return None if done.returncode == 0 and "error: 4" in done.stdout else done.stdout + done.stderr


def sarif_multitool() -> str | None:
    """It knows the schema, the rules of the text, and what GitHub asks for."""
    asked = ("--rule-kind", "Sarif;Ghas", "--level", "Error", "--kind", "Fail")
    done = run("sarif-multitool", "validate", "r.sarif", *asked)
    wrong = [line for line in done.stdout.splitlines() if ": error " in line]
    return "\n".join(wrong) or None if "Analysis completed successfully" in done.stdout else done.stdout + done.stderr


def junit2html() -> str | None:
    done = run("junit2html", "r.xml", "r.html")
    return None if done.returncode == 0 and "KX103/bnxt@kexec" in Path("r.html").read_text() else done.stderr


def prove() -> str | None:
    done = run("prove", "-e", "cat", "r.ktap")
    return None if "Tests: 3 Failed: 2" in done.stdout and "Parse errors" not in done.stdout else done.stdout


def kunit() -> str | None:
    done = run(sys.executable, f"{os.environ['KUNIT']}/kunit.py", "parse", str(Path("r.ktap").resolve()))
    said = done.stdout + done.stderr
    return None if "Testing complete." in said and "[ERROR]" not in said and "failed: 4" in said else said


CONSUMERS: dict[str, tuple[Callable[[], str | None], Callable[[], bool]]] = {
    "sarif-tools": (sarif_tools, lambda: shutil.which("sarif") is not None),
    "sarif-multitool": (sarif_multitool, lambda: shutil.which("sarif-multitool") is not None),
    "junit2html": (junit2html, lambda: shutil.which("junit2html") is not None),
    "prove": (prove, lambda: shutil.which("prove") is not None),
    "kunit.py": (kunit, lambda: "KUNIT" in os.environ),
}


def main() -> int:
    """Writes the reports, and has everybody read them."""
    refused = asked = 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(ROOT)
        wanted = [f"--report={form}={folder}/r.{end}" for form, end in REPORTS]
        only = [option for code in ("KX101", "KX102", "KX103", "KX106") for option in ("--only", code)]
        with contextlib.redirect_stdout(None):
            kexecspec(["check", *STORIES, "-q", "--no-cache", *only, *wanted])
        os.chdir(folder)
        for name, (consumer, installed) in CONSUMERS.items():
            if not installed():
                print(f"{name}: not installed")
                continue
            asked += 1
            wrong = consumer()
            refused += wrong is not None
            print(f"{name}: {'reads it' if wrong is None else 'REFUSES'}")
            if wrong is not None:
                print(wrong)
        os.chdir(ROOT)
    return 0 if asked and not refused else 1


if __name__ == "__main__":
    sys.exit(main())
