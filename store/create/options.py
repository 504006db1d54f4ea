"""The options of a multiple choice, read from any of the forms that data sets keep them in."""

import ast
import json
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LETTERS = string.ascii_uppercase


@dataclass(frozen=True, slots=True)
class Options:
    """The texts in order, and the names that the data set gives them (empty: none)."""

    texts: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def folded(self) -> str:
        """One `(A) ...` line for each."""
        return "\n".join(f"({letter}) {text}" for letter, text in zip(LETTERS, self.texts, strict=False))


def is_missing(value: Any) -> bool:
    """Whether a cell is empty: null, NaN or white space."""
    return value is None or value != value or (isinstance(value, str) and not value.strip())


def read_options(values: Sequence[Any]) -> Options:
    """Options from the cells of their columns: one cell for each, or one cell that holds all of them.

    Raises ValueError for cells that hold none.
    """
    value = values[0] if len(values) == 1 else list(values)
    if is_missing(value):
        return Options()
    if isinstance(value, str):
        value = parse_list(value)
    names, texts = _named(value)
    kept = [i for i, text in enumerate(texts) if not is_missing(text)]
    if len(kept) > len(LETTERS):
        raise ValueError(f"expected at most {len(LETTERS)} options, got {len(kept)}")
    named = tuple(str(names[i]) for i in kept) if names else ()
    return Options(tuple(str(texts[i]).strip() for i in kept), named)


def _named(value: Any) -> tuple[Sequence[Any], Sequence[Any]]:
    """(names, texts) of a list, {"label": [...], "text": [...]}, {"A": ...}, or [{"label": ..., "text": ...}]."""
    if isinstance(value, Mapping):
        if isinstance(value.get("text"), Sequence) and isinstance(value.get("label"), Sequence):
            return value["label"], value["text"]
        return list(value), list(value.values())
    if isinstance(value, list | tuple):
        if all(isinstance(item, Mapping) and {"label", "text"} <= set(item) for item in value):
            return [item["label"] for item in value], [item["text"] for item in value]
        return (), value
    raise ValueError(f"expected a list of options, got {str(value)[:60]!r}")


def parse_list(text: str) -> Any:
    """A list that was written into a cell of a table: as JSON, or as Python or numpy prints it. Raises ValueError.

    pandas writes a column of lists as numpy prints them: `['first' 'second']`, which is one text to Python, over
    several lines where it is long, or `array(['first', 'second'], dtype=object)`.
    """
    bare = _CALL.sub(lambda match: match[1] or "", text) if "(" in text else text
    if (items := _without_commas(bare)) is not None:
        return items
    for parse in (json.loads, ast.literal_eval):
        try:
            return parse(text if parse is json.loads else bare)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    raise ValueError(f'expected a list such as ["first", "second"], got {text[:60]!r}')


# A text in either quotes with its escapes.
_TEXT = r"""'[^'\\]*+(?:\\.[^'\\]*+)*+'|"[^"\\]*+(?:\\.[^"\\]*+)*+\""""
_ITEM = re.compile(rf"""{_TEXT}|[^\s,'"\[\]]++""", re.DOTALL)  # numbers and the like stand bare
_LIST = re.compile(rf"""\s*\[(?:{_TEXT}|[^'"\[\],])*+\]\s*""", re.DOTALL)
_CALL = re.compile(  # what numpy writes around lists and numbers
    rf"""({_TEXT})|(?:np\.|numpy\.)?\b(?:array|\w+_|u?int\d+|float\d+)\(|(?:,\s*dtype=[\w.'<>]+\s*)?\)""", re.DOTALL
)


def _without_commas(text: str) -> list[Any] | None:
    """The items of `['first' 'second']` or `[1 2]`; None for another text. Raises ValueError where items are lost."""
    items = _ITEM.findall(text.strip()[1:-1]) if _LIST.fullmatch(text) else []
    if "..." in items:
        raise ValueError(f"numpy has left out the middle of a long list here, and it is lost: {text[:60]!r}")
    try:
        return [ast.literal_eval(item) for item in items] or None
    except (ValueError, SyntaxError):
        return None
