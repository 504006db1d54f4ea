"""A bank, or a part of it, for others: answers as JSON lines, V as a table, the authors' schema, a smaller bank.

.jsonl         one line for each answer, as `smacs bank import` reads it; questions without any have no line
.csv .parquet  V of eq. 1: a row for each question, a column for each LLM, empty where one was never asked
.json          the authors' schema (question, src, embedding, model_res), with the bank's vectors
a folder       a bank of its own; nothing of the chosen part is lost
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec
import numpy as np

from smacs.errors import InputError
from smacs.store.bank import QuestionBank, check_llms
from smacs.store.export_forms import Part, write_answers, write_authors, write_csv, write_folder, write_parquet
from smacs.store.io.draft import draft_file

if TYPE_CHECKING:
    from smacs.pool.embed import Embedder


class Exported(msgspec.Struct, frozen=True):
    """What was written. `unanswered` questions have no answer by any of the LLMs."""

    path: str
    questions: int
    llms: list[str]
    cells: int
    unanswered: int


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
    part = await asyncio.to_thread(choose, bank, llms, datasets)
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


def choose(bank: QuestionBank, llms: Sequence[str] | None, datasets: Sequence[str] | None) -> Part:
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


_WRITERS: Mapping[str, Callable[[Part, IO[bytes]], None]] = {
    ".jsonl": write_answers,
    ".csv": write_csv,
    ".parquet": write_parquet,
}
