"""A bank question from what a log says about it: options folded in, and a label where it can be graded again."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from smacs.errors import GradingError
from smacs.store.create.labels import TASK_OF, TASKS, Labelled, fitting_grader, own_label, read_label
from smacs.store.create.options import LETTERS, Options, is_missing
from smacs.store.graders import GRADERS, check_label
from smacs.store.graders.choice import shown_letters
from smacs.store.identity import normalised
from smacs.store.records import Question

_MATHEMATICS = re.compile(r"math|aime|hmmt|olympiad|(?<![a-z])amc", re.IGNORECASE)
_MARK = re.compile(r"\(?([A-Za-z])(?:[).:]| \))\s*(?=\S)")


class Refused:
    """The labels of a file that no grader can use: how many, and the first one's reason."""

    def __init__(self) -> None:
        self.count, self.first = 0, ""

    def __call__(self, reason: str) -> None:
        """One more."""
        self.count, self.first = self.count + 1, self.first or reason

    def tell(self, name: str, note: Callable[[str], None]) -> None:
        """A remark for the user, where there are any."""
        if self.count:
            note(f"{name}: {self.count} labels cannot be used, their questions have none: {self.first}")


def fold(text: str, options: Sequence[str]) -> str:
    """The question with one `(A) ...` line for each option; as it is where it shows them already."""
    if _shows(text, options):
        return text.strip()
    return "\n".join([text.strip(), Options(tuple(options)).folded()])


def letter_of(target: Any, options: Sequence[str]) -> str | None:
    """The letter of the right option, from itself or from the option's text; None where it is neither."""
    read = read_label(Labelled(target, Options(tuple(options))), "choice", None)
    return read if isinstance(read, str) and len(read) == 1 and read in LETTERS[: len(options)] else None


def unmarked(options: Sequence[str]) -> list[str]:
    """Options without letters of their own, where each begins with the one that it gets here: `A. iron`, `(B) tin`."""
    marks = [_MARK.match(option) for option in options]
    if all(mark and mark[1].upper() == letter for mark, letter in zip(marks, LETTERS, strict=False)):
        return [option[mark.end() :] for option, mark in zip(options, marks, strict=True) if mark]
    return list(options)


def make_question(
    text: str,
    *,
    options: Sequence[str] = (),
    target: Any = None,
    row: Mapping[str, Any] | None = None,
    dataset: str = "",
    subject: str = "",
    identity: str = "",
    refused: Callable[[str], None] = lambda _: None,
) -> Question:
    """A question whose id is made of its text, unless it has an `identity`.

    Where it has options it is graded by letter; else by the asserts or the checks of IFEval that its `row` of the data
    set or its metadata has; else by what its `target` looks like, and as mathematics where the dataset says so. A label
    that none of these can use leaves it with recorded grades only; `refused` takes the reason.
    """
    base = Question(id=identity, text=text.strip(), dataset=dataset, subject=subject)
    if len(options) > 1:
        options = unmarked([option.strip() for option in options])
        base = msgspec.structs.replace(base, text=fold(text, options), task="choice")
        return gradable(base, letter_of(target, options), "choice", refused)
    if own := own_label(row or {}):
        return gradable(base, own[1], own[0], refused)
    if is_missing(target):
        return base
    mathematics = bool(_MATHEMATICS.search(dataset))
    grader = fitting_grader(Labelled(target, Options(), base.text)) or ("math" if mathematics else "")
    if not grader:
        return base
    return gradable(msgspec.structs.replace(base, task=_task(grader)), target, grader, refused)


def gradable(question: Question, label: Any, grader: str, refused: Callable[[str], None] = lambda _: None) -> Question:
    """The question with its label as `grader` reads it, or without a label where that grader cannot use it.

    The grader that the label fits is taken where `grader` is none of ours; so is its task where the question's is not.
    `refused` takes the reason why the label cannot be used.
    """
    if label is None:
        return question
    item = Labelled(label, Options(), question.text)
    grader = grader if grader in GRADERS else fitting_grader(item)
    if not grader:
        refused(f"no grader fits {str(label)[:60]!r}")
        return question
    known = question.task in TASKS and question.task != "open"
    task = question.task if known else _task(grader)
    label = read_label(item, grader, None)
    graded = msgspec.structs.replace(question, label=label, grader=grader, task=task)
    try:
        check_label(graded)
    except GradingError as error:
        refused(str(error).partition(": ")[2])
        return question if question.task not in TASK_OF else msgspec.structs.replace(question, task=task)
    return graded


def _task(grader: str) -> str:
    return TASK_OF.get(grader, grader)


def _shows(text: str, options: Sequence[str]) -> bool:
    """Whether a question shows all of these options, each by its letter."""
    if shown_letters(text) != LETTERS[: len(options)]:
        return False
    shown = normalised(text)
    return all(normalised(option) in shown for option in options)
