"""Questions, grades and vectors that are made up, the same ones in every process."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from smacs.pool.config import EmbedderSpec
from smacs.store.merge import Found
from smacs.store.records import Evaluation, Question

DIMENSION = 16
ASKED, EMBEDDED, IMPORTED = 240, 2_048, 6_000  # questions of each operation: one or two seconds of work
LLM = "mock/llm"
LLMS = ("first", "second", "third")  # those whose grades are imported
OLD = EmbedderSpec(kind="openai", model="mock-embedder", dimension=DIMENSION)
NEW = OLD.model_copy(update={"model": "new-embedder", "document_template": "passage: {text}"})


def questions(count: int) -> list[Question]:
    """The label of every fourth is 2, of the others 1; the mock always says 1."""
    return [
        Question(
            id=f"q{i}", text=f"Question {i}: how much is {i} - {i - 1}?", label=label(i), task="math", grader="number"
        )
        for i in range(count)
    ]


def label(i: int) -> str:
    """The label of question `i`."""
    return "2" if i % 4 == 3 else "1"


def grade(i: int, r: int) -> float:
    """What LLM `r` of those that are imported got for question `i`."""
    return float((i + r) % 3 == 0)


def vectors() -> NDArray[np.float32]:
    """The vectors that come with the imported questions, (IMPORTED, DIMENSION), rows of length 1."""
    drawn = np.random.default_rng(0).standard_normal((IMPORTED, DIMENSION))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)


def found() -> Iterator[Found]:
    """What is imported, in order."""
    pairs: Sequence[tuple[Question, NDArray[np.float32]]] = list(zip(questions(IMPORTED), vectors(), strict=True))
    for i, (question, vector) in enumerate(pairs):
        cells = {llm: Evaluation(question="", correct=grade(i, r)) for r, llm in enumerate(LLMS)}
        yield Found(question, cells, vector)
