"""An audit as it runs: boards become questions, equal ones are asked once, on all cores, and answers become rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from kexecspec.audit.answers import Answer, answer
from kexecspec.audit.questions import Question
from kexecspec.audit.rows import Row, left_out, row
from kexecspec.solve.aside import Died, answers

Keep = Callable[[Answer], None]
PATIENCE = 900.0


def ask(
    asked: Iterable[Question],
    known: Mapping[str, Answer],
    jobs: int,
    rlimit: int,
    keep: Keep,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Answer]:
    """The answer to each different question, by key: those of `known` that are asked, and the rest judged in `jobs`
    processes. `keep` gets each new answer at once. A question whose process dies is asked once more, and has then no
    answer but how it died."""
    every = {question.key: question for question in asked}
    found = {key: known[key] for key in every if key in known}
    todo = [question for key, question in every.items() if key not in found]
    tell(len(found), len(every))

    def take(one: Answer) -> None:
        found[one.key] = one
        keep(one)
        tell(len(found), len(every))

    several = max(1, min(jobs, len(todo)))
    works = [partial(_each, todo[first::several], rlimit) for first in range(several)]
    for _, said in answers(works, PATIENCE):
        if not isinstance(said, Died):
            take(said)
    for question in (one for one in todo if one.key not in found):
        for _, said in answers([partial(_each, [question], rlimit)], PATIENCE):
            take(Answer(question.key, (), said.why) if isinstance(said, Died) else said)
    return found


def _each(todo: Sequence[Question], rlimit: int) -> Iterator[Answer]:
    for question in todo:
        yield answer(question, rlimit)


def rows_of(question: Question, found: Answer) -> tuple[Row, ...]:
    """The rows of a question: one for each verdict, or one that says why there is none."""
    if not found.verdicts:
        why = found.trouble or "it leaves nothing behind that a property could be about"
        return (left_out(question.subject, why),)
    return tuple(row(question.subject, one, question.key[:8]) for one in found.verdicts)
