"""A bank question from what a log says about it: options folded in, and a label where it can be graded again."""

import re
import string
from collections.abc import Sequence
from typing import Any

import msgspec

from smacs.pool.errors import GradingError
from smacs.store.graders import check_label
from smacs.store.graders.number import number
from smacs.store.records import Question

_LETTER = re.compile(r"\(?([A-Z])[).]?")


def fold(text: str, options: Sequence[str]) -> str:
    """The question with one `(A) ...` line for each option."""
    lines = [f"({letter}) {option}" for letter, option in zip(string.ascii_uppercase, options, strict=False)]
    return "\n".join([text.strip(), *lines])


def letter_of(target: str, options: Sequence[str]) -> str | None:
    """The letter of the right option, from itself or from the option's text; None where it is neither."""
    letters = string.ascii_uppercase[: len(options)]
    if (match := _LETTER.fullmatch(target.strip())) and match[1] in letters:
        return match[1]
    found = [letter for letter, option in zip(letters, options, strict=False) if option.strip() == target.strip()]
    return found[0] if len(found) == 1 else None


def make_question(
    text: str,
    *,
    options: Sequence[str] = (),
    target: str | None = None,
    asserts: Any = None,
    dataset: str = "",
    subject: str = "",
    identity: str = "",
) -> Question:
    """A question whose id is made of its text, unless it has an `identity`.

    It is graded by letter where it has options, by running its `asserts` where it has some, else as a number, and as
    mathematics where the dataset says so; a target that none of these can use leaves it with recorded grades only.
    """
    base = Question(id=identity, text=text.strip(), dataset=dataset, subject=subject)
    if options:
        text, label = fold(text, options), letter_of(target or "", options)
        return gradable(msgspec.structs.replace(base, text=text, task="choice"), label, "choice")
    if asserts:
        return gradable(msgspec.structs.replace(base, task="code"), asserts, "code")
    if target and number(target) is not None:
        return gradable(msgspec.structs.replace(base, task="math"), target, "number")
    if re.search("math|aime", dataset, re.IGNORECASE):
        return gradable(msgspec.structs.replace(base, task="math"), target, "math")
    return base


def gradable(question: Question, label: Any, grader: str) -> Question:
    """The question with its label and grader, or as it is where that grader cannot use the label."""
    graded = msgspec.structs.replace(question, label=label, grader=grader)
    try:
        check_label(graded)
    except GradingError:
        return question
    return graded
