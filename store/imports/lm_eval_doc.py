"""The question in a sample of lm-evaluation-harness: from its `doc`, the row of the data set."""

import string
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from smacs.pool.errors import InputError
from smacs.store.create.options import read_options
from smacs.store.imports.question import make_question
from smacs.store.imports.told import told_text
from smacs.store.records import Question

_TEXTS = ("question", "problem", "prompt", "query", "instruction", "input", "text", "goal")
_OPTIONS = (("choices",), ("options",), ("endings",), ("opa", "opb", "opc", "opd"))
_SUBJECTS = ("subject", "category", "subject_name", "type", "domain")


class Sample(msgspec.Struct):
    """The fields that every version has; scores stand beside them under their own names."""

    doc_id: int | str
    doc: dict[str, Any]
    target: Any
    arguments: dict[str, dict[str, Any]] | list[list[Any]]
    resps: list[Any]
    filtered_resps: list[Any]
    filter: str = "none"
    metrics: list[str] = []
    doc_hash: str = ""
    prompt_hash: str = ""
    target_hash: str = ""


def question_of(place: str, sample: Sample, field: str | None, dataset: str) -> tuple[Question, list[str]]:
    """The question, and the options that the LLM chose from by likelihood."""
    doc = sample.doc
    text = _text(place, doc, field)
    subject = next((doc[key] for key in _SUBJECTS if isinstance(doc.get(key), str)), "")
    continuations = _continuations(sample.arguments)
    options = _options(place, doc) or continuations
    if options:
        target = _target(str(sample.target), options, by_index=bool(continuations))
        question = make_question(text, options=options, target=target, dataset=dataset, subject=subject)
        return question, options if continuations else []
    asserts = doc.get("test_list")
    if asserts and isinstance(asserts, list):
        text = "\n".join([text, "", "Your code must pass these tests:", *map(str, asserts)])
    target = str(sample.target)
    return make_question(text, target=target, asserts=asserts, dataset=dataset, subject=subject), []


def _text(place: str, doc: Mapping[str, Any], field: str | None) -> str:
    """The question as the data set has it: the prompt may hold examples too."""
    if field is not None:
        return told_text(place, field, doc)
    names = {key.casefold(): key for key in doc}
    found = [doc[names[key]] for key in _TEXTS if key in names]
    texts = [value for value in found if isinstance(value, str) and value.strip()]
    if not texts:
        raise InputError(
            f"{place}: no field of `doc` is known to be the question ({', '.join(doc)}). Name it with --text FIELD."
        )
    return texts[0]


def _options(place: str, doc: Mapping[str, Any]) -> list[str]:
    for columns in _OPTIONS:
        if all(doc.get(column) for column in columns):
            try:
                return list(read_options([doc[column] for column in columns]).texts)
            except ValueError as error:
                raise InputError(f"{place}: `doc.{columns[0]}`: {error}.") from error
    return []


def _continuations(arguments: dict[str, dict[str, Any]] | list[list[Any]]) -> list[str]:
    """What the LLM was to find likely, one for each option; none where it wrote an answer."""
    calls = list(arguments.values()) if isinstance(arguments, dict) else [dict(enumerate(call)) for call in arguments]
    second = [list(call.values())[1:2] for call in calls]
    texts = [parts[0].strip() for parts in second if parts and isinstance(parts[0], str)]
    return texts if len(texts) == len(calls) > 1 else []


def _target(target: str, options: Sequence[str], *, by_index: bool) -> str:
    if by_index and target.isdecimal() and int(target) < len(options):
        return string.ascii_uppercase[int(target)]
    return target
