"""Plain lines of JSON or rows of a table, one for each answer: what a few lines of anybody's script can write."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from smacs.store.create.sources import TABLES, read_table, suffix_of
from smacs.store.graders import GRADERS
from smacs.store.imports.format import Format, ImportOptions
from smacs.store.imports.lines import convert, first_keys, read_lines, table_header, table_lines
from smacs.store.imports.question import LabelProblems, field_text, with_label
from smacs.store.imports.report import UnusableError
from smacs.store.imports.scores import evaluation, read_cell
from smacs.store.merge import Found
from smacs.store.records import Evaluation, Question

LOOKS = (
    '{"question": its text or the id of a bank question, "llm": ..., "correct": true, false or a number within 0 and 1}'
    ", and where known id, response, reasoning, answer, label, grader, task, dataset, subject, tokens, seconds"
)
_NEEDED = {"question", "llm", "correct"}


class Line(msgspec.Struct, forbid_unknown_fields=True):
    """One LLM's answer to one question."""

    question: str
    llm: str
    correct: bool | float | None
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
    """Whether a first line, or the header of a table, has the three keys that every line needs."""
    return set(first_keys(path)) >= _NEEDED or set(_header(path)) >= _NEEDED


def _header(path: Path) -> list[str]:
    return table_header(path) if suffix_of(path) in TABLES else []


def read(path: Path, options: ImportOptions) -> Iterator[Found]:
    """A question with one evaluation for each line."""
    problems = LabelProblems()
    for place, line in _table(path, options) if suffix_of(path) in TABLES else _lines(path, options):
        with options.record():
            if not line.question.strip() or not line.llm.strip():
                raise UnusableError(f"{place}: `question` or `llm` is empty. Expected {LOOKS}.", "of another form")
            yield Found(_question(place, line, options, problems), {line.llm: _evaluation(place, line, path, options)})
    problems.note(path.name, options.note)


def _lines(path: Path, options: ImportOptions) -> Iterator[tuple[str, Line]]:
    if options.text is None:
        yield from read_lines(path, Line, LOOKS, options)
        return
    for place, values in read_lines(path, dict[str, Any], LOOKS, options):
        with options.record():
            yield place, _line(place, values, options.text, strict=True)


def _table(path: Path, options: ImportOptions) -> Iterator[tuple[str, Line]]:
    """The rows of a table; its cells are texts, and empty ones are not there."""
    for row in read_table(path, table_lines(path, options.max_mb)):
        place = f"{path}, line {row.number}"
        with options.record():
            if row.problem:
                raise UnusableError(f"{place}: {row.problem}.", "of another form")
            there = {key: value for key, value in row.values.items() if value.strip()}
            there["correct"] = read_cell(row.values.get("correct", ""))
            yield place, _line(place, there, options.text, strict=False)


def _line(place: str, values: Mapping[str, Any], text: str | None, *, strict: bool) -> Line:
    """A line with other fields than its own too, which only a template may use. Raises InputError."""
    own = {key: value for key, value in values.items() if key in Line.__struct_fields__}
    if text is not None:
        own["question"] = field_text(place, text, values)
    return convert(place, own, Line, LOOKS, strict=strict)


def _evaluation(place: str, line: Line, path: Path, options: ImportOptions) -> Evaluation:
    return evaluation(
        options.grade(place, "correct", line.correct),
        line.response,
        f"plain: {path.name}",
        reasoning=line.reasoning,
        answer=line.answer,
        tokens=line.tokens,
        seconds=line.seconds,
    )


def _question(place: str, line: Line, options: ImportOptions, problems: LabelProblems) -> Question:
    if options.in_bank(line.question):
        return Question(id=line.question, text="")
    dataset = options.dataset or line.dataset
    task = line.task or line.grader or "open"
    base = Question(id=line.id, text=line.question, task=task, dataset=dataset, subject=line.subject)
    if line.label is None:
        return base
    if line.grader not in ("", *GRADERS):
        message = f"{place}: expected a `grader` out of {', '.join(GRADERS)}; got {line.grader!r}."
        raise UnusableError(message, "of another form")
    return with_label(base, line.label, line.grader or line.task, problems)


FORMAT = Format(
    name="plain",
    looks=f"JSON lines, or a .csv or .tsv table with such columns, {LOOKS}",
    recognises=recognises,
    read=read,
    uses=frozenset({"scale", "text"}),
)
