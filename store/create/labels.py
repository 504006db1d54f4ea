"""Labels as graders want them, from the forms that data sets, logs and people keep them in.

`bank create` and `bank import` both read labels here, so that what one of them can grade, the other can.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from smacs.store.create.options import LETTERS, Options, is_missing, parse_list
from smacs.store.graders.choice import shown_letters
from smacs.store.graders.final import boxed, stated
from smacs.store.graders.number import number
from smacs.store.text import normalised

TASKS = ("open", "choice", "math", "code", "instruction")  # those that there is a prompt for
TASK_OF = {"number": "math", "ifeval": "instruction", "livecodebench": "code"}  # other graders are called like the task
_ONE_VALUE = ("choice", "number", "math")  # graders whose label is a text
_LETTER = re.compile(r"\(?([A-Za-z])[).:]?")
_LETTERED = re.compile(r"\(?([A-Za-z])[).:]\s+(\S.*)", re.DOTALL)
_LONGEST = 100_000  # characters of a label that is a text; longer ones are read by nobody


class RawLabel(NamedTuple):
    """The label of one question as it came, its options, and the text of the question, which may show them."""

    label: Any
    options: Options
    text: str = ""


def guess_grader(items: Sequence[RawLabel]) -> str:
    """The grader that all labels of a source fit ("" where none is obvious)."""
    if any(item.options.texts for item in items):
        return "choice"
    found = {_form(item.label) for item in items}
    return found.pop() if len(found) == 1 else ""


def fitting_grader(item: RawLabel) -> str:
    """The grader that one label fits; a letter fits only a question that shows it as an option."""
    form = "choice" if item.options.texts else _form(item.label)
    if form == "choice" and not item.options.texts:
        return form if _letter(item, None) in shown_letters(item.text) else ""
    return form or ("math" if isinstance(item.label, str) and boxed(item.label[:_LONGEST]) else "")


def label_in_row(row: Mapping[str, Any]) -> tuple[str, Any] | None:
    """Grader and label from a row that has asserts or the checks of IFEval; None for other rows."""
    asserts = _parsed(row.get("test_list"))
    if isinstance(asserts, list) and asserts:
        imports = _parsed(row.get("test_imports"))
        setup = [row.get("test_setup_code"), *(imports if isinstance(imports, list) else [])]
        return "code", _with_setup(asserts, "\n".join(text for text in setup if isinstance(text, str)))
    names, arguments = _parsed(row.get("instruction_id_list")), _parsed(row.get("kwargs"))
    if isinstance(names, list) and isinstance(arguments, list) and names:
        return "ifeval", _instructions(names, arguments)
    return None


def first_option(items: Sequence[RawLabel]) -> int | None:
    """The number of the first option where labels are positions, 0 or 1; None where they are something else.

    Raises ValueError when nothing in the source decides between 0 and 1.
    """
    plain = [item for item in items if item.options.texts and not item.options.names]
    positions = [_position(item.label) for item in plain]
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


def read_label(item: RawLabel, grader: str, first: int | None, setup: Any = None) -> Any:
    """The label as `grader` wants it; `first` comes from `first_option`. One that cannot be read stays as it is."""
    label = item.label
    if grader in _ONE_VALUE:
        if isinstance(label, list) and len(label) == 1 and not isinstance(label[0], list | Mapping):
            label = label[0]
        if isinstance(label, list | Mapping) or len(str(label)) > _LONGEST:
            return label
        item = item._replace(label=label)
        return _letter(item, first) if grader == "choice" else final(str(label).strip())
    label = _parsed(label)
    if grader == "code":
        label = [label] if isinstance(label, str) and label.lstrip().startswith("assert") else label
        return _with_setup(label, setup)
    if grader == "ifeval" and isinstance(label, Mapping) and {*label} == {"instruction_id_list", "kwargs"}:
        return _instructions(_parsed(label["instruction_id_list"]), _parsed(label["kwargs"]))
    return label


def final(solution: str) -> str:
    r"""The answer of a worked solution: after "####", in the last `\boxed{}`, after "the answer is"; else the text."""
    if "####" in solution:
        return solution.rsplit("####", 1)[1].strip().partition("\n")[0].strip()
    return boxed(solution) or stated(solution) or solution


def _position(label: Any) -> int | None:
    """The label as a whole number >= 0; None if it is none."""
    if isinstance(label, bool):
        return None
    if isinstance(label, int | float):
        return int(label) if 0 <= label < len(LETTERS) + 1 and label == int(label) else None
    text = str(label).strip().removesuffix(".0")  # a table with a gap in the column makes 1 a 1.0
    return int(text) if text.isdecimal() and len(text) < 4 else None


def _form(label: Any) -> str:
    """The grader that a label is made for, judged by its form alone; "" where it could be any."""
    if isinstance(label, str):
        label = _parsed(label[:_LONGEST])
    if isinstance(label, list) and len(label) == 1 and not str(label[0]).lstrip().startswith("assert"):
        label = label[0] if not isinstance(label[0], list | Mapping) else label
    if isinstance(label, list):
        return _form_of_list(label)
    if isinstance(label, Mapping):
        return next((grader for key, grader in _KEYS.items() if key in label), "")
    if isinstance(label, bool):
        return ""
    text = str(label).strip()
    if text.startswith("assert"):
        return "code"
    read = final(text)
    if _LETTER.fullmatch(read) or _LETTERED.fullmatch(read):
        return "choice"
    return "number" if number(read) is not None else ""


_KEYS = {"asserts": "code", "instruction_id_list": "ifeval", "cases": "livecodebench"}


def _form_of_list(label: list[Any]) -> str:
    if label and all(isinstance(item, Mapping) and "check" in item for item in label):
        return "instruction"
    return "code" if label and str(label[0]).lstrip().startswith("assert") else ""


def _parsed(value: Any) -> Any:
    """A list or table that was written into a cell as text; anything else as it is."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("[", "{"):
        return value
    try:
        found = parse_list(value)
    except ValueError:
        return value
    return found if isinstance(found, list | Mapping) else value


def _with_setup(asserts: Any, setup: Any) -> Any:
    text = setup.replace("\r\n", "\n").strip() if isinstance(setup, str) else ""
    return {"asserts": asserts, "setup": text} if text and isinstance(asserts, list) else asserts


def _instructions(names: Any, arguments: Any) -> dict[str, Any]:
    """The checks of IFEval; the hub gives every one all keywords, most of them null, which are left out."""
    if isinstance(arguments, list) and all(isinstance(words, Mapping) for words in arguments):
        arguments = [{key: word for key, word in words.items() if not is_missing(word)} for words in arguments]
    return {"instruction_id_list": names, "kwargs": arguments}


def _letter(item: RawLabel, first: int | None) -> Any:
    options, label = item.options, item.label
    text = str(label).strip()
    if text in options.names:
        return LETTERS[options.names.index(text)]
    place = _position(label)
    if first is not None and place is not None and 0 <= place - first < len(options.texts):
        return LETTERS[place - first]
    known = [normalised(option) for option in options.texts]
    matches = [i for i, option in enumerate(known) if option == normalised(text)]
    if len(matches) == 1 and not _LETTER.fullmatch(text):
        return LETTERS[matches[0]]
    read = final(text)
    letter = read.strip("(). :*").upper()
    if len(letter) == 1 and letter in LETTERS[: len(known) or None]:
        return letter
    if (both := _LETTERED.fullmatch(read)) and _is_option(both[1].upper(), normalised(both[2]), known, item.text):
        return both[1].upper()
    return LETTERS[matches[0]] if len(matches) == 1 else label


def _is_option(letter: str, said: str, known: Sequence[str], text: str) -> bool:
    """Whether "(B) iron" is what option B says."""
    if known:
        return letter in LETTERS[: len(known)] and known[LETTERS.index(letter)] == said
    return said in normalised(text)


def _same_text(item: RawLabel) -> bool:
    return normalised(str(item.label)) in {normalised(text) for text in item.options.texts}
