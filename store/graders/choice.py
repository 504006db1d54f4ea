r"""Grader of multiple choice: finds the letter a response settles on.

Explicit statements ("the answer is (B)", "Answer: B", `\boxed{B}`, "B is correct") come first, the last of
them wins; else a bare letter as the last line; else the only letter that is marked up as an option. Nothing
is guessed: several candidates, a hedge ("A or B") or only the option's text give no answer.
"""

import re
import string

from smacs.store.graders.grader import NO_ANSWER, Grade, Grader
from smacs.store.records import Question

_OPTION_LINE = re.compile(r"^\s*\(?([A-Z])[).:]\s+\S", re.MULTILINE)
_PATTERNS = (
    # \boxed{B}, \boxed{\text{(B) iron}}
    r"\\boxed\s*\{\s*(?:\\(?:text|mathrm|textbf|mathbf)\s*\{)?\s*\(?(?P<L>[LETTERS])(?![a-zA-Z])",
    # answer is (B), Answer: **B**, correct option is b. (but not "the answer is A cat" or "... a cat")
    r"(?i:\banswer\b[\s*_\"']*(?:is|was|would be|:|=|-)?|\b(?:option|choice)\b[\s*_]*(?:is|would be))"
    r"[\s*_:\"'`$<]*(?i:(?:option|choice|letter)\b)?[\s*_\"'`$<]*\(?(?P<L>[LETTERS](?!\w|')"
    r"(?!(?<=A)[ \t]+(?!(?:because|since|as|for|which|due|is|and|or)\b)[a-z])"
    r"|(?<=\()[letters](?=\))|(?<=\*\*)[letters](?=\*\*)|[letters](?=[.)\s]*(?:\n|$)))",
    # the answer is iron (B)
    r"(?i:\banswer is\b)[^\n.()]{1,60}\((?P<L>[LETTERS])\)",
    # (B) is correct, option B is the right one
    r"\(?\b(?P<L>[LETTERS])\b\)?[*_\"']*\s+is\s+(?:the\s+)?(?:correct|right)\b",
)
_HEDGE = re.compile(r"[)*_\"'.]*\s*(?:or|and|/|,|&)\s*(?:option\s*)?\(?\**[A-Z]\b(?!\w)")
_BARE = r"[\s*_\"'`$(]*([LETTERSletters])[\s*_\"'`$).:]*"
_MARKED = (
    r"^[\s*_>#-]*\(?(?P<L>[LETTERS])[).:][\s*_]",
    r"\((?P<L>[LETTERS])\)",
    r"\b(?i:option|choice)\s+(?P<L>[LETTERS])\b",
    r"\*\*\(?(?P<L>[LETTERS])\)?[.:]?(?:\*\*|\s)",
    r"^[\s*_]*(?P<L>[LETTERS])[).:]?[\s*_]*$",
)


def option_letters(text: str) -> str:
    """The letters of the option lines in a question, A to J when it shows none."""
    return "".join(sorted(set(_OPTION_LINE.findall(text)))) or string.ascii_uppercase[:10]


def find_letter(response: str, letters: str) -> str | None:
    """The letter out of `letters` that the response settles on, None when there is no single one."""
    matches = [m for pattern in _PATTERNS for m in re.finditer(_fill(pattern, letters), response)]
    if matches:
        last = max(matches, key=lambda match: match.start("L"))
        return None if _HEDGE.match(response, last.end("L")) else last["L"].upper()
    lines = response.strip().splitlines()
    if lines and (bare := re.fullmatch(_fill(_BARE, letters), lines[-1])):
        return bare[1].upper()
    marked = {m["L"] for p in _MARKED for m in re.finditer(_fill(p, letters), response, re.MULTILINE)}
    return marked.pop() if len(marked) == 1 else None


def _fill(pattern: str, letters: str) -> str:
    return pattern.replace("LETTERS", letters).replace("letters", letters.lower())


def _grade(question: Question, response: str) -> Grade:
    letter = find_letter(response, option_letters(question.text))
    return NO_ANSWER if letter is None else Grade(float(letter == question.label), letter)


def _accepts(question: Question) -> bool:
    label = question.label
    return isinstance(label, str) and len(label) == 1 and label in option_letters(question.text)


CHOICE = Grader(_grade, _accepts, 'the letter of one of the options, like "B"')
