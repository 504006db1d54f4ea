"""Accuracy as a share with its interval."""

import numpy as np
import numpy.typing as npt

from smacs.bench.report.figures import Cell, Interval
from smacs.store.stats import wilson

Floats = npt.NDArray[np.float64]


def accuracy(grades: Floats) -> Cell:
    """Accuracy over grades (m,), NaN where a question was not answered, with Wilson's interval."""
    count = int((~np.isnan(grades)).sum())
    return Cell(questions=count, of=len(grades), accuracy=share(float(np.nansum(grades)), count))


def share(gained: float, count: int) -> Interval | None:
    """gained / count in % with Wilson's interval; None where `count` is 0."""
    if not count:
        return None
    low, high = wilson(gained / count, count)
    return Interval(100 * gained / count, 100 * low, 100 * high)
