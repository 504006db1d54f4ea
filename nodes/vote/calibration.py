"""Calibration: how likely one LLM's answer is right, from figures known about that answer alone.

Logistic regression with a ridge, fitted on one LLM's own column of the bank: p = 1 / (1 + exp(-x b)), x the `Basis` of
its figures. Another LLM changes nothing of it. The bank's own log-odds come out of sample, without a refit, by the
approximate leave-one-out formula (Rad and Maleki 2020), with H the Hessian and h_i = x_i H^-1 x_i:

    z_i = x_i b + h_i (p_i - y_i) / (1 - h_i p_i (1 - p_i))

The basis lets a linear fit bend: each figure is standardised (mean 0, standard deviation 1 on the bank, cut at 6) and
joined by hinges max(x - knot, 0) at the bank's quantiles, so that the fit is piecewise linear in each of them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
RIDGE = 2.0
STEPS = 25  # of Newton's method at most
CLOSE = 1e-6  # change of a coefficient at which Newton's steps end
KNOTS = 6
CUT = 6.0  # standard deviations


@dataclass(frozen=True, slots=True)
class Basis:
    """Scales and knots of c figures, measured on the bank."""

    mean: Floats
    """(c,) of each figure."""
    scale: Floats
    """(c,) standard deviation, 1 where it is 0."""
    columns: npt.NDArray[np.int64]
    """(h,) the figure of each hinge."""
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


@dataclass(frozen=True, slots=True)
class Calibration:
    """One LLM's fit."""

    basis: Basis
    coefficients: Floats
    held_out: Floats
    """(N,) log-odds of the bank's questions, each as if it had been left out of the fit."""

    def log_odds(self, measured: npt.NDArray[np.floating[Any]]) -> Floats:
        """(m,) log-odds of being right, from figures (m, c)."""
        return np.asarray(self.basis.expand(measured) @ self.coefficients)


def calibrate(measured: npt.NDArray[np.floating[Any]], correct: npt.NDArray[np.floating[Any]]) -> Calibration:
    """Fit figures (N, c) to grades (N,) in [0, 1], NaN = left out. Without any grade: log-odds 0 everywhere."""
    known = ~np.isnan(correct)
    if not known.any():
        known, correct = np.ones(len(correct), dtype=bool), np.full(len(correct), 0.5)
    basis = measure(measured[known])
    x, y = basis.expand(measured), np.where(known, correct, 0.0).astype(np.float64)
    b, hessian = _newton(x[known], y[known])
    z = x @ b
    p = _sigmoid(z)
    h = np.einsum("np,pn->n", x, np.linalg.solve(hessian, x.T))
    left_out = z + h * (p - y) / np.maximum(1 - h * p * (1 - p), 0.1)
    return Calibration(basis, b, np.where(known, left_out, z))


def _newton(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Coefficients (c,) and Hessian (c, c) at the maximum of the penalised likelihood."""
    ridge = np.full(x.shape[1], RIDGE)
    ridge[0] = 0.1  # the mean is nearly free; never quite, for an LLM that is always right
    b, hessian = np.zeros(x.shape[1]), np.diag(ridge)
    for _ in range(STEPS):
        p = _sigmoid(x @ b)
        hessian = (x * (p * (1 - p))[:, None]).T @ x + np.diag(ridge)
        step = np.linalg.solve(hessian, x.T @ (p - y) + ridge * b)
        b = b - step
        if np.abs(step).max() < CLOSE:
            break
    return b, hessian


def _sigmoid(z: Floats) -> Floats:
    return np.asarray(0.5 * (1 + np.tanh(z / 2)))
