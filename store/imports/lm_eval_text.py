"""The text of a question from the fields of a row: the question itself, and the passage that it is about."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from smacs.errors import InputError
from smacs.store.create.columns import as_text
from smacs.store.identity import normalised
from smacs.store.imports.lm_eval_calls import Calls

_QUESTIONS = (
    *("question", "problem", "prompt", "query", "instruction", "input", "goal", "question_stem", "question_str"),
    *("input_question", "startphrase", "ctx", "sent1"),
)
_CONTEXTS = (
    *("passage", "flores_passage", "context", "contexts", "article", "story", "body", "premise", "paragraph"),
    *("document", "document_str", "support", "background", "scenario", "dialogue", "table", "facts", "abstract"),
)
# Fields that are a question where there is no other one; what stands beside them says what is asked of them.
_LONE = ("sentence", "text", "hypothesis", "statement", "claim", "inputs", "sentence1", "question1")
_BESIDE = ("hypothesis", "sentence2", "question2", "word", "span2_text", "span1_text")
_ANSWERS = re.compile(r"answer|solution|rational|explan|reason|target|label|gold|\bcot|output|response|id$|code$|test")
_CAUSES = {"cause": "What was the cause?", "effect": "What was the effect?"}  # COPA's questions in full
_LONG = 20  # characters that are in a prompt by no accident
_CUE = re.compile(r"\n?[^\n:：]{0,20}[:：][ \t]*\Z")  # "Answer:", after which the LLM goes on


def question_text(place: str, doc: Mapping[str, Any], calls: Calls, options: Sequence[str]) -> str:
    """The question with its passage, as the data set has it: the prompt may hold examples too.

    Where no field is known to be the question, it is the prompt from the first field of the row on. Raises InputError.
    """
    fields = _texts(doc)
    name = next((name for name in _QUESTIONS if name in fields), None)
    if name is None and (tail := _tail(fields, calls.prompt)):
        return tail
    name = name or next((name for name in _LONE if name in fields), None)
    if name is None:
        raise InputError(
            f"{place}: no field of `doc` is known to be the question ({', '.join(doc)}). Name it with --text FIELD, "
            "or several as --text '{first}\\n{second}'."
        )
    main = fields[name]
    if calls.prompt and main.startswith(calls.prompt.strip()):  # the text goes on with what was asked for: LAMBADA
        return calls.prompt.strip()
    main = _CAUSES.get(main, main)
    before = _before(name, fields | {name: main}, calls.prompt, options)
    after = [fields[beside] for beside in _BESIDE if beside in fields and name in _LONE and beside != name]
    return "\n".join([*before, main, *after])


def _texts(doc: Mapping[str, Any]) -> dict[str, str]:
    """The fields that hold a text, or a list of texts, by their names in small letters."""
    texts = {}
    for key, value in doc.items():
        whole = isinstance(value, list) and all(isinstance(item, str) for item in value)
        if (isinstance(value, str) or whole) and (text := as_text(value).strip()):
            texts[key.casefold()] = text
    return texts


def _before(name: str, fields: Mapping[str, str], prompt: str, options: Iterable[str]) -> list[str]:
    """What the question is about: fields that are known for it, and long ones that the prompt has before it."""
    seen = _Seen(prompt)
    own = seen.place(fields[name])
    found = {}
    known = [context for context in _CONTEXTS if context in fields and context != name]
    for context in known:
        there = seen.place(fields[context])
        if there >= 0 or own < 0:  # a passage that was not asked with the question is no part of it
            found[context] = there
    chosen = "\n".join(map(normalised, options))
    for other, text in fields.items():
        long = len(text) >= _LONG and not _ANSWERS.search(other) and normalised(text) not in chosen
        if long and other not in (*known, name) and 0 <= (there := seen.place(text)) < own:
            found[other] = there
    kept = [fields[name]]
    for context in sorted(found, key=found.__getitem__):
        if not any(normalised(fields[context]) in normalised(text) for text in kept):
            kept.append(fields[context])
    return kept[1:]


class _Seen:
    """Where texts stand in a prompt, white space, letter case and escapes aside."""

    def __init__(self, prompt: str) -> None:
        self.prompt = normalised(prompt.replace("\\n", "\n").replace('\\"', '"'))

    def place(self, text: str) -> int:
        """Where it begins for the last time, -1 where it does not stand there; its first or last words do."""
        whole = normalised(text).rstrip(".?! ")
        for part in (whole, whole[:60], whole[-60:]):
            if len(part) > 2 and (there := self.prompt.rfind(part)) >= 0:
                return there
        return -1


def _tail(fields: Mapping[str, str], prompt: str) -> str:
    """The prompt from the first long field on: the examples in it are before."""
    places = [
        there
        for name, text in fields.items()
        if len(text) >= _LONG and not _ANSWERS.search(name) and (there := prompt.rfind(text)) >= 0
    ]
    return _CUE.sub("", prompt[min(places) :]).strip() if places else ""
