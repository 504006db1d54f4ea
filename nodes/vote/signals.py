"""Signals: what R LLMs answered to m questions, as numbers that a rule may weigh.

Answers become codes that are equal within a row where the answers are. The text of a reply, and the option of the
question that it chose, become cheap figures, `SIGNALS`, that tell how far to trust it: a long chain of thought from an
LLM that is usually brief, a text that runs in circles, hedging, and an answer that the reasoning never leads to are
signs of a wrong answer. What each is worth, every LLM's own column of the bank decides. Without a text, for a question
without options, or for an answer that is none of them, the figures concerned are 0.
"""

import math
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from smacs.errors import InputError
from smacs.store.text import normalised

Floats = npt.NDArray[np.float64]
Texts = Sequence[Sequence[str | None]]

PLACES = 10
STYLE = ("length", "reasoning", "repetition", "digits", "equations", "lines", "hedges")
MATCH = ("covered", "covered_more", "quoted", "reached", "reached_other")
FORM = ("option_length", "relative_length", "mean_length", "likeness", "extreme", "options", "question_length")
SIGNALS = (*STYLE, *MATCH, *FORM, *(f"place_{i}" for i in range(PLACES)))

_HEDGE = re.compile(
    r"none of the|not match|does not|closest|however|approximat|assum|error|mistake|recheck|re-check|reevaluat"
    r"|re-evaluat|incorrect|not listed|not provided|not given|cannot|no option|most likely|probably|guess|seems|might"
    r"|not enough"
)
_STATEMENT = re.compile(r"answer is")
_NEXT_QUESTION = "\nquestion:"  # a base LLM goes on to write the next example of its prompt
_LINE = re.compile(r"^[ \t]*\(?([A-Z])[).:][ \t]*(.*)$", re.MULTILINE)
_WORD = re.compile(r"[a-z0-9]+")
_NUMBER = re.compile(r"-?\d[\d,]*\.?\d*(?:e[-+]?\d+)?")


@dataclass(frozen=True, slots=True)
class Ballots:
    """The replies of R LLMs to m questions."""

    codes: npt.NDArray[np.int32]
    """(m, R) equal within a row: the same answer; -1: no answer."""
    signals: npt.NDArray[np.float32]
    """(m, R, len(SIGNALS))."""

    def take(self, rows: npt.NDArray[Any]) -> "Ballots":
        """The same LLMs on some of the questions."""
        return Ballots(self.codes[rows], self.signals[rows])


def ballots(questions: Sequence[str], answers: Texts, replies: Texts | None = None) -> Ballots:
    """Ballots from m question texts, (m, R) extracted answers and reply texts; None = there is none.

    Raises InputError where the lengths differ.
    """
    replies = replies if replies is not None else [[None] * len(row) for row in answers]
    shapes = {"answers": [len(row) for row in answers], "replies": [len(row) for row in replies]}
    llms = len(answers[0]) if len(answers) else 0
    for name, found in shapes.items():
        if found != [llms] * len(questions):
            expected = f"{name} of {llms} LLMs for each of {len(questions)} questions"
            raise InputError(f"expected {expected}; got {len(found)} rows of {sorted(set(found))}")
    codes = np.array([_codes(row) for row in answers], dtype=np.int32).reshape(len(questions), llms)
    signals = np.zeros((len(questions), llms, len(SIGNALS)), dtype=np.float32)
    for i, question in enumerate(questions):
        options = find_options(question)
        for r in range(llms):
            signals[i, r] = _signals(question, options, answers[i][r], replies[i][r] or "")
    return Ballots(codes, signals)


def _codes(row: Sequence[str | None]) -> list[int]:
    texts = [normalised(answer) if answer is not None else "" for answer in row]
    numbered = {text: code for code, text in enumerate(dict.fromkeys(filter(None, texts)))}
    return [numbered.get(text, -1) for text in texts]


@dataclass(frozen=True, slots=True)
class Options:
    """The choices of one question and what is worth knowing about each of them."""

    letters: str
    texts: list[str]
    """Lower case, stripped, without a full stop."""
    words: list[frozenset[str]]
    numbers: list[list[float]]
    lengths: Floats
    """(o,) characters."""
    likeness: Floats
    """(o,) mean share of three-letter pieces that the option has in common with each of the others."""
    extremes: Floats
    """(o,) how far the option's first number is from the middle one of all: 0 to 0.5; 0 unless all have a number."""


