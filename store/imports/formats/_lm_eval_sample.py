"""A sample of lm-evaluation-harness: its question, and what the LLM was asked for it.

The question comes from its `doc`, the row of the data set; `_lm_eval_row` knows the names that rows use.
"""

import re
import string
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from smacs.store.create.options import LETTERS, Options, parse_list
from smacs.store.imports.formats._lm_eval_row import options_of, question_text, several_right, shown_options
from smacs.store.imports.question import LabelProblems, field_text, letter_of, make_question
from smacs.store.records import Question
from smacs.store.text import normalised

_SUBJECTS = ("subject", "category", "subject_name", "type", "domain")
_NUMBER = re.compile(r"\d{1,3}")
_MARK = re.compile(r"\(?([^\W_]|\d{1,2})[).:]?")  # "A", "(B)", "3.", a letter of any script


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


class Requests(NamedTuple):
    """The requests for one sample: the prompts, and the continuations that the LLM was to weigh.

    There are no continuations where it wrote an answer.
    """

    prompts: tuple[str, ...]
    continuations: tuple[str, ...]

    @property
    def prompt(self) -> str:
        """The prompt; "" where each continuation has one of its own."""
        return self.prompts[0] if len(set(self.prompts)) == 1 else ""

    @property
    def choosing(self) -> bool:
        """Whether the LLM chose between continuations that differ."""
        return len(set(self.continuations)) > 1

    def marked(self) -> list[int] | None:
        """The options that the continuations are bare marks of, by number from 0; None where they are texts."""
        marks = [match[1] for text in self.continuations if (match := _MARK.fullmatch(text))]
        if not self.choosing or len(marks) != len(self.continuations):
            return None
        letters = sorted(mark.upper() for mark in marks)
        if letters == list(string.ascii_uppercase[: len(marks)]):
            return [string.ascii_uppercase.index(mark.upper()) for mark in marks]
        if all(mark.isdecimal() for mark in marks):
            numbers = [int(mark) for mark in marks]
            first = min(numbers)
            return [n - first for n in numbers] if sorted(numbers) == [*range(first, first + len(marks))] else None
        foreign = all(mark.isalpha() and not mark.isascii() for mark in marks)
        return list(range(len(marks))) if foreign and len(set(marks)) == len(marks) else None

    def likeliest(self, replies: Sequence[Any], *, by_length: bool) -> int | None:
        """The number of the likeliest continuation; each reply is [[log-likelihood, is_greedy]].

        `by_length`: per character, as the score acc_norm has it.
        """
        try:
            scores = [float(first_text(reply)) for reply in replies]
        except ValueError:
            return None
        if len(scores) < len(self.continuations) or any(score != score for score in scores):
            return None
        lengths = [len(text) or 1 if by_length else 1 for text in self.continuations]
        ranked = [score / length for score, length in zip(scores, lengths, strict=False)]
        return max(range(len(ranked)), key=ranked.__getitem__)


class SampleQuestion(NamedTuple):
    """The question, the requests for it, and the letter of the option that each continuation is.

    `without_options`: the LLM chose by letter between options that are nowhere in the sample.
    """

    question: Question
    requests: Requests
    letters: list[str]
    without_options: bool = False


def read_sample(place: str, sample: Sample, field: str | None, dataset: str, problems: LabelProblems) -> SampleQuestion:
    """The question of a sample; `field` is the user's `--text`. Raises InputError where there is none to be found."""
    requests, doc = read_requests(sample.arguments), _one_problem(sample.doc)
    options, order = _options(doc, requests)
    subject = next((doc[key] for key in _SUBJECTS if isinstance(doc.get(key), str)), "")
    if field is not None:
        text = field_text(place, field, doc)
    else:
        text = question_text(place, doc, requests.prompt, options.texts)
    if options.texts:
        target = _right(sample.target, doc, requests, options, order)
        question = make_question(
            text, options=options.texts, target=target, dataset=dataset, subject=subject, problems=problems
        )
        letters = [LETTERS[number] for number in order]
        return SampleQuestion(question, requests, letters)
    if len(requests.continuations) > 1:  # by letter alone: a label would be of options that nobody can see
        return SampleQuestion(make_question(text, dataset=dataset, subject=subject), requests, [], without_options=True)
    asserts = doc.get("test_list")
    if asserts and isinstance(asserts, list):
        text = "\n".join([text, "", "Your code must pass these tests:", *map(str, asserts)])
    question = make_question(text, target=sample.target, row=doc, dataset=dataset, subject=subject, problems=problems)
    return SampleQuestion(question, requests, [])


