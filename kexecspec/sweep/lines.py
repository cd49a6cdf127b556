"""Results as JSON lines, and strictly back: schemas/sweep-result.schema.json says what each key means."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from kexecspec.exit_codes import DISAGREES, PROVED, REFUTED, UNDECIDED, UNUSABLE
from kexecspec.sweep.identity import Made
from kexecspec.sweep.result import INPUT_ERROR, JUDGED, UNANSWERED, VERDICTS, Answer, Refuted, Row, Told

SCHEMA = "kexecspec/sweep-result/1"
LONGEST = 4 * 1024 * 1024
Thing = TypeVar("Thing")
Json = dict[str, Any]


@dataclass(frozen=True)
class Head:
    """What a file of results is about: its first line. `total` counts the combinations of the whole matrix, whose sum
    is `matrix`, and `mine` those of this `shard`, the first number of so many."""

    sweep: str
    path: str
    columns: tuple[str, ...]
    matrix: str
    made: Made
    total: int
    mine: int
    shard: tuple[int, int]


def head_line(head: Head) -> str:
    """The first line of a file, with its end."""
    return _line({"schema": SCHEMA, "kind": "sweep"} | asdict(head))


RESULT, KEPT = "result", "kept"
"""The kinds of lines after the first: a result of this sweep, and one of an earlier matrix or other options, which is
nobody's result here but may be wanted again."""


def row_line(row: Row, kind: str = RESULT) -> str:
    """One result as a line, with its end."""
    found = row.answer
    return _line(
        {
            "kind": kind,
            "number": row.number,
            "combination": dict(row.names),
            "outcome": found.outcome,
            "verdict": found.verdict,
            "exit": found.exit,
            "counts": {verdict: found.counts[verdict] for verdict in VERDICTS},
            "refuted": [asdict(one) for one in found.refuted],
            "unknown": [{"finding": finding, "why": why} for finding, why in found.unknown],
            "vacuous": list(found.vacuous),
            "never": list(found.never),
            "objections": list(found.objections),
            "errors": [asdict(one) for one in found.errors],
            "why": found.why,
            "seconds": round(row.seconds, 3),
            "solved": row.solved,
            "id": row.id,
            "system": row.system,
        }
    )


def read_head(text: str) -> Head:
    """The head in a file's first line. Raises ValueError with a plain sentence."""
    line = _object(text)
    if line.get("schema") != SCHEMA or line.get("kind") != "sweep":
        raise ValueError(f"its first line says no schema {SCHEMA}")
    made = _table(line, "made")
    shard = tuple(_number(one) for one in _list(line, "shard", _number))
    if len(shard) != 2 or not 1 <= shard[0] <= shard[1]:
        raise ValueError("'shard' is no shard")
    _only(line, ("schema", "kind", "sweep", "path", "columns", "matrix", "made", "total", "mine", "shard"))
    return Head(
        _text(line.get("sweep")), _text(line.get("path")), _list(line, "columns", _text), _text(line.get("matrix")),
        Made(
            _text(made.get("specs")), _text(made.get("tool")), _text(made.get("z3")), _list(made, "only", _text),
            _number(made.get("rlimit")),
        ),
        _number(line.get("total")), _number(line.get("mine")), (shard[0], shard[1]),
    )  # fmt: skip


def read_row(text: str) -> tuple[str, Row]:
    """The result in one line, and the line's kind. Raises ValueError with a plain sentence."""
    line = _object(text)
    if line.get("kind") not in (RESULT, KEPT):
        raise ValueError("it is no result")
    _only(line, _KEYS)
    names = tuple((axis, _text(value)) for axis, value in _table(line, "combination").items())
    outcome, code = _text(line["outcome"]), _number(line["exit"])
    if outcome not in (JUDGED, INPUT_ERROR, UNANSWERED):
        raise ValueError(f"an unknown outcome: {outcome[:60]}")
    if code not in (PROVED, REFUTED, UNUSABLE, UNDECIDED, DISAGREES):
        raise ValueError(f"no exit code: {code}")
    counts = _table(line, "counts")
    _only(counts, VERDICTS)
    answer = Answer(
        outcome, code, _text(line["verdict"]), {verdict: _number(counts[verdict]) for verdict in VERDICTS},
        _list(line, "refuted", _refuted), _list(line, "unknown", _unknown), _list(line, "vacuous", _text),
        _list(line, "never", _text), _list(line, "objections", _text), _list(line, "errors", _told),
        _maybe(line["why"], _text),
    )  # fmt: skip
    if answer.verdict not in (*VERDICTS, INPUT_ERROR):
        raise ValueError(f"an unknown verdict: {answer.verdict[:60]}")
    seconds, solved = line["seconds"], line["solved"]
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not isinstance(solved, bool):
        raise ValueError("'seconds' or 'solved' is of the wrong kind")
    system = _maybe(line["system"], _text)
    row = Row(_number(line["number"]), names, _text(line["id"]), system, answer, float(seconds), solved)
    return line["kind"], row


_KEYS = (
    "kind", "number", "combination", "outcome", "verdict", "exit", "counts", "refuted", "unknown", "vacuous", "never",
    "objections", "errors", "why", "seconds", "solved", "id", "system",
)  # fmt: skip


def _line(content: Json) -> str:
    return json.dumps(content, ensure_ascii=True, separators=(", ", ": "), allow_nan=False) + "\n"


def _object(text: str) -> Json:
    try:
        found = json.loads(text, parse_constant=_no_number, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg}") from None
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    if not isinstance(found, dict):
        raise ValueError("it is no object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> Json:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return made


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def _only(table: Mapping[str, Any], keys: tuple[str, ...]) -> None:
    if set(table) != set(keys):
        odd = sorted(set(table) ^ set(keys))[0]
        raise ValueError(f"{odd[:60]!r} is {'missing' if odd in keys else 'not known'}")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a text is missing")
    return value


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("a number is missing")
    return value


def _maybe(value: Any, read: Callable[[Any], Thing]) -> Thing | None:
    return None if value is None else read(value)


def _table(line: Json, key: str) -> Json:
    found = line.get(key)
    if not isinstance(found, dict):
        raise ValueError(f"{key!r} is no object")
    return found


def _list(line: Json, key: str, read: Callable[[Any], Thing]) -> tuple[Thing, ...]:
    found = line.get(key)
    if not isinstance(found, list):
        raise ValueError(f"{key!r} is no list")
    return tuple(read(one) for one in found)


def _entry(value: Any, keys: tuple[str, ...]) -> Json:
    if not isinstance(value, dict):
        raise ValueError("an object is missing")
    _only(value, keys)
    return value


def _refuted(value: Any) -> Refuted:
    one = _entry(value, ("finding", "handoffs", "harm", "severity"))
    return Refuted(
        _text(one["finding"]), _maybe(one["handoffs"], _number), _maybe(one["harm"], _text), _text(one["severity"])
    )


def _unknown(value: Any) -> tuple[str, str]:
    one = _entry(value, ("finding", "why"))
    return _text(one["finding"]), _text(one["why"])


def _told(value: Any) -> Told:
    one = _entry(value, ("code", "message", "path", "line", "column", "help"))
    return Told(
        _text(one["code"]), _text(one["message"]), _text(one["path"]), _number(one["line"]), _number(one["column"]),
        _maybe(one["help"], _text),
    )  # fmt: skip
