r"""Grader of numbers, exact: integers, decimals, fractions; units, currency and thousands commas are fine.

Read from the last `\boxed{}`, else after "the answer is", else the last number of the response.
"""

import re
from fractions import Fraction

from smacs.store.graders.final import boxed, stated
from smacs.store.graders.grader import NO_ANSWER, Grade, Grader
from smacs.store.records import Question

_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+"
_NUMBER = re.compile(rf"(?P<sign>(?<![\w)])[-−](?=[\d$.]))?\$?(?P<top>{_DIGITS})(?:\s*+/\s*+(?P<bottom>{_DIGITS}))?")
_LATEX_FRACTION = re.compile(r"\\[dt]?frac\s*\{\s*([\d.,]+)\s*\}\s*\{\s*([\d.,]+)\s*\}")
_SPACED_SIGN = re.compile(r"(^|[=(:{$]|\bis)\s*+[-−]\s++(?=[\d$.])")
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
        return found[-1] if "=" in inside else found[0]
    sentence = stated(response)
    if sentence and (found := _numbers(sentence.rsplit("=", 1)[-1])):
        return found[0]
    found = _numbers(response)
    return found[-1] if found else None


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


def _accepts(question: Question) -> bool:
    return isinstance(question.label, str) and number(question.label) is not None


NUMBER = Grader(_grade, _accepts, 'a number as a string, like "69", "-1.5" or "3/4"')
