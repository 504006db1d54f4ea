"""A bank of two data sets, in which other LLMs are best on each of them."""

from collections.abc import Callable

import pytest

from smacs.store.bank import QuestionBank
from smacs.store.records import Question

# Right answers of questions 0..5 (algebra) and 6..11 (law). Of 12: llm-0 8, llm-1 6, llm-2 6, llm-3 none.
RIGHT: dict[str, set[int]] = {
    "llm-0": {0, 1, 2, 3, 6, 7, 8, 9},
    "llm-1": {0, 1, 2, 3, 4, 5},
    "llm-2": {0, 6, 7, 8, 9, 10},
    "llm-3": set(),
}


@pytest.fixture(scope="session")
def routed(make_bank: Callable[..., QuestionBank]) -> QuestionBank:
    """Algebra: llm-1 6 of 6, llm-0 4, llm-2 1.  Law: llm-2 5 of 6, llm-0 4, llm-1 0."""
    questions = [Question(id=f"q{i}", text=f"Question {i}", dataset="algebra" if i < 6 else "law") for i in range(12)]
    return make_bank(questions, RIGHT)
