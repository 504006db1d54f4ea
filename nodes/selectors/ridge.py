"""Ridge regression from the embedding to right or wrong, one per LLM; its strength by generalised cross-validation.

All LLMs that were asked the same questions share one factor of the Gram matrix X'X = Q diag(s) Q', with X the centred
embeddings of those questions. For strength l the fit has `df = 1 + sum s / (s + l)` degrees of freedom, and

    GCV(l) = RSS(l) / (n - df)^2        (Golub, Heath, Wahba 1979)
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smacs.nodes.selectors.shared.selector import Floats, Queries, TrainingSet, Vectors

STRENGTHS = 10.0 ** np.arange(-1, 4.01, 0.25)


@dataclass(frozen=True, slots=True)
class Ridge:
    """Linear probability model on the embedding."""

    name: str = "ridge"
    summary: str = "Ridge regression on the embedding, one per LLM, strength by generalised cross-validation"

    def fit(self, training: TrainingSet) -> "FittedRidge":
        """One factor for each pattern of missing cells, one solution for each LLM."""
        factors: dict[bytes, _Factor] = {}
        result = []
        for column in training.correct.T:
            asked = ~np.isnan(column)
            key = asked.tobytes()
            if key not in factors:
                factors[key] = _factor(training.matrix, asked)
            result.append(_solve(factors[key], column[asked].astype(np.float64)))
        weights = np.array([weight for weight, _ in result]).reshape(len(result), training.matrix.shape[1])
        return FittedRidge(weights, np.array([offset for _, offset in result]))


@dataclass(frozen=True, slots=True)
class FittedRidge:
    """`weights` (R, d) and `offsets` (R,)."""

    weights: Floats
    offsets: Floats

    def scores(self, queries: Queries) -> Floats:
        """(m, R) predicted accuracies."""
        columns = [queries.vectors @ weight + offset for weight, offset in zip(self.weights, self.offsets, strict=True)]
        return np.array(columns).reshape(len(columns), len(queries.vectors)).T


@dataclass(frozen=True, slots=True)
class _Factor:
    """Rows of the matrix (n, d), their mean (d,), eigenvalues s (d,) >= 0 and eigenvectors Q (d, d) of the Gram."""

    rows: Vectors
    mean: Floats
    values: Floats
    basis: Floats


def _factor(matrix: Vectors, asked: npt.NDArray[np.bool_]) -> _Factor:
    rows = matrix if asked.all() else matrix[asked]
    mean = rows.mean(axis=0, dtype=np.float64) if len(rows) else np.zeros(matrix.shape[1])
    gram = (rows.T @ rows).astype(np.float64) - len(rows) * np.outer(mean, mean)
    values, basis = np.linalg.eigh(gram)
    return _Factor(rows, mean, np.maximum(values, 0), basis)


def _solve(factor: _Factor, column: Floats) -> tuple[Floats, float]:
    """Weights (d,) and offset for the answers (n,) of one LLM; zero for one that was never asked."""
    if not len(column):
        return np.zeros_like(factor.mean), 0.0
    share = float(column.mean())
    centred = column - share
    moment = factor.basis.T @ (centred @ factor.rows - centred.sum() * factor.mean)
    strength = min(STRENGTHS, key=lambda value: _gcv(factor.values, moment, centred, value))
    weights = factor.basis @ (moment / (factor.values + strength))
    return weights, share - float(factor.mean @ weights)


def _gcv(values: Floats, moment: Floats, centred: Floats, strength: float) -> float:
    """The GCV score of one strength."""
    shrunk = moment / (values + strength)
    rss = centred @ centred - 2 * shrunk @ moment + (shrunk**2) @ values
    free = len(centred) - 1 - (values / (values + strength)).sum()
    return float(rss / free**2) if free > 0 else float("inf")


SELECTOR = Ridge()
