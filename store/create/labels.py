"""Labels as graders want them, from the forms that data sets keep them in."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from smacs.store.create.options import LETTERS, Options, parse_list
from smacs.store.graders.final import boxed
from smacs.store.graders.number import number
from smacs.store.text import normalised


class Labelled(NamedTuple):
    """The label of one question as it came, and its options."""

    label: Any
    options: Options


def guess_grader(items: Sequence[Labelled]) -> str:
    """The grader that all labels of a source fit ("" where none is obvious)."""
    labels = [item.label for item in items]
    if any(item.options.texts for item in items):
        return "choice"
    if all(isinstance(label, list) and label and str(label[0]).startswith("assert") for label in labels):
        return "code"
    texts = [str(label).strip() for label in labels]
    if all(len(text.strip("()")) == 1 and text.strip("()") in LETTERS for text in texts):
        return "choice"
    return "number" if all(number(final(text)) is not None for text in texts) else ""


def first_option(items: Sequence[Labelled]) -> int | None:
    """The number of the first option where labels are positions, 0 or 1; None where they are something else.

    Raises ValueError when nothing in the source decides between 0 and 1.
    """
    plain = [item for item in items if item.options.texts and not item.options.names]
    positions = [position(item.label) for item in plain]
    if not plain or None in positions or all(_same_text(item) for item in plain):
        return None
    if 0 in positions:
        return 0
    if any(value == len(item.options.texts) for value, item in zip(positions, plain, strict=True)):
        return 1
    raise ValueError(
        "labels are positions of options, but no label says whether the first option is 0 or 1: say "
        "--set first_option=0 or --set first_option=1"
    )


def read_label(item: Labelled, grader: str, first: int | None, setup: Any = None) -> Any:
    """The label for `grader`; `first` is what `first_option` gave. What cannot be read stays as it is."""
    label = item.label
    if grader == "choice":
        return _letter(item, first)
    if grader in ("number", "math"):
        return final(str(label).strip())
    if isinstance(label, str):  # a list that was written into a cell of a table
        try:
            label = parse_list(label)
        except ValueError:
            return label
    return {"asserts": label, "setup": setup} if grader == "code" and setup else label


def final(solution: str) -> str:
    r"""The answer of a worked solution, after "####" or in the last `\boxed{}`; else the text itself."""
    if "####" in solution:
        return solution.rsplit("####", 1)[1].strip()
    return boxed(solution) or solution


def position(label: Any) -> int | None:
    """A label that is a whole number >= 0."""
    if isinstance(label, bool):
        return None
    if isinstance(label, int | float):
        return int(label) if label >= 0 and label == int(label) else None
    text = str(label).strip().removesuffix(".0")  # a table with a gap in the column makes 1 a 1.0
    return int(text) if text.isdecimal() else None


def _letter(item: Labelled, first: int | None) -> Any:
    options, label = item.options, item.label
    text = str(label).strip()
    if text in options.names:
        return LETTERS[options.names.index(text)]
    place = position(label)
    if first is not None and place is not None and 0 <= place - first < len(options.texts):
        return LETTERS[place - first]
    letter = text.strip("(). ").upper()
    if len(letter) == 1 and letter in LETTERS[: len(options.texts) or None]:
        return letter
    matches = [i for i, option in enumerate(options.texts) if normalised(option) == normalised(text)]
    return LETTERS[matches[0]] if len(matches) == 1 else label


def _same_text(item: Labelled) -> bool:
    return normalised(str(item.label)) in {normalised(text) for text in item.options.texts}
