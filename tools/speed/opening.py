"""A bank of a million questions: from opening it to its first answer, against numpy reading the same matrix from disk.

Each run is a process of its own, `python -m tools.speed.opening {ours,numpy} BANK`, and finds the matrix dropped
from the system's file cache. The bank is written without Chroma: an opened bank reads its arrays, not Chroma.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import numpy as np

from tools.launch import environment
from tools.speed.figure import Figure
from tools.speed.retrieval import BLOCK, GAMMA, N_BASE, Floats, unit_rows

ROWS, COLUMNS, LLMS, DATASETS = 1_000_000, 384, 15, 20
RUNS = 3
OPEN, COLUMN = 1.5, 10.0  # targets: times numpy's own time; seconds for the column of one more LLM


def measure() -> list[Figure]:
    """Ratio of times (median of the runs), and seconds until a new LLM's column is seen."""
    with tempfile.TemporaryDirectory(prefix="smacs-bench-") as folder:
        bank = asyncio.run(_make(Path(folder) / "bank"))
        runs = [(_run("ours", bank), _run("numpy", bank)) for _ in range(RUNS)]
        column = _add_column(bank)
    ratio = median(ours["seconds"] / numpys["seconds"] for ours, numpys in runs)
    size = f"{ROWS:,} x {COLUMNS}"
    return [
        Figure(name=f"opening {size} to the first answer", value=ratio, target=OPEN, details={"runs": runs}),
        Figure(name=f"adding an LLM's column, {ROWS:,} cells", value=column, unit="s", target=COLUMN),
    ]


async def _make(path: Path) -> Path:
    """A bank with its arrays and the columns of `LLMS` LLMs."""
    from smacs.pool.config import EmbedderSpec
    from smacs.store.bank import QuestionBank
    from smacs.store.index.arrays import arrays_folder, build_arrays
    from smacs.store.index.place import place_of
    from smacs.store.io.files import stamp

    bank = QuestionBank.create(path, EmbedderSpec(model="random", dimension=COLUMNS), [])
    with bank.questions_file.open("wb") as file:
        file.writelines(_questions())
    for r in range(LLMS):
        _evaluate(bank.evaluation_file(f"llm-{r}"), r)
    made_for = bank.manifest.embedder
    folder = arrays_folder(place_of(path, bank.manifest), made_for, stamp(bank.questions_file))
    await build_arrays(folder, bank.questions_file, COLUMNS, _fill)
    await bank.load(None)  # writes the columns
    return path


def _questions() -> Iterator[bytes]:
    for i in range(ROWS):
        text = f"Question number {i}: what comes after {i}, and what before it? Think step by step."
        yield b'{"id":"q%d","text":"%b","label":1,"dataset":"set-%d"}\n' % (i, text.encode(), i % DATASETS)


def _evaluate(file: Path, seed: int) -> None:
    file.parent.mkdir(exist_ok=True)
    right = np.random.default_rng(seed).random(ROWS) < 0.6
    with file.open("wb") as opened:
        opened.writelines(b'{"question":"q%d","correct":%d}\n' % pair for pair in enumerate(right.tolist()))


async def _fill(questions: Iterable[Any], matrix: Floats) -> None:  # noqa: ARG001 - all vectors are drawn here
    rows = unit_rows(BLOCK * 16, COLUMNS)
    for start in range(0, len(matrix), len(rows)):
        part = matrix[start : start + len(rows)]
        part[:] = rows[: len(part)]


def _run(which: str, bank: Path) -> dict[str, float]:
    (matrix,) = bank.glob("arrays/*/matrix.npy")
    _drop(matrix)
    command = [sys.executable, "-m", "tools.speed.opening", which, str(bank)]
    found: dict[str, float] = json.loads(
        subprocess.run(command, env=environment(), check=True, capture_output=True).stdout
    )
    return found


def _drop(file: Path) -> None:
    """Out of the system's file cache."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
        os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _add_column(bank: Path) -> float:
    """Seconds from the last line of a new evaluation file to the answer that counts it."""
    from smacs.store.bank import QuestionBank

    opened = QuestionBank.open(bank)
    asyncio.run(opened.load(None))
    _evaluate(opened.evaluation_file("new"), LLMS)
    start = time.perf_counter()
    view = asyncio.run(opened.load(None))
    assert not np.isnan(view.columns["new"]).any()
    return time.perf_counter() - start


def _ours(path: Path) -> Any:
    """Open, load, retrieve, score, and read the nearest questions."""
    from smacs.nodes.prior_score import prior_scores
    from smacs.nodes.retrieve import summarise, support_set
    from smacs.store.bank import QuestionBank

    query = unit_rows(1, COLUMNS)[0]
    start = time.perf_counter()
    view = asyncio.run(QuestionBank.open(path).load(None))
    support = support_set(view.matrix, query, n_base=N_BASE, gamma=GAMMA)
    priors = prior_scores(support.similarities, view.correctness(list(view.columns), support.indices))
    summary = summarise(support, view.datasets, lambda i: view.questions[i].text)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "best": float(priors.max()), "support": summary["count"]}


def _numpy(path: Path) -> Any:
    (matrix,) = path.glob("arrays/*/matrix.npy")
    start = time.perf_counter()
    rows = len(np.load(matrix))
    return {"seconds": time.perf_counter() - start, "rows": rows}


if __name__ == "__main__":
    result = {"ours": _ours, "numpy": _numpy}[sys.argv[1]](Path(sys.argv[2]))
    sys.stdout.buffer.write(msgspec.json.encode(result))
