"""Merging questions, recorded grades and vectors into a bank. Doing it twice changes nothing.

New questions are appended; `smacs.store.identity` says which are new. A cell that is there stays. Another grade for it
is a conflict, which is counted, and wins only on request. Of several new ones for the same cell the first wins.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from smacs.errors import BankError, EmbedderMismatchError, InputError
from smacs.store.bank import QuestionBank
from smacs.store.identity import KnownQuestions
from smacs.store.index.vector_file import VectorFile, content_hash
from smacs.store.io.jsonl import JsonlWriter, read_jsonl
from smacs.store.io.lock import write_lock
from smacs.store.records import Cell, Evaluation, Question

_GROUP = (
    1_000  # questions written at once, with one flush of each file; fewer where they have much text or long vectors
)
_HEAVY = 8 << 20  # bytes of a group, as JSON and as vectors


@dataclass(frozen=True, slots=True)
class Found:
    """A question that was found somewhere, its evaluations by LLM, and its vector (d,) if it came with one.

    A question without text is one of the bank's, by its id. The `question` of an evaluation is set here.
    """

    question: Question
    evaluations: Mapping[str, Evaluation] = field(default_factory=dict)
    vector: NDArray[np.floating[Any]] | None = None


class MergeReport(msgspec.Struct):
    """What came of it. `labels_differ` are known questions that came with another label than the bank's.

    `cells_known` are there already with the same grade, `conflicts` with another one.
    """

    questions_new: int = 0
    questions_known: int = 0
    labels_differ: int = 0
    cells_new: int = 0
    cells_known: int = 0
    conflicts: int = 0
    vectors_new: int = 0
    llms: list[str] = msgspec.field(default_factory=list)


def merge(
    bank: QuestionBank,
    found: Iterable[Found],
    *,
    rename: Mapping[str, str] | None = None,
    replace: bool = False,
    on_progress: Callable[[MergeReport], None] | None = None,
) -> MergeReport:
    """Write what was found into `bank`; LLMs get the names that `rename` has for them.

    `replace` lets a new grade win over one that is there. It may be killed at any moment and run again. Raises
    BankError, BankLockedError, EmbedderMismatchError for vectors of another dimension than the bank's, InputError.
    """
    with ExitStack() as stack:
        stack.enter_context(write_lock(bank.path))
        bank.refresh()
        work = _Merge(bank, dict(rename or {}), replace, stack)
        for group in _groups(found):
            work.add(group)
            if on_progress:
                on_progress(work.report)
    return work.report


def _groups(found: Iterable[Found]) -> Iterator[list[Found]]:
    """What is written at once: what unpacks to gigabytes is never in memory together."""
    group: list[Found] = []
    weight = 0
    for item in found:
        group.append(item)
        weight += _weight(item)
        if len(group) == _GROUP or weight >= _HEAVY:
            yield group
            group, weight = [], 0
    if group:
        yield group


def _weight(item: Found) -> int:
    """Bytes of its lines and its vector."""
    lines = sum(len(msgspec.json.encode(record)) for record in (item.question, *item.evaluations.values()))
    return lines + (0 if item.vector is None else item.vector.nbytes)


class _Merge:
    """The state of one merge: what the bank has, and the files that are written."""

    def __init__(self, bank: QuestionBank, rename: Mapping[str, str], replace: bool, stack: ExitStack) -> None:
        self.bank = QuestionBank(bank.path, bank.manifest)  # its own view of the questions: they grow
        self.rename = rename
        self.replace = replace
        self.stack = stack
        self.report = MergeReport()
        self.vectors = VectorFile(bank.path, bank.manifest.embedder)
        self.known = KnownQuestions(self.bank.questions, str(bank.path))
        self.cells: dict[str, dict[str, float]] = {}
        self.settled: set[tuple[str, str]] = set()  # LLM and question: cells that this merge has seen
        self.writers: dict[str, JsonlWriter] = {}

    def add(self, group: list[Found]) -> None:
        """Vectors first, then questions, then cells: no question is ever seen without its vector."""
        questions = [self.known.place(item.question) for item in group]
        new = [question for question, is_new in questions if is_new]
        self._count(questions)
        self._write_vectors([(q, item.vector) for (q, _), item in zip(questions, group, strict=True)])
        if new:
            self._writer("").append(new)
        for llm, cells in self._new_cells(zip((q for q, _ in questions), group, strict=True)).items():
            self._writer(llm).append(cells)

    def _count(self, questions: list[tuple[Question, bool]]) -> None:
        new = sum(is_new for _, is_new in questions)
        self.report.questions_new += new
        self.report.questions_known += len(questions) - new
        self.report.labels_differ += sum(self.known.label_differs(q) for q, is_new in questions if not is_new)

    def _write_vectors(self, pairs: list[tuple[Question, NDArray[np.floating[Any]] | None]]) -> None:
        made_for = self.bank.manifest.embedder
        with_vector = [(q, v) for q, v in pairs if v is not None and q.text]
        if not with_vector:
            return
        hashes = [content_hash(made_for, question.text) for question, _ in with_vector]
        there, _ = self.vectors.find(hashes)
        new = {h: self._unit(*pair) for h, pair, old in zip(hashes, with_vector, there, strict=True) if not old}
        if new:
            self.vectors.append(list(new), np.stack(list(new.values())))
            self.report.vectors_new += len(new)

    def _unit(self, question: Question, vector: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        dimension = self.bank.manifest.embedder.dimension
        if vector.shape != (dimension,):
            raise EmbedderMismatchError(
                f"Question {question.id!r} came with a vector of shape {vector.shape}; the bank has {dimension} "
                "dimensions. Import it into a bank of its own, or without its vectors."
            )
        length = float(np.linalg.norm(vector.astype(np.float64)))
        if not np.isfinite(length) or length == 0:
            raise BankError(f"Question {question.id!r} came with a vector of length {length}: expected a finite one.")
        return np.asarray(vector / length, np.float32)

    def _new_cells(self, pairs: Iterable[tuple[Question, Found]]) -> dict[str, list[Evaluation]]:
        new: dict[str, list[Evaluation]] = {}
        for question, item in pairs:
            for theirs, cell in item.evaluations.items():
                llm = self.rename.get(theirs, theirs)
                if self._is_new(llm, question.id, cell.correct):
                    new.setdefault(llm, []).append(msgspec.structs.replace(cell, question=question.id))
        return new

    def _is_new(self, llm: str, question: str, grade: float) -> bool:
        if not 0 <= grade <= 1:
            raise InputError(f"{llm}, question {question!r}: expected a grade within 0 and 1, got {grade}.")
        if not llm.strip():
            raise InputError(f"Question {question!r}: the name of the LLM that answered is empty. Expected a name.")
        if self._comes_again(llm, question):
            return False
        cells = self._grades(llm)
        old = cells.get(question)
        if old is None:
            self.report.cells_new += 1
        elif abs(old - grade) < 1e-9:
            self.report.cells_known += 1
            return False
        else:
            self.report.conflicts += 1
            if not self.replace:
                return False
        cells[question] = grade
        return True

    def _comes_again(self, llm: str, question: str) -> bool:
        """Where new grades win, only the first one does: else two would replace each other with every import."""
        if not self.replace:
            return False
        before = (llm, question) in self.settled
        self.settled.add((llm, question))
        return before

    def _grades(self, llm: str) -> dict[str, float]:
        if llm not in self.cells:
            self.cells[llm] = {cell.question: cell.correct for cell in self._read(llm)}
            self.report.llms.append(llm)
        return self.cells[llm]

    def _read(self, llm: str) -> Iterator[Cell]:
        return read_jsonl(self.bank.evaluation_file(llm), Cell)

    def _writer(self, llm: str) -> JsonlWriter:
        """Opened when there is something to write: what changes nothing touches no file. "" are the questions."""
        if llm not in self.writers:
            writer = (
                JsonlWriter(self.bank.evaluation_file(llm), Evaluation)
                if llm
                else JsonlWriter(self.bank.questions_file, Question)
            )
            self.writers[llm] = self.stack.enter_context(writer)
        return self.writers[llm]
