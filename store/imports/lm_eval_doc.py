"""The question in a sample of lm-evaluation-harness: from its `doc`, the row of the data set."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from smacs.store.create.labels import Labelled, read_label
from smacs.store.create.options import LETTERS, Options, parse_list
from smacs.store.identity import normalised
from smacs.store.imports.lm_eval_calls import Calls, read_calls
from smacs.store.imports.lm_eval_options import options_of, several_right, shown_options
from smacs.store.imports.lm_eval_text import question_text
from smacs.store.imports.question import Refused, make_question
from smacs.store.imports.told import told_text
from smacs.store.records import Question

_SUBJECTS = ("subject", "category", "subject_name", "type", "domain")
_NUMBER = re.compile(r"\d{1,3}")


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


class Asked(NamedTuple):
    """The question, what the LLM was asked for it, and the letter of the option that each continuation is.

    `without_options`: it chose by letter between options that are nowhere in the sample.
    """

    question: Question
    calls: Calls
    letters: list[str]
    without_options: bool = False


def asked(place: str, sample: Sample, field: str | None, dataset: str, refused: Refused) -> Asked:
    """What a sample says. Raises InputError where its question is nowhere to be found."""
    calls, doc = read_calls(sample.arguments), _one_problem(sample.doc)
    options, order = _options(doc, calls)
    subject = next((doc[key] for key in _SUBJECTS if isinstance(doc.get(key), str)), "")
    text = told_text(place, field, doc) if field is not None else question_text(place, doc, calls, options.texts)
    if options.texts:
        target = _right(sample.target, doc, calls, options, order)
        question = make_question(
            text, options=options.texts, target=target, dataset=dataset, subject=subject, refused=refused
        )
        letters = [LETTERS[number] for number in order]
        return Asked(question, calls, letters)
    if len(calls.continuations) > 1:  # by letter alone: a label would be of options that nobody can see
        return Asked(make_question(text, dataset=dataset, subject=subject), calls, [], without_options=True)
    asserts = doc.get("test_list")
    if asserts and isinstance(asserts, list):
        text = "\n".join([text, "", "Your code must pass these tests:", *map(str, asserts)])
    question = make_question(text, target=sample.target, row=doc, dataset=dataset, subject=subject, refused=refused)
    return Asked(question, calls, [])


def _one_problem(doc: Mapping[str, Any]) -> Mapping[str, Any]:
    """RACE keeps the problems of an article in a text; the last one is asked."""
    problems = doc.get("problems")
    if isinstance(problems, str):
        try:
            problems = parse_list(problems)
        except ValueError:
            return doc
    last = problems[-1] if isinstance(problems, list) and problems else None
    return {**doc, **last} if isinstance(last, Mapping) else doc


def _options(doc: Mapping[str, Any], calls: Calls) -> tuple[Options, list[int]]:
    """The options, and the number of the one that each continuation is."""
    count = len(calls.continuations)
    if count < 2:
        return options_of(doc), []
    if not calls.choosing:  # the options are in the prompts, the same goes on after each: Winogrande
        return options_of(doc, count), list(range(count))
    own, marks = options_of(doc, count), calls.marked()
    if marks is not None:
        own = own if _says_more(own, calls) else shown_options(calls.prompt, count)
        if own.texts:
            return own, marks
        numbers = all(text.isdecimal() for text in calls.continuations)
        return (Options(calls.continuations), list(range(count))) if numbers else (Options(), [])
    known, said = [[normalised(text) for text in texts] for texts in (own.texts, calls.continuations)]
    if len(set(known)) == count and sorted(known) == sorted(said):
        return own, [known.index(text) for text in said]
    return Options(calls.continuations), list(range(count))


def _says_more(options: Options, calls: Calls) -> bool:
    """Whether options are more than the letters that the LLM chose from."""
    marks = {text.strip("(). :").casefold() for text in calls.continuations}
    return bool(options.texts) and not all(text.strip("(). :").casefold() in marks for text in options.texts)


def _right(target: Any, doc: Mapping[str, Any], calls: Calls, options: Options, order: Sequence[int]) -> str | None:
    """The letter of the right option; None where the sample does not say which one it is."""
    if isinstance(target, list) and len(target) == 1:
        target = target[0]
    if several_right(doc, options.texts):
        return None
    if not order:
        return _letter(target, options)
    text = str(target).strip()
    if not calls.choosing:
        return next((letter for name in ("answer", "label") if (letter := _named(doc.get(name), options))), None)
    if _NUMBER.fullmatch(text):
        return LETTERS[order[int(text)]] if int(text) < len(order) else None
    same = [i for i, said in enumerate(calls.continuations) if normalised(said) == normalised(text)]
    return LETTERS[order[same[0]]] if len(same) == 1 else _letter(target, options)


def _letter(target: Any, options: Options) -> str | None:
    read = read_label(Labelled(target, options), "choice", None)
    return read if isinstance(read, str) and len(read) == 1 and read in LETTERS[: len(options.texts)] else None


def _named(value: Any, options: Options) -> str | None:
    """The letter of the option with this name in the data set."""
    text = str(value).strip().upper()
    return LETTERS[options.names.index(text)] if text in options.names else None
