"""A bank question from what a log says about it: the text with the options folded in, and a label to grade by."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from smacs.errors import GradingError, InputError
from smacs.store.create.columns import as_template, as_text, columns_in, fill
from smacs.store.create.labels import TASK_OF, TASKS, RawLabel, fitting_grader, label_in_row, read_label
from smacs.store.create.options import LETTERS, Options, is_missing
from smacs.store.graders import GRADERS, check_label
from smacs.store.graders.choice import shown_letters
from smacs.store.records import Question
from smacs.store.text import normalised

_MATHEMATICS = re.compile(r"math|aime|hmmt|olympiad|(?<![a-z])amc", re.IGNORECASE)
_MARK = re.compile(r"\(?([A-Za-z])(?:[).:]| \))\s*(?=\S)")


def make_question(
    text: str,
    *,
    options: Sequence[str] = (),
    target: Any = None,
    row: Mapping[str, Any] | None = None,
    dataset: str = "",
    subject: str = "",
    identity: str = "",
    problems: Callable[[str], None] = lambda _: None,
) -> Question:
    """A question whose id is made of its text, unless it has an `identity`.

    With options it is graded by letter; else by the asserts or the checks of IFEval in `row`, its row of the data set
    or its metadata; else by the grader that its `target` looks made for, and as mathematics where the name of the data
    set says so. If none of these can use the label the question has recorded grades only; `problems` takes the reason.
    """
    base = Question(id=identity, text=text.strip(), dataset=dataset, subject=subject)
    if len(options) > 1:
        options = _unmarked([option.strip() for option in options])
        base = msgspec.structs.replace(base, text=fold(text, options), task="choice")
        return with_label(base, letter_of(target, Options(tuple(options))), "choice", problems)
    if own := label_in_row(row or {}):
        return with_label(base, own[1], own[0], problems)
    if is_missing(target):
        return base
    mathematics = "math" if _MATHEMATICS.search(dataset) else ""
    grader = fitting_grader(RawLabel(target, Options(), base.text)) or mathematics
    if not grader:
        return base
    return with_label(msgspec.structs.replace(base, task=_task(grader)), target, grader, problems)


def with_label(
    question: Question, label: Any, grader: str, problems: Callable[[str], None] = lambda _: None
) -> Question:
    """The question with its label as `grader` reads it, or without a label where that grader cannot use it.

    If `grader` is none of ours it is the one that the label fits, and likewise with the question's task. `problems`
    takes the reason why a label cannot be used.
    """
    if label is None:
        return question
    item = RawLabel(label, Options(), question.text)
    grader = grader if grader in GRADERS else fitting_grader(item)
    if not grader:
        problems(f"no grader fits {str(label)[:60]!r}")
        return question
    known = question.task in TASKS and question.task != "open"
    task = question.task if known else _task(grader)
    label = read_label(item, grader, None)
    graded = msgspec.structs.replace(question, label=label, grader=grader, task=task)
    try:
        check_label(graded)
    except GradingError as error:
        problems(str(error).partition(": ")[2])
        return question if question.task not in TASK_OF else msgspec.structs.replace(question, task=task)
    return graded


def _task(grader: str) -> str:
    return TASK_OF.get(grader, grader)


class LabelProblems:
    """The labels of a file that no grader can use: how many, and the first one's reason."""

    def __init__(self) -> None:
        self.count, self.first = 0, ""

    def __call__(self, reason: str) -> None:
        """Count one more."""
        self.count, self.first = self.count + 1, self.first or reason

    def note(self, name: str, note: Callable[[str], None]) -> None:
        """Give `note` a remark for the user, where there are any."""
        if self.count:
            note(f"{name}: {self.count} labels cannot be used, their questions have none: {self.first}")


def field_text(place: str, wanted: str, fields: Mapping[str, Any]) -> str:
    r"""The question that `--text` asks for: one field, or a template such as "{body}\n{question}".

    A name may lead into a table within a field ("meta.title"); letter case does not matter. A list has an item a line.
    Raises InputError for a field that is not there, and where nothing is in them.
    """
    template = as_template(wanted)
    values = {name: as_text(_value(place, name, fields)) for name in columns_in(template)}
    if not any(values.values()):
        raise InputError(f"{place}: --text {wanted}: nothing is in {', '.join(values) or 'it: it names no field'}.")
    return fill(template.replace("\\n", "\n"), values)


def _value(place: str, name: str, fields: Mapping[str, Any]) -> Any:
    value: Any = fields
    for part in [name] if name in fields else name.split("."):
        names = {key.casefold(): key for key in value} if isinstance(value, Mapping) else {}
        if part.casefold() not in names:
            raise InputError(f"{place}: --text: there is no field {name!r}; there are {', '.join(fields) or 'none'}.")
        value = value[names[part.casefold()]]
    return value


def fold(text: str, options: Sequence[str]) -> str:
    """The question with one `(A) ...` line for each option; as it is where it shows them already."""
    if _shows(text, options):
        return text.strip()
    return "\n".join([text.strip(), Options(tuple(options)).folded()])


def _shows(text: str, options: Sequence[str]) -> bool:
    """Whether a question shows all of these options, each by its letter."""
    if shown_letters(text) != LETTERS[: len(options)]:
        return False
    shown = normalised(text)
    return all(normalised(option) in shown for option in options)


def _unmarked(options: Sequence[str]) -> list[str]:
    """Options without letters of their own, where each begins with the one that it gets here: `A. iron`, `(B) tin`."""
    marks = [_MARK.match(option) for option in options]
    if all(mark and mark[1].upper() == letter for mark, letter in zip(marks, LETTERS, strict=False)):
        return [option[mark.end() :] for option, mark in zip(options, marks, strict=True) if mark]
    return list(options)


def letter_of(target: Any, options: Options) -> str | None:
    """The letter of the right option, from itself, its name or its text; None where `target` is none of these."""
    read = read_label(RawLabel(target, options), "choice", None)
    return read if isinstance(read, str) and len(read) == 1 and read in LETTERS[: len(options.texts)] else None
