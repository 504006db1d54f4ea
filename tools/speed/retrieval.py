"""Retrieval over a large bank: time against numpy's product and partition, peak memory against the matrix.

Each size is measured in a process of its own, `python -m tools.speed.retrieval N d`: its peak is its own.
"""

import json
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil

from tools.launch import environment
from tools.speed.figure import Figure

SIZES = ((10_000, 4_096), (1_000_000, 384))
N_BASE, GAMMA = 400, 0.95
QUERIES = 15
BLOCK = 256  # rows: the norm makes a copy of as many
Floats = npt.NDArray[np.float32]


def measure() -> list[Figure]:
    """Ratio of times and of memory for each size; target 1.3 for both."""
    return [figure for size in SIZES for figure in figures(*size)]


def figures(rows: int, columns: int) -> list[Figure]:
    """Both ratios for one size."""
    command = [sys.executable, "-m", "tools.speed.retrieval", str(rows), str(columns)]
    found = json.loads(subprocess.run(command, env=environment(), check=True, capture_output=True).stdout)
    size = f"{rows:,} x {columns:,}"
    memory = found["peak_bytes"] / found["matrix_bytes"]
    return [
        Figure(name=f"retrieval {size}, time", value=found["ratio"], target=1.3, details=found),
        Figure(name=f"retrieval {size}, peak memory", value=memory, target=1.3),
    ]


def run(rows: int, columns: int) -> dict[str, Any]:
    """Times in seconds and memory in bytes of this process, over random unit vectors."""
    from smacs.nodes.retrieve import support_set

    before = psutil.Process().memory_info().rss
    matrix = unit_rows(rows, columns)
    pairs = []
    for query in unit_rows(QUERIES + 1, columns)[1:]:
        ours = seconds(lambda query=query: support_set(matrix, query, n_base=N_BASE, gamma=GAMMA))  # type: ignore[misc]
        numpys = seconds(lambda query=query: plain(matrix, query))  # type: ignore[misc]
        pairs.append((ours, numpys))
    return {
        "ratio": median(ours / numpys for ours, numpys in pairs),
        "seconds": [ours for ours, _ in pairs],
        "seconds_numpy": [numpys for _, numpys in pairs],
        "matrix_bytes": matrix.nbytes,
        "peak_bytes": peak_bytes() - before,
    }


def plain(matrix: Floats, query: Floats) -> float:
    """The least that retrieval has to do: all similarities, and the k-th largest."""
    similarity = matrix @ query
    kth = len(similarity) - N_BASE
    return float(np.partition(similarity, kth)[kth])


def unit_rows(rows: int, columns: int) -> Floats:
    """Random float32 rows of length 1, made without a second copy of the matrix."""
    matrix = np.empty((rows, columns), np.float32)
    source = np.random.default_rng(columns)
    for start in range(0, rows, BLOCK):
        block = matrix[start : start + BLOCK]
        source.random(out=block, dtype=np.float32)
        block -= 0.5
        block /= np.linalg.norm(block, axis=1, keepdims=True)
    return matrix


def seconds(call: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def peak_bytes() -> int:
    """The most memory this process has ever had."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux hands ru_maxrss down from the parent
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        return int(found[1]) * 1024 if found else 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]), int(sys.argv[2]))))
