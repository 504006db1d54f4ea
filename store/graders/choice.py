r"""Grader of multiple choice: finds the letter a response settles on.

Explicit statements ("the answer is (B)", "Answer: B", `\boxed{B}`, "B is correct") come first, the last of
them wins; else a bare letter as the last line; else the only letter that is marked up as an option. Nothing
is guessed: several candidates, a hedge ("A or B") or only the option's text give no answer. What follows after the
LLM has begun another question is not read.
"""

import re
import string
from collections.abc import Sequence
from itertools import takewhile

from smacs.store.graders.shared.grader import NO_ANSWER, Grade, Grader
from smacs.store.records import Question

_OPTION_LINE = re.compile(r"^[ \t]*\(?([A-Z])[).:]\s+\S", re.MULTILINE)
_OPTION = re.compile(r"(?<![\w(])\(?([A-Z])[).:][ \t]*\S")
_PATTERNS = (
    # \boxed{B}, \boxed{\text{(B) iron}}
    r"\\boxed\s*\{\s*(?:\\(?:text|mathrm|textbf|mathbf)\s*\{)?\s*\(?(?P<L>[LETTERS])(?![a-zA-Z])",
    # answer is (B), Answer: **B**, correct option is b. (but not "the answer is A cat" or "... a cat")
    r"(?i:\banswer\b[\s*_\"']*+(?:is|was|would be|:|=|-)?|\b(?:option|choice)\b[\s*_]*+(?:is|would be))"
    r"[\s*_:\"'`$<]*+(?i:(?:option|choice|letter)\b)?[\s*_\"'`$<]*+\(?(?P<L>[LETTERS](?!\w|')"
    r"(?!(?<=A)[ \t]+(?!(?:because|since|as|for|which|due|is|and|or)\b)[a-z])"
    r"|(?<=\()[letters](?=\))|(?<=\*\*)[letters](?=\*\*)|[letters](?=[.)\s]*(?:\n|$)))",
    # the answer is iron (B)
    r"(?i:\banswer is\b)[^\n.()]{1,60}\((?P<L>[LETTERS])\)",
    # (B) is correct, option B is the right one
    r"\(?\b(?P<L>[LETTERS])\b\)?[*_\"']*\s+is\s+(?:the\s+)?(?:correct|right)\b",
)
_JOIN = r"\s*(?:\(?\b(?:or|and|and/or|versus|vs|oder|ou)\b|[/,;&|]|或|和)\s*"
_PERHAPS = r"(?:(?:,|else|even|maybe|perhaps|possibly|either|also|the|option|choice|answer)\s*){0,3}"
_HEDGE = re.compile(rf"[)*_\"'.}}]*(?:{_JOIN}{_PERHAPS}[(*{{]{{0,3}}[A-Z]\b(?!\w|')|\)[ *]*\([A-Z]\))")
# Between two statements that are one hedge.
_ALSO = re.compile(r"[)*_\"'}$]*\s*,?\s*(?:\b(?:or|and|and/or|oder|ou)\b|/|或)(?:(?!\bbut\b)[^\n.!?]){0,40}")
# An LLM that was shown examples may go on to the next question, or sum up (in Chinese: 总结) the examples' answers.
_RUNS_ON = re.compile(
    r"\n[ \t#*]*Question(?: *\d+)? *\**:"
    r"|\n[ \t#*]*(?:Now,?\s+)?(?:let's\s+)?(?:combin|summari[sz])[^\n]{0,40}\banswers\b"
    r"|\n[^\n]{0,20}总结",
    re.IGNORECASE,
)
_BARE = r"[\s*_\"'`$(]*([LETTERSletters])[\s*_\"'`$).:]*"
_MARKED = (
    r"(?:^[ \t*_>#\"-]*+|\b(?:is|are|be|as|by)\s+(?:an?\s+)?[*_\"]*)\(?(?P<L>[LETTERS])[).:][\s*_]",
    r"\((?P<L>[LETTERS])\)",
    r"\b(?i:option|choice)\s+(?P<L>[LETTERS])\b",
    r"\*\*\(?(?P<L>[LETTERS])\)?[.:]?(?:\*\*|\s)",
    r"^[ \t*_]*+(?P<L>[LETTERS])[).:]?[ \t*_]*+$",
)


def option_letters(text: str) -> str:
    """The letters of the options in a question, A to J when it shows none."""
    return shown_letters(text) or "".join(sorted(set(_OPTION_LINE.findall(text)))) or string.ascii_uppercase[:10]


def shown_letters(text: str) -> str:
    """The letters of the options that a question shows, on lines of their own or within one; "" where it shows none."""
    for pattern in (_OPTION_LINE, _OPTION):
        found = {match[1] for match in pattern.finditer(text)}
        shown = "".join(takewhile(found.__contains__, string.ascii_uppercase))
        if len(shown) > 1:
            return shown
    return ""


def find_letter(response: str, letters: str) -> str | None:
    """The letter out of `letters` that the response settles on, None when there is no single one."""
    response = _RUNS_ON.split(response, maxsplit=1)[0] or response
    matches = [m for pattern in _PATTERNS for m in re.finditer(_fill(pattern, letters), response)]
    if matches:
        last = max(matches, key=lambda match: match.start("L"))
        return None if _HEDGE.match(response, last.end("L")) or _joined(matches, last, response) else last["L"].upper()
    bare = [re.fullmatch(_fill(_BARE, letters), line) for line in response.strip().splitlines()]
    if bare and bare[-1]:
        return bare[-1][1].upper() if len({match[1].upper() for match in bare if match}) == 1 else None
    marked = {m["L"] for p in _MARKED for m in re.finditer(_fill(p, letters), response, re.MULTILINE)}
    return marked.pop() if len(marked) == 1 else None


def _joined(matches: Sequence[re.Match[str]], last: re.Match[str], response: str) -> bool:
    """Whether the statement before says another letter, with an "or" between: "the answer is A or the answer is B"."""
    start = last.start("L")
    ends = [match.end("L") for match in matches if match.end("L") <= start and match["L"].upper() != last["L"].upper()]
    return bool(ends) and _ALSO.fullmatch(response, max(ends), start) is not None


def _fill(pattern: str, letters: str) -> str:
    return pattern.replace("LETTERS", letters).replace("letters", letters.lower())


def _grade(question: Question, response: str) -> Grade:
    letter = find_letter(response, option_letters(question.text))
    return NO_ANSWER if letter is None else Grade(float(letter == question.label), letter)


def _refuses(question: Question) -> str | None:
    label = question.label
    fits = isinstance(label, str) and len(label) == 1 and label in option_letters(question.text)
    return None if fits else ""


GRADER = Grader("choice", _grade, _refuses, 'the letter of one of the options, like "B"')
