"""A Chromium without a window, spoken to over two pipes (its DevTools protocol): nothing but Python is needed."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome-headless-shell")
KEYS = {"ArrowRight": 39, "ArrowLeft": 37, "Home": 36, "End": 35, "Escape": 27}


def browser() -> str:
    """The browser that is named by $CHROMIUM or found in the path."""
    found = os.environ.get("CHROMIUM") or next((path for name in NAMES if (path := shutil.which(name))), None)
    if not found:
        raise SystemExit("make browser: no Chromium is installed; name one by CHROMIUM=PATH")
    return found


@dataclass
class Tab:
    """One page; `events` are what the browser has told without being asked."""

    to: int
    come: int
    session: str = ""
    number: int = 0
    rest: bytes = b""
    events: list[dict[str, Any]] = field(default_factory=list)

    def ask(self, method: str, **given: Any) -> Any:
        """Calls a method of the protocol, and returns its result."""
        self.number += 1
        session = {"sessionId": self.session} if self.session else {}
        message = json.dumps({"id": self.number, "method": method, "params": given, **session})
        os.write(self.to, message.encode() + b"\0")
        while True:
            message = self._next()
            if message.get("id") == self.number:
                assert "error" not in message, message
                return message["result"]
            self.events.append(message)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self.rest:
            read = os.read(self.come, 1 << 20)
            assert read, "the browser has gone"
            self.rest += read
        message, _, self.rest = self.rest.partition(b"\0")
        return json.loads(message)

    def open(self, file: Path, width: int, height: int = 900) -> None:
        """Shows a file in a window of this size."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.events.clear()
        self.ask("Page.navigate", url=file.as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())

    def value(self, expression: str) -> Any:
        """What an expression of JavaScript is in the page."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """Presses and lets go of a key."""
        code = KEYS.get(key, ord(key.upper()[0]))
        for kind in ("keyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code)

    def media(self, kind: str = "screen", scheme: str = "light") -> None:
        """Looks at the page as on paper or on a screen, light or dark."""
        self.ask("Emulation.setEmulatedMedia", media=kind, features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, file: Path, whole: bool = True) -> None:
        """Keeps what is to be seen as a PNG."""
        file.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot", captureBeyondViewport=whole)["data"]))


@contextmanager
def tab() -> Iterator[Tab]:
    """A page in a browser of its own, with everything that the page would tell anybody turned on."""
    to_read, to = os.pipe()
    come, come_write = os.pipe()
    with tempfile.TemporaryDirectory() as profile:
        process = _started(profile, to_read, come_write)
        os.close(to_read)
        os.close(come_write)
        try:
            made = Tab(to, come)
            target = made.ask("Target.createTarget", url="about:blank")["targetId"]
            made.session = made.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
                made.ask(f"{domain}.enable")
            yield made
        finally:
            process.kill()
            process.wait()
            os.close(to)
            os.close(come)


def _started(profile: str, to_read: int, come_write: int) -> subprocess.Popen[bytes]:
    """The browser reads from descriptor 3 and writes to 4."""
    options = [
        "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe", "--no-first-run",
        "--disable-background-networking", f"--user-data-dir={profile}",
    ]  # fmt: skip
    line = f'exec "$0" "$@" 3<&{to_read} 4>&{come_write}'
    return subprocess.Popen(
        ["bash", "-c", line, browser(), *options], pass_fds=(to_read, come_write),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
