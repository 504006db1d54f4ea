"""Prior drop: n random subsets of the references, the weakest likeliest left out.

Equation 6 of the paper. Over the references that arrived:

    z = (prior - mean) / std (population)        D = softmax(z)

A subset keeps K - K_drop references, drawn one after another without replacement with probabilities D, renormalised
after each draw. Adding Gumbel noise to log D and keeping the largest draws exactly this distribution, for all n
subsets at once. Random drop, to compare with, takes the same D for all.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from smacs.nodes.shared.determinism import all_equal, random_of
from smacs.nodes.shared.records import ReferencesState, arrived, name_of, shortfall
from smacs.nodes.shared.run import Tools

Floats = npt.NDArray[np.float64]


def log_drop_distribution(priors: Floats) -> Floats:
    """(K,) natural logarithm of D, eq. 6; uniform when all priors are equal."""
    z = np.zeros_like(priors) if all_equal(priors) else (priors - priors.mean()) / priors.std()
    shifted: Floats = z - z.max()
    return np.asarray(shifted - np.log(np.exp(shifted).sum()))


def draw_subsets(log_d: Floats, keep: int, n: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """(n, keep) positions, ascending within each row: n independent successive samples of `keep` out of K."""
    keys = log_d + rng.gumbel(size=(n, len(log_d)))
    chosen = np.argpartition(-keys, keep - 1, axis=1)[:, :keep]
    return np.sort(chosen, axis=1).astype(np.int64)


async def prior_drop(state: ReferencesState, tools: Tools) -> dict[str, Any]:
    """Draw the subsets, each as LLM names in descending order of prior, and say which referencers failed."""
    here = arrived(state["references"])
    reasons = shortfall(state["references"], state["samples"])
    if not here:
        return {"subsets": [], "degraded": reasons}
    settings = tools.settings
    names = [name_of(record) for record in here]
    priors = np.array([record["prior"] if settings.drop == "prior" else 0.0 for record in here])
    keep = max(len(here) - settings.k_drop, 1)
    rng = random_of(settings.seed, "prior_drop", state["asked"]["question"])
    rows = draw_subsets(log_drop_distribution(priors), keep, settings.n, rng)
    subsets = [[names[position] for position in row] for row in rows]
    tools.emit({"event": "subsets", "subsets": subsets})
    return {"subsets": subsets, "degraded": reasons}
