"""The most similar row of a matrix, for each row of another: exact, by blocks of matrix products."""

import numpy as np
from numpy.typing import NDArray

BLOCK = 4096  # rows of either matrix in one product: 64 MB of similarities


def nearest(
    rows: NDArray[np.float32], others: NDArray[np.float32], *, block: int = BLOCK
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Positions in `others` (m, d), m > 0, and cosines, each (n,), for `rows` (n, d); rows have length 1.

    The first of equally similar ones wins. Never more than `block` x `block` similarities at once.
    """
    where = np.zeros(len(rows), np.int64)
    best = np.full(len(rows), -np.inf, np.float32)
    for top in range(0, len(rows), block):
        part = slice(top, top + block)
        for left in range(0, len(others), block):
            similarity = rows[part] @ others[left : left + block].T
            column = similarity.argmax(axis=1)
            value = similarity[np.arange(len(column)), column]
            better = value > best[part]
            where[part][better] = left + column[better]
            best[part][better] = value[better]
    return where, best
