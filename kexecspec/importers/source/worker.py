"""The worker's side of reading a tree: paths come in, one a line, and records go out."""

from __future__ import annotations

import json
import os
import struct
import sys
from pathlib import Path

from kexecspec.importers.source.reading import read_file

HEAD = struct.Struct(">II")


def serve(root: str) -> None:
    """Answers paths from standard input until there are no more: two lengths, a header in JSON, and the content."""
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    for line in sys.stdin.buffer:
        path = os.fsdecode(line.rstrip(b"\n"))
        read = read_file(Path(root), path)
        head = json.dumps([read.path, read.sum, read.level, read.keys, read.problem]).encode()
        answers.write(HEAD.pack(len(head), len(read.content)) + head + read.content)
        answers.flush()
