"""Exporting a bank, or a part of it: answers as JSON lines, V as a table, the authors' schema, a smaller bank.

.jsonl         one line for each answer, as `smacs bank import` reads it; questions without any have no line
.csv .parquet  V of eq. 1: a row for each question, a column for each LLM, empty where one was never asked
.json          the authors' schema (question, src, embedding, model_res), with the bank's vectors
a folder       a bank of its own; nothing of the chosen part is lost
"""

import asyncio
import csv
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec
import numpy as np
import orjson
from numpy.typing import NDArray

from smacs.errors import InputError
from smacs.store.bank import QuestionBank
from smacs.store.chosen import FILE as CHOSEN
from smacs.store.index.given import GivenVectors, content_hash
from smacs.store.io.draft import draft_file
from smacs.store.io.jsonl import JsonlWriter
from smacs.store.keywords import Keywords, keywords_file, read_keywords
from smacs.store.records import Evaluation, Question
from smacs.store.stats import check_llms
from smacs.store.text import GUARDED, guarded

if TYPE_CHECKING:
    from smacs.pool.embed import Embedder


class Exported(msgspec.Struct, frozen=True):
    """What was written. `unanswered` questions have no answer by any of the LLMs."""

    path: str
    questions: int
    llms: list[str]
    cells: int
    unanswered: int


@dataclass(frozen=True, slots=True)
class Part:
    """What is exported: LLMs, and questions with their positions in the bank."""

    bank: QuestionBank
    llms: list[str]
    questions: Mapping[int, Question]

    def correctness(self) -> NDArray[np.float32]:
        """Their part of V, (questions, llms), NaN where missing."""
        return self.bank.correctness(self.llms)[list(self.questions)]

    def evaluations(self, llm: str) -> list[Evaluation]:
        """What one LLM answered to these questions."""
        ids = {question.id for question in self.questions.values()}
        return [item for item in self.bank.evaluations(llm) if item.question in ids]


async def export(
    bank: QuestionBank,
    target: str | Path,
    *,
    llms: Sequence[str] | None = None,
    datasets: Sequence[str] | None = None,
    embedder: "Embedder | None" = None,
) -> Exported:
    """Write the bank, or only some LLMs and datasets of it, in the form that the target's ending says.

    A file is replaced, a folder must be new: all of it, or nothing. The authors' schema needs the bank's vectors, and
    its `embedder` where some are missing. Raises InputError, BankError.
    """
    path = _outside(bank, target)
    part = await asyncio.to_thread(part_of, bank, llms, datasets)
    if path.suffix == ".json":
        matrix = (await bank.load(embedder)).matrix
        await asyncio.to_thread(_write, path, partial(write_authors, matrix=matrix), part)
    elif path.suffix in _WRITERS:
        await asyncio.to_thread(_write, path, _WRITERS[path.suffix], part)
    elif path.suffix:
        raise InputError(f"{path}: expected a name that ends in {', '.join(_WRITERS)} or .json, or a folder.")
    else:
        await asyncio.to_thread(write_folder, part, path)
    known = ~np.isnan(part.correctness())
    return Exported(str(path), len(known), part.llms, int(known.sum()), int((~known.any(axis=1)).sum()))


def part_of(bank: QuestionBank, llms: Sequence[str] | None, datasets: Sequence[str] | None) -> Part:
    """The part of a bank. Raises InputError for an LLM or dataset that it does not have."""
    check_llms(bank, llms or ())
    there = sorted({question.dataset for question in bank.questions})
    for name in datasets or ():
        if name not in there:
            raise InputError(f"{bank.path} has no dataset {name!r}; it has {', '.join(there)}.")
    wanted = set(there if datasets is None else datasets)
    questions = {i: question for i, question in enumerate(bank.questions) if question.dataset in wanted}
    return Part(bank, bank.llms if llms is None else list(dict.fromkeys(llms)), questions)


def _outside(bank: QuestionBank, target: str | Path) -> Path:
    path = Path(target).expanduser().absolute()
    if path.is_relative_to(bank.path):
        raise InputError(f"{path} lies inside the bank. Export to another place.")
    return path


def _write(path: Path, write: Callable[[Part, IO[bytes]], None], part: Part) -> None:
    with draft_file(path) as file:
        write(part, file)


