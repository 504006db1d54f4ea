"""Grader of verifiable instructions: strict, a response is correct when all checks of the label hold.

A label names the checks by tag: `{"check": "words", "min": 3, "max": 9}`. They are small and need no package, so that a
bank's own questions can be graded anywhere; the official checks of IFEval are the grader `ifeval`. Patterns of a label
are tried in a worker process, because some of them take for ever.
"""

import json
import re
import warnings
from abc import abstractmethod
from functools import lru_cache
from typing import Annotated, Any

import msgspec

from smacs.store.graders.shared.grader import NO_ANSWER, Grade, Grader
from smacs.store.graders.worker import Worker, serve
from smacs.store.records import Question

Phrase = Annotated[str, msgspec.Meta(max_length=500)]  # a reply is looked through for each of them


class PatternRequest(msgspec.Struct):
    """A request: does the whole text match the regular expression?"""

    pattern: str
    text: str


class PatternResult(msgspec.Struct):
    """The worker's answer; `problem` says why the pattern is none."""

    whole: bool = False
    problem: str = ""


_worker = Worker[PatternRequest, PatternResult](__name__, PatternResult, seconds=5.0)


class Rule(msgspec.Struct, frozen=True, tag_field="check", forbid_unknown_fields=True):
    """One verifiable property of a reply (stripped of white space around it)."""

    @abstractmethod
    def holds(self, reply: str) -> bool:
        """Whether the reply has the property."""

    def problem(self) -> str | None:
        """Why this cannot be checked; None where it can."""
        return None


class Counted(Rule, frozen=True):
    """A count within [min, max]."""

    min: int = 0
    max: int = 1_000_000

    def holds(self, reply: str) -> bool:
        """Whether the count lies in the range."""
        return self.min <= self.count(reply) <= self.max

    @abstractmethod
    def count(self, reply: str) -> int:
        """How many there are."""


class Words(Counted, frozen=True, tag="words"):
    """Words separated by white space that hold a letter or digit."""

    def count(self, reply: str) -> int:
        """Number of words."""
        return sum(1 for word in reply.split() if re.search(r"\w", word))


class Sentences(Counted, frozen=True, tag="sentences"):
    """Sentences ended by . ! or ?; a last one without an end counts."""

    def count(self, reply: str) -> int:
        """Number of sentences."""
        return sum(1 for part in re.split(r"(?<![.!?])[.!?]++(?=[\s\"')*]|$)", reply) if re.search(r"\w", part))


class Lines(Counted, frozen=True, tag="lines"):
    """Lines that are not empty."""

    def count(self, reply: str) -> int:
        """Number of lines."""
        return sum(1 for line in reply.splitlines() if line.strip())


class Paragraphs(Counted, frozen=True, tag="paragraphs"):
    """Paragraphs separated by empty lines."""

    def count(self, reply: str) -> int:
        """Number of paragraphs."""
        return len(re.split(r"\n\s*\n", reply.strip()))


class Bullets(Counted, frozen=True, tag="bullets"):
    """Lines that begin with -, * or •."""

    def count(self, reply: str) -> int:
        """Number of bullet points."""
        return len(re.findall(r"^[ \t]*[-*•][ \t]+\S", reply, re.MULTILINE))


class Numbered(Counted, frozen=True, tag="numbered"):
    """Lines that begin with a number and a dot or bracket."""

    def count(self, reply: str) -> int:
        """Number of numbered points."""
        return len(re.findall(r"^[ \t]*\d+[.)][ \t]+\S", reply, re.MULTILINE))


class Frequency(Counted, frozen=True, tag="frequency", kw_only=True):
    """How often a word or phrase occurs, letter case ignored."""

    word: Phrase

    def count(self, reply: str) -> int:
        """Number of occurrences."""
        return len(_find(self.word, reply))


class Lowercase(Rule, frozen=True, tag="lowercase"):
    """No capital letter."""

    def holds(self, reply: str) -> bool:
        """Whether all letters are small."""
        return reply.islower()


class Uppercase(Rule, frozen=True, tag="uppercase"):
    """No small letter."""

    def holds(self, reply: str) -> bool:
        """Whether all letters are capitals."""
        return reply.isupper()


