"""Test questions in a bank: a system must not be asked what its prior was measured on."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from smacs.errors import BankError
from smacs.store.bank import QuestionBank
from smacs.store.create.duplicates import nearest
from smacs.store.identity import normalised
from smacs.store.records import Question

if TYPE_CHECKING:
    from smacs.pool.embed import Embedder

_SHOWN = 5  # leaked questions that the message names


def refuse_leaks(bank: QuestionBank, questions: Iterable[Question]) -> None:
    """Raise BankError where a test question is in the bank, by its id or its normalised text."""
    texts = {normalised(question.text): question.id for question in bank.questions}
    ids = {question.id for question in bank.questions}
    pairs = [(q.id, q.id if q.id in ids else texts.get(normalised(q.text))) for q in questions]
    leaked = [f"  {asked} (in the bank: {there})" for asked, there in pairs if there is not None]
    if not leaked:
        return
    more = [f"  ... and {len(leaked) - _SHOWN:,} more"] if len(leaked) > _SHOWN else []
    count = "1 test question is" if len(leaked) == 1 else f"{len(leaked):,} test questions are"
    head = (
        f"{count} in the bank {bank.path}, so that a run would show nothing. Make a bank without them: "
        "`smacs bench bank` takes the bank parts of the benchmarks, `smacs bank create --exclude` leaves out any file."
    )
    raise BankError("\n".join([head, *leaked[:_SHOWN], *more]))


class NearCopy(msgspec.Struct, frozen=True):
    """A bank question, the test question that it is most similar to, and the cosine of their embeddings."""

    question: Question
    test_question: Question
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
