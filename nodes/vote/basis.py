"""Basis: a few measured columns as many, so that a linear fit can bend.

Each column is standardised (mean 0, standard deviation 1 on the bank, cut at 6) and joined by hinges max(x - knot, 0)
at the bank's quantiles: the fit is piecewise linear in each column.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
KNOTS = 6
CUT = 6.0


@dataclass(frozen=True, slots=True)
class Basis:
    """What was measured on the bank."""

    mean: Floats
    """(c,) of each column."""
    scale: Floats
    """(c,) standard deviation, 1 where it is 0."""
    columns: npt.NDArray[np.int64]
    """(h,) the column of each hinge."""
    knots: Floats
    """(h,) its knot, standardised."""

    def expand(self, measured: npt.NDArray[np.floating[Any]]) -> Floats:
        """(n, 1 + c + h) design matrix, a column of ones first, from (n, c)."""
        x = np.clip((measured - self.mean) / self.scale, -CUT, CUT)
        hinges = np.maximum(x[:, self.columns] - self.knots, 0.0)
        return np.concatenate([np.ones((len(x), 1)), x, hinges], axis=1)


def measure(measured: npt.NDArray[np.floating[Any]]) -> Basis:
    """The basis of a bank's columns (n, c), n >= 1."""
    mean, deviation = measured.mean(axis=0, dtype=np.float64), measured.std(axis=0, dtype=np.float64)
    scale = np.where(deviation > 1e-9, deviation, 1.0)
    x = np.clip((measured - mean) / scale, -CUT, CUT)
    knots = [_knots(column) for column in x.T]
    columns = np.repeat(np.arange(len(knots)), [len(k) for k in knots])
    return Basis(mean, scale, columns, np.concatenate(knots))


def _knots(column: Floats) -> Floats:
    inner = np.unique(np.quantile(column, np.linspace(0, 1, KNOTS + 2)[1:-1]))
    return np.asarray(inner[(inner > column.min()) & (inner < column.max())])
