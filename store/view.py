"""What retrieval sees of a bank: arrays in memory, loaded once for each process and kept up to date."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smacs.store.bank import QuestionBank, read_column
from smacs.store.chroma import index_folder
from smacs.store.index import OnProgress, load_matrix
from smacs.store.manifest import BankEmbedder
from smacs.store.once import Once

if TYPE_CHECKING:
    from smacs.pool.embed import Embedder

Stamp = tuple[int, int]  # modification time in nanoseconds, and size: another one means another content


@dataclass(frozen=True, slots=True, eq=False)
class BankView:
    """N questions: ids, texts, datasets, and `matrix` E (N, d), float32, C-contiguous, rows of length 1.

    `columns` are the columns of V of the LLMs that were evaluated, shape (N,), NaN where one was never asked;
    `accuracies` are their means over the questions that were.
    """

    ids: list[str]
    texts: list[str]
    datasets: list[str]
    matrix: NDArray[np.float32]
    columns: Mapping[str, NDArray[np.float32]]
    accuracies: Mapping[str, float]

    def correctness(self, llms: Sequence[str], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The given rows of V, eq. 1, shape (len(rows), R), in the order of `llms`; NaN for one never evaluated."""
        result = np.full((len(rows), len(llms)), np.nan, np.float32)
        for r, llm in enumerate(llms):
            if llm in self.columns:
                result[:, r] = self.columns[llm][rows]
        return result


@dataclass(frozen=True, slots=True)
class _Held:
    """A view in memory, and what its files looked like when they were read."""

    index: tuple[BankEmbedder, Stamp]
    evaluations: Mapping[str, Stamp]
    view: BankView


_held: dict[Path, _Held] = {}
_loads = Once[tuple[Path, bool], BankView]()


async def load_view(
    bank: QuestionBank, embedder: "Embedder", *, on_progress: OnProgress | None = None, rebuild: bool = False
) -> BankView:
    """The view of a bank, from memory unless its files have changed. Many may ask at once: one of them loads.

    Raises EmbedderMismatchError when `embedder` is not the bank's, BankLockedError, BankError.
    """
    bank.manifest.embedder.check(embedder.spec)
    index, evaluations = await asyncio.to_thread(_stamps, bank)
    held = _held.get(bank.path)
    if held and not rebuild and (held.index, held.evaluations) == (index, evaluations):
        return held.view
    return await _loads.run((bank.path, rebuild), lambda: _load(bank, embedder, on_progress or _silent, rebuild))


async def _load(bank: QuestionBank, embedder: "Embedder", on_progress: OnProgress, rebuild: bool) -> BankView:
    """Read what has changed: the index, or only some columns."""
    index, evaluations = await asyncio.to_thread(_stamps, bank)
    held = _held.get(bank.path)
    if held is None or held.index != index or rebuild:
        view = await _load_index(bank, embedder, on_progress, rebuild)
        held = _Held(index, {}, view)
    columns = await asyncio.to_thread(_columns, bank, held, evaluations)
    view = replace(held.view, columns=columns, accuracies={llm: _mean(column) for llm, column in columns.items()})
    _held[bank.path] = _Held(index, evaluations, view)
    return view


async def _load_index(bank: QuestionBank, embedder: "Embedder", on_progress: OnProgress, rebuild: bool) -> BankView:
    fresh = QuestionBank(bank.path, bank.manifest)  # another process may have added questions since `bank` read them
    questions = await asyncio.to_thread(lambda: fresh.questions)
    folder = await asyncio.to_thread(index_folder, bank.path)
    made_for = bank.manifest.embedder
    matrix = await load_matrix(folder, questions, made_for, embedder, on_progress=on_progress, rebuild=rebuild)
    return BankView(
        ids=[question.id for question in questions],
        texts=[question.text for question in questions],
        datasets=[question.dataset for question in questions],
        matrix=matrix,
        columns={},
        accuracies={},
    )


def _columns(bank: QuestionBank, held: _Held, evaluations: Mapping[str, Stamp]) -> dict[str, NDArray[np.float32]]:
    """V's columns; those whose file is as it was are taken from memory."""
    return {
        llm: held.view.columns[llm]
        if held.evaluations.get(llm) == stamp
        else read_column(bank.evaluation_file(llm), held.view.ids)
        for llm, stamp in evaluations.items()
    }


def _mean(column: NDArray[np.float32]) -> float:
    known = ~np.isnan(column)
    return float(column[known].mean()) if known.any() else 0.0


def _stamps(bank: QuestionBank) -> tuple[tuple[BankEmbedder, Stamp], dict[str, Stamp]]:
    """What the index depends on, and each evaluation file."""
    evaluations = {llm: _stamp(bank.evaluation_file(llm)) for llm in bank.llms}
    return (bank.manifest.embedder, _stamp(bank.questions_file)), evaluations


def _stamp(file: Path) -> Stamp:
    try:
        status = file.stat()
    except FileNotFoundError:
        return (0, -1)
    return (status.st_mtime_ns, status.st_size)


def _silent(done: int, total: int) -> None:
    """Nobody looks at the progress."""
