"""Which question of a bank another one is.

It is the bank's own when its id and text are, or its normalised text is; but an id of its own within the same data set
makes it another one, as in data sets that hold a question twice.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from smacs.pool.errors import InputError
from smacs.store.records import Question
from smacs.store.text import normalised, question_id


class KnownQuestions:
    """The questions of the bank at `where`, and those placed since."""

    def __init__(self, questions: Iterable[Question], where: str) -> None:
        self._where = where
        self._texts: dict[str, str] = {}  # id -> normalised text
        self._ids: dict[str, str] = {}  # normalised text -> id
        self._labels: dict[str, Any] = {}
        self._datasets: dict[str, str] = {}
        for question in questions:
            self._learn(question)

    def place(self, came: Question) -> tuple[Question, bool]:
        """The question with the id it has in the bank, and whether it is new; one without text goes by its id alone.

        Raises InputError for an id that is not there.
        """
        if not came.text.strip():
            if came.id not in self._texts:
                raise InputError(f"{came.id!r} is no question of {self._where}. Expected an id of the bank, or a text.")
            return came, False
        text = normalised(came.text)
        known = came.id if self._texts.get(came.id) == text else self._same(came, text)
        if known is not None:
            return msgspec.structs.replace(came, id=known), False
        identity = came.id or question_id(came.text)
        if identity in self._texts:  # another question of that name
            identity = f"{identity}-{question_id(came.text)[:8]}"
        question = msgspec.structs.replace(came, id=identity)
        self._learn(question)
        return question, True

    def label_differs(self, placed: Question) -> bool:
        """Whether a placed question came with another label than the bank's."""
        return placed.label is not None and placed.label != self._labels[placed.id]

    def _same(self, came: Question, text: str) -> str | None:
        """The id of the bank's question with that text, unless the data set itself says that they are two."""
        known = self._ids.get(text)
        apart = known is not None and came.id and came.dataset and came.dataset == self._datasets[known]
        return None if apart else known

    def _learn(self, question: Question) -> None:
        text = normalised(question.text)
        self._texts[question.id] = text
        self._ids.setdefault(text, question.id)
        self._labels[question.id] = question.label
        self._datasets[question.id] = question.dataset
