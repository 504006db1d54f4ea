"""A new bank of questions, with the vectors that were computed on the way."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smacs.pool.config import EmbedderSpec
from smacs.store.bank import QuestionBank
from smacs.store.merge import Found, merge
from smacs.store.records import Question

if TYPE_CHECKING:
    from smacs.pool.embed import Embedder

Vectors = Mapping[str, NDArray[np.float32]]  # by question id, made with the bank's own embedder and template


async def write_bank(
    folder: Path, embedder: "Embedder", questions: Sequence[Question], vectors: Vectors
) -> QuestionBank:
    """The bank of these questions; it keeps the vectors, which need not be computed again. Raises BankError."""
    spec = embedder.spec
    if spec.dimension is None:  # a bank fixes it
        spec = spec.model_copy(update={"dimension": (await embedder.embed(["How long is a vector?"])).shape[1]})
    return await asyncio.to_thread(_write, folder, spec, questions, vectors)


def _write(folder: Path, spec: EmbedderSpec, questions: Sequence[Question], vectors: Vectors) -> QuestionBank:
    with QuestionBank.draft(folder, spec, questions) as bank:
        if vectors:
            merge(bank, (Found(question, vector=vectors[question.id]) for question in questions))
    return QuestionBank.open(folder)
