"""When two questions are the same one, and the id of a question in a bank.

A question is the first one in the bank's order with the same normalised text. An id of its own within the same data set
makes it another question, because some data sets hold a question twice. If its id is taken by another text, it gets a
longer id made of its id and its text alone. So the answer does not change while a bank grows, whatever the ids and the
order in which questions arrive: what was imported once is recognised for ever.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any, NamedTuple

import msgspec

from smacs.errors import InputError
from smacs.store.records import Question


def normalised(text: str) -> str:
    """NFKC, case folded, white space collapsed: texts with the same value are the same question."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def question_id(text: str) -> str:
    """16 hex digits that depend on the normalised text alone."""
    return hashlib.sha256(normalised(text).encode()).hexdigest()[:16]


class _Known(NamedTuple):
    """What is kept of a question: its position in the bank, and what another one is compared with."""

    row: int
    text: str
    dataset: str
    label: Any


class KnownQuestions:
    """The questions of the bank at `where`, and those placed since."""

    def __init__(self, questions: Iterable[Question], where: str) -> None:
        self._where = where
        self._known: dict[str, _Known] = {}
        self._firsts: dict[str, dict[str, str]] = {}  # normalised text -> data set -> the first id; in bank order
        for question in questions:
            self._learn(question, normalised(question.text))

    def place(self, came: Question) -> tuple[Question, bool]:
        """The question with the id it has in the bank, and whether it is new; one without text goes by its id alone.

        Raises InputError for an id that is not there, and for what cannot be written.
        """
        _check_characters(came)
        if not came.text.strip():
            if came.id not in self._known:
                raise InputError(
                    f"There is no question {came.id!r} in {self._where}. Expected an id of the bank, or a text."
                )
            return came, False
        text = normalised(came.text)
        known = self._own(came, text) or self._same(came, text)
        if known is not None:
            return msgspec.structs.replace(came, id=known), False
        free = next(name for name in _names(came) if name not in self._known)
        question = msgspec.structs.replace(came, id=free)
        self._learn(question, text)
        return question, True

    def label_differs(self, placed: Question) -> bool:
        """Whether a placed question came with another label than the bank's."""
        return placed.label is not None and placed.label != self._known[placed.id].label

    def _own(self, came: Question, text: str) -> str | None:
        """The first question of its data set and text that has its id, or one that was made of it."""
        if not came.id:
            return None
        found = []
        for number, name in enumerate(_names(came)):
            there = self._known.get(name)
            if there is None and number:
                break
            if there and (there.text, there.dataset) == (text, came.dataset):
                found.append((there.row, name))
        return min(found)[1] if found else None

    def _same(self, came: Question, text: str) -> str | None:
        """The first question with its text; in its own data set one with another id is another question."""
        apart = came.dataset if came.id else ""
        return next((first for name, first in self._firsts.get(text, {}).items() if not apart or name != apart), None)

    def _learn(self, question: Question, text: str) -> None:
        self._known[question.id] = _Known(len(self._known), text, question.dataset, question.label)
        self._firsts.setdefault(text, {}).setdefault(question.dataset, question.id)


def _names(came: Question) -> Iterator[str]:
    """The ids it may have, in the order in which they are tried: its own one, then longer ones."""
    digest = question_id(came.text)
    own = came.id or digest
    yield own
    yield f"{own}-{digest[:8]}"
    for number in count(2):
        yield f"{own}-{digest[:8]}-{number}"


def _check_characters(came: Question) -> None:
    """Raise InputError for half a character, which JSON can spell and no file can hold."""
    for name, value in (("id", came.id), ("text", came.text), ("dataset", came.dataset), ("subject", came.subject)):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            half = value[error.start]
            raise InputError(
                f"A question came with half a character ({half!r}) in its {name} {value[:60]!r}: expected text that "
                "can be written as UTF-8. Mend it where it comes from."
            ) from None
