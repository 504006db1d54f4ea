"""The options of a multiple choice in a row of a data set, under whatever names it keeps them."""

import re
import string
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from smacs.store.create.options import Options, is_missing, read_options
from smacs.store.identity import normalised

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
        if (
            isinstance(table, Mapping)
            and isinstance(table.get("choices"), list)
            and isinstance(table.get("labels"), list)
        ):
            same = [normalised(str(text)) for text in table["choices"]] == known
            if same and table["labels"].count(1) > 1:
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