def find_options(question: str) -> Options | None:
    """The last run of lines lettered A, B, C, ... in the question; None if there are not two."""
    found: list[tuple[str, str]] = []
    for letter, text in _LINE.findall(question):
        if letter == "A":
            found = []
        if ord(letter) == ord("A") + len(found):
            found.append((letter, text.strip().lower().rstrip(".")))
    if len(found) < 2:
        return None
    texts = [text for _, text in found]
    figures = [numbers(text) for text in texts]
    return Options(
        "".join(letter for letter, _ in found),
        texts,
        [words(text) for text in texts],
        figures,
        np.array([len(text) for text in texts], dtype=np.float64),
        _likeness(texts),
        _extremes(figures),
    )


def words(text: str) -> frozenset[str]:
    """The different words and whole numbers of a lower-case text."""
    return frozenset(_WORD.findall(text))


def numbers(text: str) -> list[float]:
    """The numbers of a lower-case text, in order."""
    return [float(found.replace(",", "")) for found in _NUMBER.findall(text)]


def _likeness(texts: list[str]) -> Floats:
    pieces = [_pieces(text) for text in texts]
    shared = [[len(a & b) / len(a | b) for b in pieces] for a in pieces]
    return np.asarray((np.array(shared).sum(axis=1) - 1) / (len(texts) - 1))


def _extremes(figures: list[list[float]]) -> Floats:
    if not all(figures):
        return np.zeros(len(figures))
    ranks = np.argsort(np.argsort([of[0] for of in figures], kind="stable"), kind="stable")
    return np.asarray(np.abs(ranks / (len(figures) - 1) - 0.5))


def _pieces(text: str) -> frozenset[str]:
    padded = f" {text} "
    return frozenset(padded[i : i + 3] for i in range(max(len(padded) - 2, 1)))


def _signals(question: str, options: Options | None, answer: str | None, reply: str) -> list[float]:
    body, reasoning = parts(reply)
    figures = style(body, reasoning) if reply else [0.0] * len(STYLE)
    place = _place(options, answer)
    if options is None or place < 0:
        return figures + [0.0] * (len(SIGNALS) - len(STYLE))
    length, mean = options.lengths[place], options.lengths.mean()
    form = [math.log1p(length), math.log((length + 1) / (mean + 1)), math.log1p(mean)]
    form += [options.likeness[place] - options.likeness.mean(), options.extremes[place]]
    form += [len(options.texts), math.log1p(len(question))]
    return figures + match(options, place, reasoning) + form + [float(place == i) for i in range(PLACES)]


def _place(options: Options | None, answer: str | None) -> int:
    letter = (answer or "").strip(" ().").upper()
    return options.letters.find(letter) if options is not None and len(letter) == 1 else -1


def style(body: str, reasoning: str) -> list[float]:
    """The figures named in `STYLE`, of a reply and its part before the answer is stated, both in lower case."""
    raw = body.encode()
    return [
        math.log1p(len(body)),
        math.log1p(len(reasoning)),
        len(zlib.compress(raw, 1)) / (len(raw) + 20),
        sum(map(str.isdigit, body)) / (len(body) + 1),
        math.log1p(body.count("=")),
        math.log1p(body.count("\n")),
        math.log1p(len(_HEDGE.findall(body))),
    ]


def match(options: Options, place: int, reasoning: str) -> list[float]:
    """The figures named in `MATCH`: does the reasoning, in lower case, lead to the option that was chosen?"""
    found = words(reasoning)
    shares = [len(of & found) / max(len(of), 1) for of in options.words]
    others = [share for i, share in enumerate(shares) if i != place]
    last = numbers(reasoning)[-3:]
    hits = [any(abs(a - b) <= 0.01 * abs(b) for a in last for b in of) for of in options.numbers]
    own = bool(options.numbers[place])
    return [
        shares[place],
        shares[place] - max(others),
        float(bool(options.texts[place]) and options.texts[place] in reasoning),
        float(hits[place]),
        float(own and any(hit for i, hit in enumerate(hits) if i != place)),
    ]


def parts(reply: str) -> tuple[str, str]:
    """The reply and its part before the answer is last stated, both in lower case."""
    body = reply.lower().split(_NEXT_QUESTION)[0]
    starts = [found.start() for found in _STATEMENT.finditer(body)]
    return body, body[: starts[-1]] if starts else body
