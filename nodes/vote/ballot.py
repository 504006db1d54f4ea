"""Ballots: what R LLMs answered to m questions, as numbers.

Answers become codes that are equal within a row where the answers are; the reply and the option that it chose become
`SIGNALS`, figures that a rule may weigh. Without a text, a question without options, an answer that is none of them:
the figures concerned are 0.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from smacs.errors import InputError
from smacs.nodes.vote.options import Options, find_options
from smacs.nodes.vote.replies import MATCH, STYLE, match, parts, style
from smacs.store.identity import normalised

PLACES = 10
FORM = ("option_length", "relative_length", "mean_length", "likeness", "extreme", "options", "question_length")
SIGNALS = (*STYLE, *MATCH, *FORM, *(f"place_{i}" for i in range(PLACES)))
Said = Sequence[Sequence[str | None]]


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


def ballots(questions: Sequence[str], answers: Said, replies: Said | None = None) -> Ballots:
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


def _signals(question: str, options: Options | None, answer: str | None, reply: str) -> list[float]:
    body, reasoning = parts(reply)
    told = style(body, reasoning) if reply else [0.0] * len(STYLE)
    place = _place(options, answer)
    if options is None or place < 0:
        return told + [0.0] * (len(SIGNALS) - len(STYLE))
    length, mean = options.lengths[place], options.lengths.mean()
    form = [math.log1p(length), math.log((length + 1) / (mean + 1)), math.log1p(mean)]
    form += [options.likeness[place] - options.likeness.mean(), options.extremes[place]]
    form += [len(options.texts), math.log1p(len(question))]
    return told + match(options, place, reasoning) + form + [float(place == i) for i in range(PLACES)]


def _place(options: Options | None, answer: str | None) -> int:
    letter = (answer or "").strip(" ().").upper()
    return options.letters.find(letter) if options is not None and len(letter) == 1 else -1
