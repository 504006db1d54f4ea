"""Which column of a source holds what: as the user says, else by the names that data sets usually have."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from smacs.errors import InputError
from smacs.store.create.options import is_missing
from smacs.store.create.sources import Source

OPTIONS = "options"  # what a template calls the folded options, whatever columns they come from
_PLACE = re.compile(r"\{([^{}]+)\}")
_USUAL: Mapping[str, tuple[str, ...]] = {
    "text": ("question", "problem", "prompt", "text", "query", "instruction", "input"),
    "label": (
        *("label", "answer", "gold_answer", "answerkey", "answer_key", "correct_answer", "gold", "target"),
        *("answer_index", "answer_idx", "cop", "expected", "test_list", "solution"),
    ),
    "options": ("options", "choices"),
    "setup": ("test_setup_code",),
    "dataset": ("dataset",),
    "subject": ("subject", "category", "subject_name", "topic"),
    "task": ("task",),
    "grader": ("grader",),
}
_GROUPS = ("{}", "option_{}", "option{}", "opt_{}", "op{}", "choice_{}")  # one column for each option
_TESTS = "test_list"


@dataclass(frozen=True, slots=True)
class Columns:
    """A column or template for each field; `options` are the columns of the options, in order.

    `found` are the fields that the user did not name.
    """

    fields: Mapping[str, str]
    options: tuple[str, ...] = ()
    found: frozenset[str] = frozenset()

    def describe(self) -> str:
        """The mapping in one line; fields that were found by the name of a column are marked."""
        texts = [f"{name}={value!r}{' (found)' if name in self.found else ''}" for name, value in self.fields.items()]
        return ", ".join(texts).replace("\\\\n", "\\n")


def find_columns(source: Source, names: Iterable[str], *, label: bool = True) -> Columns:
    """The columns of a source that has columns `names`. Raises InputError.

    Without `label` only the text is needed, and a mapping to columns that are not there is ignored.
    """
    there = dict.fromkeys(names)
    if not label:
        source = _texts_alone(source, there)
    fields = {name: value for name, value in source.columns.items() if name != "options"}
    fixed = {*fields, *source.constants}
    usual = {name: column for name, column in _by_name(there) if name not in fixed}
    options = _options(source, there)
    fields |= usual
    for name in ("text", "label") if label else ("text",):
        if name not in fields:
            raise InputError(f"{source.where}: which column is the {name}? {_advice(name, there)}")
    if not is_template(fields["text"]):
        fields["text"] = _text(fields, bool(options))
    result = Columns(fields, options, frozenset(usual))
    _check(source, result, there)
    return result


def is_template(value: str) -> bool:
    """Whether a mapping is a text with {columns} in it."""
    return "{" in value


def as_template(value: str) -> str:
    """A mapping as a template, which a single column is too."""
    return value if is_template(value) else f"{{{value}}}"


def columns_in(template: str) -> list[str]:
    """The columns that a template names."""
    return _PLACE.findall(template)


def as_text(value: Any) -> str:
    """A cell as text: a list has an item a line, a missing one is empty."""
    if isinstance(value, list):
        return "\n".join(map(as_text, value))
    return "" if is_missing(value) else str(value)


def fill(template: str, values: Mapping[str, str]) -> str:
    """A template with its columns filled in."""
    return _PLACE.sub(lambda match: values[match[1]], template).strip()


def _texts_alone(source: Source, there: Iterable[str]) -> Source:
    """The source with its mappings of text and options alone, where it has those columns."""
    kept = {name: source.columns[name] for name in ("text", "options") if name in source.columns}
    for name, value in list(kept.items()):
        used = columns_in(value) if is_template(value) else value.split(",")
        if not {column.strip() for column in used} <= {*there, OPTIONS}:
            del kept[name]
    return replace(source, columns=kept, constants={})


def _by_name(there: Iterable[str]) -> Iterator[tuple[str, str]]:
    folded = {name.casefold(): name for name in there}
    for field, names in _USUAL.items():
        if field != "options" and (name := next((name for name in names if name in folded), None)):
            yield field, folded[name]


def _options(source: Source, there: Iterable[str]) -> tuple[str, ...]:
    """The columns of the options: those that the user named, one that holds a list, or a column for each option."""
    if given := source.columns.get("options"):
        return tuple(name.strip() for name in given.split(","))
    folded = {name.casefold(): name for name in there}
    if one := next((folded[name] for name in _USUAL["options"] if name in folded), None):
        return (one,)
    for pattern in _GROUPS:
        group = [folded[name] for letter in "abcdefghij" if (name := pattern.format(letter)) in folded]
        if len(group) > 1:
            return tuple(group)
    return ()


def _text(fields: Mapping[str, str], options: bool) -> str:
    """The text's template: what an LLM needs to answer belongs to the question."""
    text = f"{{{fields['text']}}}"
    if options:
        return f"{text}\n{{{OPTIONS}}}"
    if fields.get("label") == _TESTS:
        return f"{text}\nYour code should pass these tests:\n{{{_TESTS}}}"
    return text


def _check(source: Source, columns: Columns, there: Iterable[str]) -> None:
    used = list(columns.options)
    for value in columns.fields.values():
        used += columns_in(value) if is_template(value) else [value]
    for name in used:
        if name not in there and not (name == OPTIONS and columns.options):
            raise InputError(f"{source.where} has no column {name!r}; it has {', '.join(there)}.")


def _advice(name: str, there: Iterable[str]) -> str:
    return f"Its columns are {', '.join(there)}. Say --map {name}=COLUMN."
