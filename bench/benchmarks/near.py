"""Questions of a bank that are nearly a test question, by embedding: a report, since tasks of one set are alike."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from smacs.store.bank import QuestionBank
from smacs.store.create.duplicates import nearest
from smacs.store.records import Question

if TYPE_CHECKING:
    from smacs.pool.embed import Embedder


class NearCopy(msgspec.Struct, frozen=True):
    """A bank question, the test question that it is most similar to, and the cosine of their embeddings."""

    question: Question
    asked: Question
    similarity: float


async def near_copies(
    bank: QuestionBank, embedder: "Embedder", questions: Sequence[Question], threshold: float
) -> list[NearCopy]:
    """The bank's questions with cosine >= `threshold` to one of `questions`, most similar first; the bank is indexed.

    Test questions are embedded as the bank's are. Raises BankError, EmbeddingError.
    """
    view = await bank.load(embedder)
    if not questions or not len(view):
        return []
    where, cosine = nearest(view.matrix, await embedder.embed([question.text for question in questions]))
    found = [
        NearCopy(question, questions[at], round(float(value), 4))
        for question, at, value in zip(bank.questions, where, cosine, strict=True)
        if value >= threshold
    ]
    return sorted(found, key=lambda copy: -copy.similarity)
