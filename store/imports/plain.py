"""Plain JSON lines, one for each answer: what a few lines of anybody's script can write."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from smacs.pool.errors import InputError
from smacs.store.graders import GRADERS
from smacs.store.imports.format import Format, Options
from smacs.store.imports.grades import evaluation, grade_of
from smacs.store.imports.lines import first_keys, read_lines
from smacs.store.imports.question import Refused, gradable
from smacs.store.merge import Found
from smacs.store.records import Question

LOOKS = (
    '{"question": its text or the id of a bank question, "llm": ..., "correct": true, false or a number within 0 and 1}'
    ", and where known id, response, reasoning, answer, label, grader, task, dataset, subject, tokens, seconds"
)


class Line(msgspec.Struct, forbid_unknown_fields=True):
    """One LLM's answer to one question."""

    question: str
    llm: str
    correct: bool | float
    id: str = ""
    response: str = ""
    reasoning: str = ""
    answer: str | None = None
    label: Any = None
    grader: str = ""
    task: str = ""
    dataset: str = ""
    subject: str = ""
    tokens: int = 0
    seconds: float = 0.0


def recognises(path: Path) -> bool:
    """Whether the first line has the three keys that every line needs."""
    return {"question", "llm", "correct"} <= set(first_keys(path))


def read(path: Path, options: Options) -> Iterator[Found]:
    """A question with one evaluation for each line."""
    refused = Refused()
    for place, line in read_lines(path, Line, LOOKS):
        if not line.question.strip() or not line.llm.strip():
            raise InputError(f"{place}: `question` or `llm` is empty. Expected {LOOKS}.")
        cell = evaluation(
            grade_of(place, "correct", line.correct),
            line.response,
            f"plain: {path.name}",
            reasoning=line.reasoning,
            answer=line.answer,
            tokens=line.tokens,
            seconds=line.seconds,
        )
        yield Found(_question(place, line, options, refused), {line.llm: cell})
    refused.tell(path.name, options.note)


def _question(place: str, line: Line, options: Options, refused: Refused) -> Question:
    if options.has(line.question):
        return Question(id=line.question, text="")
    dataset = options.dataset or line.dataset
    task = line.task or line.grader or "open"
    base = Question(id=line.id, text=line.question, task=task, dataset=dataset, subject=line.subject)
    if line.label is None:
        return base
    if line.grader not in ("", *GRADERS):
        raise InputError(f"{place}: expected a `grader` out of {', '.join(GRADERS)}; got {line.grader!r}.")
    return gradable(base, line.label, line.grader or line.task, refused)


FORMAT = Format(name="plain", looks=f"JSON lines such as {LOOKS}", recognises=recognises, read=read)
