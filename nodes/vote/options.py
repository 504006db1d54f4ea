"""Options: the choices that a question's text offers, as lines `(A) ...`, `A. ...` or `A) ...`."""

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_LINE = re.compile(r"^[ \t]*\(?([A-Z])[).:][ \t]*(.*)$", re.MULTILINE)
_WORD = re.compile(r"[a-z0-9]+")
_NUMBER = re.compile(r"-?\d[\d,]*\.?\d*(?:e[-+]?\d+)?")


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