class Include(Rule, frozen=True, tag="include"):
    """All of these words or phrases occur, letter case ignored."""

    words: list[Phrase]

    def holds(self, reply: str) -> bool:
        """Whether none is missing."""
        return all(_find(word, reply) for word in self.words)


class Exclude(Rule, frozen=True, tag="exclude"):
    """None of these words or phrases occurs, letter case ignored."""

    words: list[Phrase]

    def holds(self, reply: str) -> bool:
        """Whether none is there."""
        return not any(_find(word, reply) for word in self.words)


class Without(Rule, frozen=True, tag="without"):
    """None of these characters occurs, letter case ignored: a comma, a letter, digits."""

    characters: str

    def holds(self, reply: str) -> bool:
        """Whether none is there."""
        return not set(self.characters.lower()) & set(reply.lower())


class StartsWith(Rule, frozen=True, tag="starts_with"):
    """Begins with exactly this text."""

    text: str

    def holds(self, reply: str) -> bool:
        """Whether it does."""
        return reply.startswith(self.text)


class EndsWith(Rule, frozen=True, tag="ends_with"):
    """Ends with exactly this text."""

    text: str

    def holds(self, reply: str) -> bool:
        """Whether it does."""
        return reply.endswith(self.text)


class Matches(Rule, frozen=True, tag="matches"):
    """The whole reply matches a regular expression."""

    pattern: str

    def holds(self, reply: str) -> bool:
        """Whether it does; also no where the pattern takes longer than the worker's time."""
        found = _worker.ask(PatternRequest(self.pattern, reply))
        return found is not None and found.whole

    def problem(self) -> str | None:
        """Why the pattern is none."""
        return _pattern_problem(self.pattern)


class Quoted(Rule, frozen=True, tag="quoted"):
    """The whole reply is wrapped in double quotes."""

    def holds(self, reply: str) -> bool:
        """Whether it is."""
        return len(reply) > 2 and reply[0] in '"“' and reply[-1] in '"”'


class Json(Rule, frozen=True, tag="json"):
    """A JSON object with exactly these keys and nothing else, in a code fence or not."""

    keys: list[str]

    def holds(self, reply: str) -> bool:
        """Whether it is."""
        if len(reply) >= 6 and reply.startswith("```") and reply.endswith("```"):
            reply = reply[3:-3].removeprefix("json")
        try:
            value = json.loads(reply)
        except (ValueError, RecursionError):
            return False
        return isinstance(value, dict) and set(value) == set(self.keys)


@lru_cache(maxsize=8192)
def _pattern_problem(pattern: str) -> str | None:
    found = _worker.ask(PatternRequest(pattern, ""))
    return "trying the pattern took too long" if found is None else found.problem or None


def _find(phrase: str, reply: str) -> list[str]:
    return re.findall(rf"(?<!\w){re.escape(phrase)}(?!\w)", reply, re.IGNORECASE)


Check = (
    Words | Sentences | Lines | Paragraphs | Bullets | Numbered | Frequency
    | Lowercase | Uppercase | Include | Exclude | Without | StartsWith | EndsWith | Matches | Quoted | Json
)  # fmt: skip


def _checks(label: Any) -> list[Check]:
    return msgspec.convert(label, list[Check])


def _grade(question: Question, response: str) -> Grade:
    reply = response.strip()
    if not reply:
        return NO_ANSWER
    failed = [check for check in _checks(question.label) if not check.holds(reply)]
    return Grade(float(not failed), reply, "; ".join(f"does not hold: {check}" for check in failed))


def _refuses(question: Question) -> str | None:
    try:
        checks = _checks(question.label)
    except (msgspec.ValidationError, RecursionError):
        return ""
    if not checks:
        return ""
    return next((problem for check in checks if (problem := check.problem())), None)


def work() -> None:
    """PatternRequest in the worker process."""
    serve(PatternRequest, match, memory=1 << 30)


def match(request: PatternRequest) -> PatternResult:
    """Whether the whole text matches."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pattern = re.compile(request.pattern, re.DOTALL)
    except (re.error, RecursionError, OverflowError) as error:
        return PatternResult(problem=f"{request.pattern[:60]!r} is no regular expression: {error}")
    return PatternResult(whole=pattern.fullmatch(request.text) is not None)


GRADER = Grader("instruction", _grade, _refuses, 'a list of checks, like [{"check": "words", "max": 20}]')
