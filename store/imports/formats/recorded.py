"""Recorded multiple-choice answers: a folder with `questions.parquet` and `responses.parquet`.

The layout of the MMLU-Pro answers of fifteen LLMs: question_id, question, options, answer, category; and question_id,
model, answer, correct, response. `embeddings_minilm.npy`, where it is there, has the vector of question i in row i.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from smacs.errors import InputError
from smacs.pool.config import EmbedderSpec
from smacs.store.imports.format import Format, ImportOptions
from smacs.store.imports.lines import convert
from smacs.store.imports.question import make_question
from smacs.store.imports.report import UnusableError
from smacs.store.imports.scores import evaluation
from smacs.store.io.foreign import UNPACKED
from smacs.store.io.parquet import parquet_rows
from smacs.store.merge import Found
from smacs.store.records import Question

T = TypeVar("T", bound=msgspec.Struct)
QUESTIONS, RESPONSES, VECTORS = "questions.parquet", "responses.parquet", "embeddings_minilm.npy"


class _Item(msgspec.Struct):
    question_id: int
    question: str
    options: list[str]
    answer: str
    category: str


class _Response(msgspec.Struct):
    question_id: int
    model: str
    answer: str | None
    correct: bool | None
    response: str | None


def recognises(path: Path) -> bool:
    """Whether both tables are in the folder."""
    return (path / QUESTIONS).is_file() and (path / RESPONSES).is_file()


def read(path: Path, options: ImportOptions) -> Iterator[Found]:
    """Each question with its vector, then each answer with its question. A text that comes twice is two questions."""
    questions: dict[int, Question] = {}
    vectors = _vectors(path)
    for row, place, values in _rows(path / QUESTIONS, _Item, options.max_mb):
        with options.record():
            item = _as(place, values, _Item, options.max_mb)
            question = _question(place, item, options)
            yield Found(question, vector=None if vectors is None else np.asarray(vectors[row], np.float32))
            questions[item.question_id] = question
    yield from _answers(path, questions, options)


def _answers(path: Path, questions: Mapping[int, Question], options: ImportOptions) -> Iterator[Found]:
    source = f"recorded: {path.name}/{RESPONSES}"
    for _, place, values in _rows(path / RESPONSES, _Response, options.max_mb):
        with options.record():
            answer = _as(place, values, _Response, options.max_mb)
            if answer.question_id not in questions:
                message = f"{place}: question_id {answer.question_id} is not in {QUESTIONS}."
                raise UnusableError(message, "without a question")
            grade = options.grade(place, "correct", answer.correct)
            graded = evaluation(grade, answer.response or "", source, answer=answer.answer)
            yield Found(questions[answer.question_id], {answer.model: graded})


def embedder(path: Path) -> EmbedderSpec | None:
    """all-MiniLM-L6-v2, where there are vectors of it."""
    vectors = _vectors(path)
    return None if vectors is None else EmbedderSpec(dimension=vectors.shape[1])


def _question(place: str, item: _Item, options: ImportOptions) -> Question:
    question = make_question(
        item.question,
        options=item.options,
        target=item.answer,
        dataset=options.dataset or "MMLU-Pro",
        subject=item.category,
        identity=f"mmlu-pro-{item.question_id}",
    )
    if not question.grader:
        message = f"{place}: expected `answer` to be the letter of one of the options, got {item.answer!r}."
        raise UnusableError(message, "without a usable label")
    return question


def _vectors(path: Path) -> NDArray[Any] | None:
    """(N, d), as it is on the disk."""
    file = path / VECTORS
    if not file.exists():
        return None
    try:
        vectors: NDArray[Any] = np.load(file, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{file} is no array of numpy: {error}.") from error
    rows = sum(1 for _ in parquet_rows(path / QUESTIONS, ["question_id"]))
    if vectors.ndim != 2 or len(vectors) != rows or vectors.dtype.kind != "f":
        came = f"{vectors.dtype} in shape {vectors.shape}"
        raise InputError(f"{file}: expected one row of floats for each of the {rows} questions, got {came}.")
    return vectors


def _rows(file: Path, kind: type[msgspec.Struct], max_mb: int) -> Iterator[tuple[int, str, dict[str, Any] | None]]:
    """(row from 0, place, values) for each row of a table; None in the place of one that is too large."""
    bound_mb = max_mb * UNPACKED
    for number, row in enumerate(parquet_rows(file, kind.__struct_fields__, record_mb=max_mb, bound_mb=bound_mb)):
        yield number, f"{file}, row {number + 1}", row


def _as(place: str, row: dict[str, Any] | None, kind: type[T], max_mb: int) -> T:
    if row is None:
        raise UnusableError(f"{place} has more than {max_mb} MB. Raise --max-mb to read it.", "too long")
    return convert(place, row, kind, f"the columns {', '.join(kind.__struct_fields__)}")


FORMAT = Format(
    name="recorded",
    looks=f"a folder with {QUESTIONS}, {RESPONSES} and where there are vectors {VECTORS}",
    recognises=recognises,
    read=read,
    embedder=embedder,
)