def _one_problem(doc: Mapping[str, Any]) -> Mapping[str, Any]:
    """RACE keeps the problems of an article in a text; the last one is asked."""
    listed = doc.get("problems")
    if isinstance(listed, str):
        try:
            listed = parse_list(listed)
        except ValueError:
            return doc
    last = listed[-1] if isinstance(listed, list) and listed else None
    return {**doc, **last} if isinstance(last, Mapping) else doc


def _options(doc: Mapping[str, Any], requests: Requests) -> tuple[Options, list[int]]:
    """The options, and the number of the one that each continuation is."""
    count = len(requests.continuations)
    if count < 2:
        return options_of(doc), []
    if not requests.choosing:  # the options are in the prompts, the same goes on after each: Winogrande
        return options_of(doc, count), list(range(count))
    own, marks = options_of(doc, count), requests.marked()
    if marks is not None:
        own = own if _says_more(own, requests) else shown_options(requests.prompt, count)
        if own.texts:
            return own, marks
        numbers = all(text.isdecimal() for text in requests.continuations)
        return (Options(requests.continuations), list(range(count))) if numbers else (Options(), [])
    known, said = [[normalised(text) for text in texts] for texts in (own.texts, requests.continuations)]
    if len(set(known)) == count and sorted(known) == sorted(said):
        return own, [known.index(text) for text in said]
    return Options(requests.continuations), list(range(count))


def _says_more(options: Options, requests: Requests) -> bool:
    """Whether options are more than the letters that the LLM chose from."""
    marks = {text.strip("(). :").casefold() for text in requests.continuations}
    return bool(options.texts) and not all(text.strip("(). :").casefold() in marks for text in options.texts)


def _right(
    target: Any, doc: Mapping[str, Any], requests: Requests, options: Options, order: Sequence[int]
) -> str | None:
    """The letter of the right option; None where the sample does not say which one it is."""
    if isinstance(target, list) and len(target) == 1:
        target = target[0]
    if several_right(doc, options.texts):
        return None
    if not order:
        return letter_of(target, options)
    text = str(target).strip()
    if not requests.choosing:
        return next((letter for name in ("answer", "label") if (letter := _named(doc.get(name), options))), None)
    if _NUMBER.fullmatch(text):
        return LETTERS[order[int(text)]] if int(text) < len(order) else None
    same = [i for i, said in enumerate(requests.continuations) if normalised(said) == normalised(text)]
    return LETTERS[order[same[0]]] if len(same) == 1 else letter_of(target, options)


def _named(value: Any, options: Options) -> str | None:
    """The letter of the option with this name in the data set."""
    text = str(value).strip().upper()
    return LETTERS[options.names.index(text)] if text in options.names else None


def read_requests(arguments: Mapping[str, Mapping[str, Any]] | Sequence[Sequence[Any]]) -> Requests:
    """From the arguments of a sample in either of their forms."""
    if isinstance(arguments, Mapping):
        requests = [list(request.values()) for request in arguments.values()]
    else:
        requests = [list(request) for request in arguments]
    prompts = tuple(request[0] if request and isinstance(request[0], str) else "" for request in requests)
    texts = tuple(request[1].strip() for request in requests if len(request) > 1 and isinstance(request[1], str))
    if len(texts) != len(requests):
        return Requests(prompts, ())
    half = len(texts) // 2
    twice = half > 1 and texts == texts[:half] * 2 and not any(prompts[half:]) and any(prompts)
    if twice:  # acc_mutual_info asks a second time without the prompt
        return Requests(prompts[:half], texts[:half])
    return Requests(prompts, texts)


def first_text(value: Any) -> str:
    """The first text in lists within lists."""
    while isinstance(value, list) and value:
        value = value[0]
    return "" if isinstance(value, list) or value is None else str(value)