def write_answers(part: Part, file: IO[bytes]) -> None:
    """One line for each answer, LLM by LLM."""
    of = {question.id: _described(question) for question in part.questions.values()}
    for llm in part.llms:
        for item in part.evaluations(llm):
            kept = {"response": item.response, "reasoning": item.reasoning, "answer": item.answer}
            cost = {"tokens": item.tokens, "seconds": item.seconds}
            line = {**of[item.question], "llm": llm, "correct": item.correct, **kept, **cost}
            file.write(msgspec.json.encode({key: value for key, value in line.items() if value not in ("", None)}))
            file.write(b"\n")


def _described(question: Question) -> dict[str, Any]:
    """The question in each of its lines, so that any line can be read alone."""
    fields = ("id", "label", "grader", "task", "dataset", "subject")
    return {"question": question.text, **{name: getattr(question, name) for name in fields}}


def write_csv(part: Part, file: IO[bytes]) -> None:
    """V with a header; a missing cell is empty. No spreadsheet takes a cell for a formula, see `guarded`."""
    text = TextIOWrapper(file, "utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow([*GUARDED, *map(guarded, part.llms)])
    for question, row in zip(part.questions.values(), part.correctness().tolist(), strict=True):
        cells = ["" if value != value else f"{value:g}" for value in row]
        writer.writerow([*map(guarded, (question.id, question.dataset, question.subject)), *cells])
    text.detach()


def write_parquet(part: Part, file: IO[bytes]) -> None:
    """V as a table whose missing cells are null. Raises InputError without pyarrow."""
    try:
        import pyarrow
        from pyarrow.parquet import write_table
    except ImportError as error:
        raise InputError("Parquet needs another package: pip install 'smacs[data]'") from error
    questions = part.questions.values()
    texts = {name: [getattr(question, name) for question in questions] for name in ("id", "dataset", "subject")}
    columns = zip(part.llms, part.correctness().T, strict=True)
    cells = {llm: pyarrow.array(column, from_pandas=True) for llm, column in columns}
    write_table(pyarrow.table(texts | cells), file)


def write_authors(part: Part, file: IO[bytes], *, matrix: NDArray[np.float32]) -> None:
    """The schema of the authors' released bank; `matrix` is E (N, d) of the whole bank here."""
    file.write(b"{")
    for number, (entry, i) in enumerate(_entries(part)):
        body = orjson.dumps({**entry, "embedding": matrix[i]}, option=orjson.OPT_SERIALIZE_NUMPY)
        file.write(b'%s"%d":%s' % (b",\n" if number else b"\n", number, body))
    file.write(b"\n}\n")


def _entries(part: Part) -> Iterator[tuple[dict[str, Any], int]]:
    """The authors' fields of each question, and its position. Their grades are yes or no: a half counts as yes."""
    for (i, question), row in zip(part.questions.items(), part.correctness().tolist(), strict=True):
        results = {llm: {"is_correct": v >= 0.5} for llm, v in zip(part.llms, row, strict=True) if v == v}
        source = {"src": question.dataset, "src_subject": question.subject, "src_question_id": question.id}
        yield {"question": question.text, **source, "model_res": results}, i


def write_folder(part: Part, folder: Path) -> None:
    """A bank of its own, with all that the bank knows of these questions and LLMs. Raises BankError."""
    questions = list(part.questions.values())
    with QuestionBank.draft(folder, part.bank.embedder, questions) as draft:
        for llm in part.llms:
            with JsonlWriter(draft.evaluation_file(llm), Evaluation) as writer:
                writer.append(part.evaluations(llm))
        _copy_vectors(part, questions, draft)
        _copy_keywords(part, questions, draft.path)
        if (part.bank.path / CHOSEN).exists():
            shutil.copyfile(part.bank.path / CHOSEN, draft.path / CHOSEN)


def _copy_vectors(part: Part, questions: Sequence[Question], draft: QuestionBank) -> None:
    """The vectors that came with the questions; the others are computed again when needed."""
    made_for = draft.manifest.embedder
    hashes = [content_hash(made_for, question.text) for question in questions]
    found, rows = GivenVectors(part.bank.path, made_for).find(hashes)
    if found.any():
        GivenVectors(draft.path, made_for).append(list(np.array(hashes)[found]), rows)


def _copy_keywords(part: Part, questions: Sequence[Question], folder: Path) -> None:
    named = read_keywords(part.bank.path)
    if named:
        with JsonlWriter(keywords_file(folder), Keywords) as writer:
            writer.append(Keywords(question.id, named[question.id]) for question in questions if question.id in named)


_WRITERS: Mapping[str, Callable[[Part, IO[bytes]], None]] = {
    ".jsonl": write_answers,
    ".csv": write_csv,
    ".parquet": write_parquet,
}
