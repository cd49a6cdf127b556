"""Random changes of an input, for machines without a coverage-guided fuzzer."""

from __future__ import annotations

import random
from collections.abc import Sequence

WORDS: tuple[bytes, ...] = (
    b'extends: loop.yaml\n', b'extends: pipe\n', b'extends: zero\n', b'extends: folder\n', b'extends: /dev/zero\n',
    b'unknown', b'null', b'true', b'~', b'none', b'0', b'-1', b'1e999999',
    b'999999999999999999999999999999999999999999999', b'0xffffffffffffffffffffffffffffff', b'64KiB',
    b'0x8000_0000 + 2GiB', b'0x0 .. 0x1000', b'99999999999TiB', b'5.10.19', b'6.2-rc3',
    b'999999999999999999999999999999999999999.1', b'&a ', b'*a', b'<<: *a\n', b'!!x ', b'? ', b'- ', b': ', b'{',
    b'}', b'[', b']', b'|\n  ', b'---\n', b'"\\e[31m"', b'\xe2\x80\xae', b'\xe2\x80\xa8', b'\xef\xbb\xbf', b'\xff',
    b'\x00', b'\r\n', b'\t', b'../', b'KX103/x@y', b'prod -kexec-> prod', b'-systemctl kexec->', b'-crash->',
    b'drivers:\n', b'kernels:\n', b'devices:\n', b'smmus:\n', b'{driver: ', b'version: ', b'features: ', b'hooks: ',
    b'tee_bnxt_fw', b'generic-pci', b'arm,mmu-500', b' and ', b' or ', b'not ', b'all(', b'sum(',
    b' for d in devices', b' if ', b' else ', b' in (', b'self.on', b'self.count', b'a.mode', b'idle', b' == ',
    b' <= ', b' + ', b' - ', b' * ', b'(', b')', b'-', b'lambda: ', b"f'{a}'", b'"#meta":', b'"#bigint"',
    b'"states":', b'"vars":', b'"action":', b'"init"', b'"index":', b'"../x"', b'NaN', b'1e5', b'(assert ',
    b'(declare-fun ', b'(define-fun ', b'(check-sat)', b'; ', b'| |', b'"sha256":', b'"files":',
)  # fmt: skip
LONGEST = 1 << 16


def mutated(dice: random.Random, seeds: Sequence[bytes]) -> bytes:
    """One of the seeds with one to eight changes."""
    made = dice.choice(seeds)
    for _ in range(dice.choice((1, 1, 2, 3, 8))):
        made = _changed(dice, made, seeds)
    return made[:LONGEST]


def _changed(dice: random.Random, made: bytes, seeds: Sequence[bytes]) -> bytes:
    start = dice.randint(0, len(made))
    end = min(len(made), start + dice.choice((0, 1, 2, 8, 40)))
    match dice.randint(0, 7):
        case 0:
            return made[:start] + dice.choice(WORDS) + made[start:]
        case 1:
            return made[:start] + dice.choice(WORDS) + made[end:]
        case 2:
            return made[:start] + made[end:]
        case 3:
            return made[:start] + made[start:end] * dice.choice((2, 3, 50)) + made[end:]
        case 4:
            other = dice.choice(seeds)
            cut = dice.randint(0, len(other))
            return made[:start] + other[cut : cut + dice.choice((8, 100, 2000))] + made[end:]
        case 5:
            return made[:start] + bytes(dice.randrange(256) for _ in range(dice.randint(1, 4))) + made[end:]
        case 6:
            return _lines_moved(dice, made)
        case _:
            return _word_for_word(dice, made)


def _lines_moved(dice: random.Random, made: bytes) -> bytes:
    lines = made.split(b"\n")
    line = lines.pop(dice.randrange(len(lines)))
    if dice.random() < 0.6:
        lines.insert(dice.randint(0, len(lines)), line)
    return b"\n".join(lines)


def _word_for_word(dice: random.Random, made: bytes) -> bytes:
    words = made.split(b" ")
    words[dice.randrange(len(words))] = dice.choice(WORDS)
    return b" ".join(words)
