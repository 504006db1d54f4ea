"""The question bank: records on disk, the Chroma index, exact retrieval, evaluation."""

from typing import TYPE_CHECKING

from smacs.lazy import lazily

if TYPE_CHECKING:
    from smacs.store.records import Evaluation as Evaluation
    from smacs.store.records import Question as Question

__all__ = ["Evaluation", "Question"]

__getattr__ = lazily(__name__, {"Evaluation": "smacs.store.records", "Question": "smacs.store.records"})
