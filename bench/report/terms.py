"""Similarity against perplexity: where the two terms of eq. 7 want different candidates, whom the score follows and who
is right."""

import numpy as np
import numpy.typing as npt

from smacs.bench.report.candidates import Candidates
from smacs.bench.report.model import Terms
from smacs.bench.report.significance import mcnemar
from smacs.nodes.shared.determinism import places

Floats = npt.NDArray[np.float64]


def terms(made: Candidates) -> Terms | None:
    """Over the questions whose candidates all have both terms; None without any.

    Candidates with the same two terms are the same candidate: the aggregator repeated itself.
    """
    whole = ~np.isnan(made.right)
    known = ~(np.isnan(made.similarity + made.perplexity + made.score) & whole).any(axis=1)
    made = made.where(known & (whole.sum(axis=1) > 1))
    if not len(made.selected):
        return None
    similar, certain = made.by_similarity(), made.by_perplexity()
    apart = ~_same(made, similar, certain)
    chosen = _same(made, made.selected, similar), _same(made, made.selected, certain)
    right = made.at(similar) > 0, made.at(certain) > 0
    only = int((apart & right[0] & ~right[1]).sum()), int((apart & right[1] & ~right[0]).sum())
    return Terms(
        questions=len(similar),
        apart=int(apart.sum()),
        followed_similarity=int((apart & chosen[0]).sum()),
        followed_perplexity=int((apart & chosen[1]).sum()),
        followed_neither=int((apart & ~chosen[0] & ~chosen[1]).sum()),
        only_similarity_right=only[0],
        only_perplexity_right=only[1],
        both_right=int((apart & right[0] & right[1]).sum()),
        both_wrong=int((apart & ~right[0] & ~right[1]).sum()),
        p=mcnemar(*only),
        spread_similarity=float(np.nanstd(made.similarity, axis=1).mean()),
        spread_perplexity=float(np.nanstd(made.score - made.similarity, axis=1).mean()),
    )


def _same(made: Candidates, one: npt.NDArray[np.int64], other: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """(m,) whether two choices are of candidates with the same terms."""
    rows = np.arange(len(one))
    found = [places(part) for part in (made.similarity, made.perplexity)]
    return np.asarray(np.all([part[rows, one] == part[rows, other] for part in found], axis=0))
