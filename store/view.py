"""What retrieval sees of a bank: memory-mapped arrays, opened once for each process and kept up to date."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from smacs.store.folder import BankFolder
from smacs.store.index.arrays import Arrays, arrays_folder, build_arrays, open_arrays
from smacs.store.index.columns import column
from smacs.store.index.matrix import MatrixWork, OnProgress, fill_matrix
from smacs.store.index.place import place_of
from smacs.store.index.questions import Categories, QuestionLines
from smacs.store.index.vector_file import VectorFile
from smacs.store.io.files import Stamp, stamp
from smacs.store.io.once import Once
from smacs.store.manifest import BankEmbedder
from smacs.store.records import Question
from smacs.store.tuned_settings import FILE as SETTINGS
from smacs.store.tuned_settings import SelectorSettings, valid_settings

if TYPE_CHECKING:
    from smacs.pool.embed import Embedder


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class BankView:
    """N questions; `matrix` E (N, d), float32, C-contiguous, rows of length 1; data set and subject of each.

    `columns` are the columns of V of the LLMs that were evaluated, shape (N,), NaN where one was never asked;
    `accuracies` are their means over the questions that were. `questions[i]` reads one question from the disk.
    `settings` are those tuned for selectors (see `smacs.store.tuned_settings`).
    """

    matrix: NDArray[np.float32]
    datasets: Categories
    subjects: Categories
    questions: QuestionLines
    columns: Mapping[str, NDArray[np.float32]]
    accuracies: Mapping[str, float]
    settings: Mapping[str, SelectorSettings]

    def __len__(self) -> int:
        return len(self.matrix)

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
    tuned: Stamp
    folder: Path
    view: BankView


_held: dict[Path, _Held] = {}
_loads = Once[tuple[Path, bool], BankView]()


async def load_view(
    bank: BankFolder, embedder: "Embedder | None", *, on_progress: OnProgress | None = None, rebuild: bool = False
) -> BankView:
    """The view of a bank, from memory unless its files have changed. Many may ask at once: one of them loads.

    Raises EmbedderMismatchError when `embedder` is not the bank's, BankLockedError, BankError.
    """
    index, evaluations, tuned = await asyncio.to_thread(_stamps, bank)
    if embedder is not None:
        bank.manifest.embedder.check(embedder.spec)
    held = _held.get(bank.path)
    if held and not rebuild and (held.index, held.evaluations, held.tuned) == (index, evaluations, tuned):
        return held.view
    return await _loads.run(
        (bank.path, rebuild), lambda: _load(bank, embedder, on_progress or _silent, rebuild), means=embedder
    )


def held_view(bank: BankFolder) -> BankView | None:
    """The view that is in memory, as its files were when it was read."""
    held = _held.get(bank.path)
    return held.view if held else None


async def _load(bank: BankFolder, embedder: "Embedder | None", on_progress: OnProgress, rebuild: bool) -> BankView:
    """Read what has changed: the index, or only some columns."""
    index, evaluations, tuned = await asyncio.to_thread(_stamps, bank)
    held = _held.get(bank.path)
    if held is None or held.index != index or rebuild:
        arrays = await _arrays(bank, index[1], embedder, on_progress, rebuild)
        view = await asyncio.to_thread(_view, bank, arrays)
        held = _Held(index, {}, tuned, arrays.folder, view)
    columns = await asyncio.to_thread(_columns, bank, held, evaluations)
    accuracies = {llm: _mean(values) for llm, values in columns.items()}
    settings = await asyncio.to_thread(valid_settings, bank.path, bank.manifest.embedder)
    view = replace(held.view, columns=columns, accuracies=accuracies, settings=settings)
    _held[bank.path] = _Held(index, evaluations, tuned, held.folder, view)
    return view


async def _arrays(
    bank: BankFolder, questions: Stamp, embedder: "Embedder | None", on_progress: OnProgress, rebuild: bool
) -> Arrays:
    """The bank's arrays; made where they are missing, from Chroma and the embedder."""
    made_for = bank.manifest.embedder
    place = await asyncio.to_thread(place_of, bank.path, bank.manifest)
    folder = arrays_folder(place, made_for, questions)
    arrays = None if rebuild else await asyncio.to_thread(open_arrays, folder, made_for.dimension)
    if arrays is not None:
        return arrays
    supplied = VectorFile(bank.path, made_for)

    async def fill(items: list[Question], matrix: NDArray[np.float32]) -> None:
        work = MatrixWork(place, items, made_for, supplied, embedder, on_progress)
        await fill_matrix(work, matrix, rebuild=rebuild)

    return await build_arrays(folder, bank.questions_file, made_for.dimension, fill)


def _view(bank: BankFolder, arrays: Arrays) -> BankView:
    lines = QuestionLines(bank.questions_file, arrays.ends)
    return BankView(arrays.matrix, arrays.datasets, arrays.subjects, lines, columns={}, accuracies={}, settings={})


def _columns(bank: BankFolder, held: _Held, evaluations: Mapping[str, Stamp]) -> dict[str, NDArray[np.float32]]:
    """V's columns; those whose file is as it was are taken from memory."""
    found = {}
    for llm, now in evaluations.items():
        if held.evaluations.get(llm) == now:
            found[llm] = held.view.columns[llm]
        else:
            read = partial(_read_column, bank, llm, held.view.questions)
            found[llm] = column(held.folder, llm, now, len(held.view), read)
    return found


def _read_column(bank: BankFolder, llm: str, questions: QuestionLines) -> NDArray[np.float32]:
    return bank.column(llm, questions.ids())


def _mean(values: NDArray[np.float32]) -> float:
    known = ~np.isnan(values)
    return float(values[known].mean(dtype=np.float64)) if known.any() else 0.0


def _stamps(bank: BankFolder) -> tuple[tuple[BankEmbedder, Stamp], dict[str, Stamp], Stamp]:
    """What the index depends on, each evaluation file, and the tuned settings."""
    bank.refresh()
    evaluations = {llm: stamp(bank.evaluation_file(llm)) for llm in bank.llms}
    return (bank.manifest.embedder, stamp(bank.questions_file)), evaluations, stamp(bank.path / SETTINGS)


def _silent(done: int, total: int) -> None:
    """Nobody looks at the progress."""
