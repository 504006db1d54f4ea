"""Which questions of a bank are asked, and in which order."""

import hashlib
from dataclasses import dataclass

from smacs.errors import InputError
from smacs.store.bank import QuestionBank
from smacs.store.records import Question


@dataclass(frozen=True, slots=True)
class Selection:
    """A part of a bank: of these data sets and subjects (all when empty), at most `limit` questions."""

    datasets: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    limit: int | None = None

    def rows(self, bank: QuestionBank) -> list[int]:
        """Where the chosen questions are in `bank.questions`, in the order in which they are asked.

        The order is random, fixed by the ids alone: what is graded so far is a fair sample of the whole, and `limit`
        gives every LLM the same questions. Raises InputError for a data set or subject that the bank does not have.
        """
        _check("data set", self.datasets, {question.dataset for question in bank.questions})
        _check("subject", self.subjects, {question.subject for question in bank.questions})
        found = [row for row, question in enumerate(bank.questions) if self._has(question)]
        return sorted(found, key=lambda row: _drawn(bank.questions[row].id))[: self.limit]

    def _has(self, question: Question) -> bool:
        return (not self.datasets or question.dataset in self.datasets) and (
            not self.subjects or question.subject in self.subjects
        )


EVERYTHING = Selection()


def _check(what: str, wanted: tuple[str, ...], known: set[str]) -> None:
    for name in wanted:
        if name not in known:
            raise InputError(f"The bank has no {what} {name!r}; it has {', '.join(sorted(known - {''})) or 'none'}.")


def _drawn(identity: str) -> bytes:
    return hashlib.blake2b(identity.encode(), digest_size=8).digest()
