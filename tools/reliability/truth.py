"""Evaluate and import, the operations that write what nothing else can replace."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from smacs.store.bank import QuestionBank
from smacs.store.index.vector_file import VectorFile, content_hash
from tools.reliability import made
from tools.reliability.operation import Operation


class Evaluate(Operation):
    """An LLM is asked every question, eight at a time."""

    name = "evaluate"
    total = made.ASKED

    def make(self, path: Path) -> None:
        """Questions only."""
        QuestionBank.create(path, made.OLD, made.questions(made.ASKED))

    def begin(self) -> None:
        """Its LLM answers 1, after 5 to 25 ms."""
        super().begin()
        self.mock.set(made.LLM, text="\\boxed{1}", latency=0.005, jitter=0.02)

    def present(self, bank: QuestionBank) -> set[str]:
        """Questions with the right grade."""
        cells = {cell.question: cell.correct for cell in bank.evaluations(made.LLM)}
        return {q.id for q in bank.questions if cells.get(q.id) == float(q.label == "1")}

    def asked(self) -> Counter[str]:
        """By the text of the last message."""
        ids = {question.text: question.id for question in made.questions(made.ASKED)}
        bodies: list[dict[str, Any]] = self.mock.stats().bodies(made.LLM)
        return Counter(ids[body["messages"][-1]["content"]] for body in bodies)


class Import(Operation):
    """Questions with their grades and vectors are merged into an empty bank."""

    name = "import"
    total = made.IMPORTED

    def make(self, path: Path) -> None:
        """A bank without questions."""
        QuestionBank.create(path, made.OLD, [])

    def present(self, bank: QuestionBank) -> set[str]:
        """Questions that have all their grades and their vector."""
        questions, row = bank.questions, {f"q{i}": i for i in range(made.IMPORTED)}
        if not questions:
            return set()
        rows = np.array([row[question.id] for question in questions])
        grades = np.array([[made.grade(i, r) for r in range(len(made.LLMS))] for i in rows])
        right = (bank.correctness(made.LLMS) == grades).all(axis=1)
        embedder = bank.manifest.embedder
        there, vectors = VectorFile(bank.path, embedder).find([content_hash(embedder, q.text) for q in questions])
        right[~there] = False
        same = np.isclose(vectors, made.vectors()[rows[there]], atol=1e-6).all(axis=1)
        right[np.flatnonzero(there)[~same]] = False
        return {question.id for question, whole in zip(questions, right, strict=True) if whole}
