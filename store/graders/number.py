r"""Grader of numbers, exact: integers, decimals, fractions; units, currency and thousands commas are fine.

Read from the last `\boxed{}`, else after "the answer is", else the last number of the response. "3 or 4", "3 to 5",
"3, 4, 5", "not 3" and "at least 3" are no number.
"""

import re
from fractions import Fraction

from smacs.store.graders.shared.grader import NO_ANSWER, Grade, Grader
from smacs.store.graders.shared.responses import boxed, stated
from smacs.store.records import Question

_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+"
_NUMBER = re.compile(rf"(?P<sign>(?<![\w)])[-−](?=[\d$.]))?\$?(?P<top>{_DIGITS})(?:\s*+/\s*+(?P<bottom>{_DIGITS}))?")
_LATEX_FRACTION = re.compile(r"\\[dt]?frac\s*\{\s*([\d.,]+)\s*\}\s*\{\s*([\d.,]+)\s*\}")
_SPACED_SIGN = re.compile(r"(^|[=(:{$]|\bis)\s*+[-−]\s++(?=[\d$.])")
_OR = r"(?:\b(?:or|and|to|through|versus|vs|maybe|perhaps|possibly|alternatively|oder|ou|or else)\b|或者?|または|или)"
_WORDS = (
    r"zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|more|less|fewer|higher|lower|above|below|so"
)
_UNIT = r"[ \t]*(?:[^\W\d]{1,20}[ \t]*){0,3}"  # what may stand between a number and the "or" after it
_N = rf"(?:{_DIGITS})(?: ?/ ?(?:{_DIGITS}))?"
_HEDGE = re.compile(
    rf"{_N}{_UNIT}[ \t,;(*]*{_OR}[^\d\n.;]{{0,30}}?[-−]?\.?{_N}"
    rf"|{_N}{_UNIT}[ \t,;(*]*\bor\s+(?P<word>{_WORDS})\b"
    rf"|{_N}(?:[-–—~]| ?[–—~] ?|\s*(?:±|\+/-|\\pm)\s*){_N}"
    rf"|{_N}(?:\s*[,;|]\s*[-−]?{_N}){{1,50}}\s*,?\s*(?:{_OR}|[^\w\s]*\Z|[\])}}])",
    re.IGNORECASE,
)
_LOOSE = re.compile(
    r"\W*(?:not|neither|at (?:least|most)|(?:more|less|fewer|greater|larger|smaller) than|up to|either|between|±|\\pm)"
    r"(?!\w)",
    re.IGNORECASE,
)
_EITHER = re.compile(r"\b(?:or|maybe|perhaps|possibly|alternatively|oder|ou)\b|或|または|или", re.IGNORECASE)
_TEXT = re.compile(r"\\(?:text|mathrm|textbf)\s*\{([^{}]*)\}")
_LONGEST = 1000  # characters; Python reads no number over 4,300 digits
_NO_VALUE = re.compile(r"\\(?:text|mathrm|operatorname)\s*\{[^{}]*\}|\^\s*\{?\s*(?:\\circ|[23])\s*\}?|\\[,;!: ]")


def number(text: str) -> Fraction | None:
    """The value of a text that is one number and nothing else but units or markup; None when it is not."""
    found = _numbers(text)
    rest = _NUMBER.sub("", _plain(text))
    return found[0] if len(found) == 1 and not re.search(r"[a-zA-Z0-9\\+*/^=]", rest) else None


def find_number(response: str) -> Fraction | None:
    """The final number of a response, None when there is none."""
    inside = boxed(response)
    if inside and (found := _numbers(inside)):
        return None if hedged(inside) else found[-1] if "=" in inside else found[0]
    sentence = stated(response)
    if sentence and (found := _numbers(sentence.rsplit("=", 1)[-1])):
        return None if hedged(sentence, first=True) else found[0]
    found = _numbers(response)
    return found[-1] if found and not _last_hedged(response) else None


def hedged(text: str, *, first: bool = False) -> bool:
    """Whether a text names several numbers, or a range, instead of one; with `first` as to its first number only."""
    text = _TEXT.sub(r"\1", text[:_LONGEST].replace("{,}", ","))
    if _LOOSE.match(text):
        return True
    start = next((match.start() for match in _NUMBER.finditer(text)), 0)
    return any(_differ(match) for match in _HEDGE.finditer(text) if not first or match.start() <= start + 1)


def _last_hedged(response: str) -> bool:
    """Whether the last number of a response is one of several that it names together."""
    line = response.strip()[-_LONGEST:].rsplit("\n", 1)[-1]
    end = max((match.end() for match in _NUMBER.finditer(line)), default=0)
    return any(match.end() >= end and _EITHER.search(match[0]) and _differ(match) for match in _HEDGE.finditer(line))


def _differ(match: re.Match[str]) -> bool:
    """Whether the numbers that a hedge joins are not one and the same."""
    return len(set(_numbers(match[0]))) > 1 or match["word"] is not None


def _plain(text: str) -> str:
    text = _LATEX_FRACTION.sub(r" \1/\2 ", text).replace("{,}", ",").replace("\\$", "$").replace("\\%", "%")
    return _SPACED_SIGN.sub(r"\1 -", _NO_VALUE.sub(" ", text))


def _numbers(text: str) -> list[Fraction]:
    values = (_value(match) for match in _NUMBER.finditer(_plain(text)))
    return [value for value in values if value is not None]


def _value(match: re.Match[str]) -> Fraction | None:
    if len(match[0]) > _LONGEST:
        return None
    top = Fraction(match["top"].replace(",", ""))
    bottom = Fraction((match["bottom"] or "1").replace(",", ""))
    if bottom == 0:
        return None
    return (-top if match["sign"] else top) / bottom


def _grade(question: Question, response: str) -> Grade:
    value = find_number(response)
    if value is None:
        return NO_ANSWER
    return Grade(float(value == number(question.label)), str(value))


def _refuses(question: Question) -> str | None:
    return None if isinstance(question.label, str) and number(question.label) is not None else ""


GRADER = Grader("number", _grade, _refuses, 'a number as a string, like "69", "-1.5" or "3/4"')
