"""What a row of a data set asks, under whatever names its fields have: the question, its passage, its options."""

import re
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from smacs.errors import InputError
from smacs.store.create.columns import as_text
from smacs.store.create.options import Options, is_missing, read_options
from smacs.store.text import normalised

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
_LISTS = (
    *("choices", "options", "endings", "candidates", "answer_choices", "answer_options", "input_choice_list"),
    *("multiple_choice_targets", "text_options", "mc1_targets", "mc2_targets", "answers", "classes"),
)
# The option columns of data sets are numbered or lettered: ending0, option_a, mc_answer1, sol2, opa, answerB, A.
_NUMBERED = re.compile(r"(?P<stem>.*?)[ _.]?(?P<mark>\d|[a-jA-J])")
_STEMS = re.compile(
    r"|(?:mc|input|correct|possible)?(?:options?|opt?|choices?|answers?|ans|endings?|sol|solution|candidates?|alternative)"
    r"|sentencequiz|fifthsentencequiz"
)
_SHOWN = re.compile(r"[ \t]*\(?([A-Za-z]|\d)[).:][ \t]*(\S.*)")


def question_text(place: str, doc: Mapping[str, Any], prompt: str, options: Sequence[str]) -> str:
    """The question with its passage, as the data set has it: the prompt may hold examples too.

    Where no field is known to be the question, it is the prompt from the first field of the row on. Raises InputError.
    """
    fields = _texts(doc)
    name = next((name for name in _QUESTIONS if name in fields), None)
    if name is None and (tail := _tail(fields, prompt)):
        return tail
    name = name or next((name for name in _LONE if name in fields), None)
    if name is None:
        raise InputError(
            f"{place}: no field of `doc` is known to be the question ({', '.join(doc)}). Name it with --text FIELD, "
            "or several as --text '{first}\\n{second}'."
        )
    main = fields[name]
    if prompt and main.startswith(prompt.strip()):  # the text goes on with what was asked for: LAMBADA
        return prompt.strip()
    main = _CAUSES.get(main, main)
    before = _before(name, fields | {name: main}, prompt, options)
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


def options_of(row: Mapping[str, Any], count: int | None = None) -> Options:
    """The first options that the row has; with `count` the first ones of that number. None where there are none."""
    found = (options for options in _all_options(row) if len(options.texts) > 1)
    return next((options for options in found if count in (None, len(options.texts))), Options())


def shown_options(prompt: str, count: int) -> Options:
    """The last `count` options, one a line, that a prompt shows: those of an LLM's examples come before."""
    marks = (string.ascii_uppercase[:count], string.ascii_lowercase[:count], string.digits[1 : count + 1])
    found = [match for line in prompt.splitlines() if (match := _SHOWN.match(line))][-count:]
    if "".join(match[1] for match in found) not in marks:
        return Options()
    return Options(tuple(match[2].strip() for match in found))


def several_right(row: Mapping[str, Any], options: Sequence[str]) -> bool:
    """Whether the row calls several of these options right, as in TruthfulQA's second task."""
    known = [normalised(option) for option in options]
    for table in row.values():
        choices, labels = (table.get("choices"), table.get("labels")) if isinstance(table, Mapping) else (None, None)
        if isinstance(choices, list) and isinstance(labels, list):
            same = [normalised(str(text)) for text in choices] == known
            if same and labels.count(1) > 1:
                return True
    return False


def _all_options(row: Mapping[str, Any]) -> Iterator[Options]:
    names = {key.casefold(): key for key in row}
    for name in _LISTS:
        if name in names and (options := _read([_texts_in(row[names[name]])])):
            yield options
    for keys in _series(row).values():
        if options := _read([row[key] for key in keys.values()]):
            yield Options(options.texts, tuple(keys)[: len(options.texts)])


def _texts_in(value: Any) -> Any:
    """A table of texts and ids, or of choices and labels, as its texts."""
    if isinstance(value, Mapping) and not ("text" in value and "label" in value):
        return next(
            (value[key] for key in ("choices", "text", "answer_str") if isinstance(value.get(key), list)), value
        )
    return value


def _read(values: list[Any]) -> Options | None:
    try:
        return read_options(values)
    except ValueError:  # a column that is called so and holds something else
        return None


def _series(row: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Columns by their common stem, and by number or letter within: {"mcanswer": {"1": "mc_answer1", ...}}."""
    found: dict[str, dict[str, str]] = {}
    for key, value in row.items():
        match = _NUMBERED.fullmatch(key)
        if match and isinstance(value, str | int | float) and not isinstance(value, bool) and not is_missing(value):
            stem = re.sub(r"[ _.]", "", match["stem"]).casefold()
            if _STEMS.fullmatch(stem) and (stem or match["mark"].isalpha()):
                found.setdefault(stem, {})[match["mark"].upper()] = key
    return {stem: dict(sorted(keys.items())) for stem, keys in found.items() if _is_whole("".join(sorted(keys)))}


def _is_whole(marks: str) -> bool:
    runs = (string.digits, string.digits[1:], string.ascii_uppercase)
    return len(marks) > 1 and any(run.startswith(marks) for run in runs)
