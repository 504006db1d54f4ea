"""From rows to questions: text, label, grader, id, dataset, subject."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from smacs.errors import InputError
from smacs.store.create.columns import OPTIONS, Columns, as_template, as_text, columns_in, fill, is_template
from smacs.store.create.labels import TASK_OF, RawLabel, first_option, guess_grader, read_label
from smacs.store.create.options import Options, is_missing, read_options
from smacs.store.create.report import Location, Problem
from smacs.store.create.sources import Row, Rows, Source
from smacs.store.graders import GRADERS
from smacs.store.records import Question
from smacs.store.text import question_id

_KNOWN = {"task": {"", "open", *GRADERS}, "grader": {"", *GRADERS}}
_TEXTS = ("text", "id", "dataset", "subject", "task", "grader")


class SourcedQuestion(NamedTuple):
    """A question, where it was read, and the name of that source."""

    question: Question
    place: Location
    source: str


class _Parsed(NamedTuple):
    """The fields of one row: those that are texts, the label as it came, the setup of a program."""

    texts: dict[str, str]
    label: RawLabel
    setup: Any


def read_questions(
    rows: Rows, columns: Columns, *, label: bool = True
) -> tuple[list[SourcedQuestion], list[Problem], str]:
    """The questions of a source, the rows that are none, and the guessed grader ("" where the source names one).

    Without `label` only the texts are read. Raises InputError.
    """
    columns = _without_foreign(columns, rows.rows)
    parsed, problems = _parse_all(rows, columns, label)
    items = [item.label for _, item in parsed]
    guessed = _guess(rows.source, columns, items) if label else ""
    constants = {"dataset": rows.source.name, "grader": guessed, **rows.source.constants}
    first = _first(rows.source, items)
    found = [SourcedQuestion(_question(item, constants, first), place, rows.source.name) for place, item in parsed]
    return found, problems, guessed


def _without_foreign(columns: Columns, rows: Sequence[Row]) -> Columns:
    """The columns without one that happens to be called task or grader and holds other values than ours."""
    fields = dict(columns.fields)
    for name in columns.found & {"task", "grader"}:
        values = {as_text(row.values.get(fields[name])) for row in rows}
        if values == {""} or not values <= _KNOWN[name]:
            del fields[name]
    return replace(columns, fields=fields)


def _parse_all(rows: Rows, columns: Columns, label: bool) -> tuple[list[tuple[Location, _Parsed]], list[Problem]]:
    parsed, problems = [], []
    for row in rows.rows:
        place = rows.place(row)
        try:
            parsed.append((place, _parse(row, columns, label)))
        except ValueError as error:
            problems.append(Problem(place, str(error)))
    return parsed, problems


def _parse(row: Row, columns: Columns, label: bool) -> _Parsed:
    """Raises ValueError for a row that is no question."""
    if row.problem:
        raise ValueError(row.problem)
    options = read_options([row.values.get(name) for name in columns.options])
    fields = {name: value for name, value in columns.fields.items() if name in _TEXTS}
    texts = {name: _fill(value, row.values, columns, options) for name, value in fields.items()}
    for name in ("text", "id"):
        if not texts.get(name, "missing"):
            raise ValueError(f"the {name} is empty ({fields[name]!r})")
    if not label:
        return _Parsed(texts, RawLabel(None, options), None)
    wanted = columns.fields["label"]
    value = _fill(wanted, row.values, columns, options) if is_template(wanted) else row.values.get(wanted)
    if is_missing(value):
        raise ValueError(f"the label is empty ({wanted!r})")
    return _Parsed(texts, RawLabel(value, options), row.values.get(columns.fields.get("setup", "")))


def _fill(wanted: str, values: Mapping[str, Any], columns: Columns, options: Options) -> str:
    """A column or template as text; a list of options is folded, another list has an item a line."""
    template = as_template(wanted)
    cells = {}
    for name in columns_in(template):
        folds = name == OPTIONS or columns.options == (name,)
        cells[name] = options.folded() if folds else as_text(values.get(name))
    return fill(template, cells)


def _guess(source: Source, columns: Columns, items: Sequence[RawLabel]) -> str:
    """The grader of a source that names neither grader nor task."""
    given = source.constants.get("grader")
    if given is not None and given not in GRADERS:
        raise InputError(f"{source.where}: expected a grader out of {', '.join(GRADERS)}, got {given!r}.")
    if {"grader", "task"} & {*source.constants, *columns.fields} or not items:
        return ""
    guessed = guess_grader(items)
    if not guessed:
        raise InputError(
            f"{source.where}: no grader fits all labels, such as {str(items[0].label)[:60]!r}. Say one of "
            f"{', '.join(GRADERS)} with --set grader=NAME."
        )
    return guessed


def _first(source: Source, items: Sequence[RawLabel]) -> int | None:
    given = source.constants.get("first_option")
    if given is not None and given not in ("0", "1"):
        raise InputError(f"{source.where}: expected first_option 0 or 1, got {given!r}.")
    try:
        return int(given) if given else first_option(items)
    except ValueError as error:
        raise InputError(f"{source.where}: {error}.") from error


def _question(item: _Parsed, constants: Mapping[str, str], first: int | None) -> Question:
    texts = {**constants, **{name: text for name, text in item.texts.items() if text}}
    grader = texts.get("grader", "")
    task = texts.get("task") or TASK_OF.get(grader, grader) or "open"
    return Question(
        id=texts.get("id") or question_id(texts["text"]),
        text=texts["text"],
        label=read_label(item.label._replace(text=texts["text"]), grader or task, first, item.setup),
        task=task,
        grader=grader,
        dataset=texts["dataset"],
        subject=texts.get("subject", ""),
    )
