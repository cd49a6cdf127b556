"""What a fuzzing run does with each input, and what it keeps of those that break a promise."""

from __future__ import annotations

import hashlib
import time
import traceback
from pathlib import Path

from tests.fuzz.bounds import TooLong, bounded, limit_memory
from tests.fuzz.targets import TARGETS


class Record:
    """Counts executions, and writes the first input for each place in the code that failed."""

    def __init__(self, target: str, folder: Path, engine: str) -> None:
        self.target, self.engine = target, engine
        self.folder = folder / target
        self.folder.mkdir(parents=True, exist_ok=True)
        self.places: set[str] = set()
        self.executions = 0
        self.slowest = 0.0
        self.begun = time.monotonic()
        limit_memory()

    def run(self, content: bytes) -> None:
        """Runs the target on one input. KeyboardInterrupt passes."""
        self.executions += 1
        begun = time.process_time()
        try:
            bounded(TARGETS[self.target], content)
        except KeyboardInterrupt:
            raise
        except (Exception, TooLong) as error:
            self._keep(content, error)
        self.slowest = max(self.slowest, time.process_time() - begun)

    def close(self) -> int:
        """Prints the counts; 1 where anything was found."""
        seconds = time.monotonic() - self.begun
        print(
            f"{self.target}: {self.executions} executions in {seconds / 60:.1f} minutes ({self.engine}), "
            f"slowest {self.slowest:.1f} s, {len(self.places)} findings",
            flush=True,
        )
        return 1 if self.places else 0

    def _keep(self, content: bytes, error: BaseException) -> None:
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if "/kexecspec/" in frame.filename or "/fuzz/targets" in frame.filename]
        last = ours[-1] if ours else frames[-1]
        name = type(error).__name__
        place = name if isinstance(error, TooLong | RecursionError) else f"{name} {last.filename}:{last.lineno}"
        if place in self.places:
            return
        self.places.add(place)
        digest = hashlib.sha256(content).hexdigest()[:12]
        (self.folder / digest).write_bytes(content)
        told = "".join(traceback.format_exception(error))
        (self.folder / f"{digest}.txt").write_text(f"{place}\n{told[-6000:]}", encoding="utf-8")
        print(f"{self.target}: {place}: {self.folder / digest}", flush=True)
