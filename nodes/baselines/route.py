"""Route: LLMs chosen by their accuracy on one data set of the bank, or on all of it.

`route` ranks them by their accuracy on the questions of one data set: the one that the caller names, else the one with
the largest similarity-weighted share of the support. Where the bank has no question of it, the whole bank counts; so it
does for an LLM that was asked none of it. `assign` lets one LLM answer alone, whatever the question.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from smacs.nodes.prior_score import rank, run_and_support
from smacs.nodes.selectors.shared.columns import Columns
from smacs.nodes.shared.determinism import first_largest
from smacs.nodes.shared.records import RetrievalState
from smacs.nodes.shared.run import Support, Tools
from smacs.store.index.labels import Labels
from smacs.store.view import BankView

Floats = npt.NDArray[np.float64]


def largest_share(support: Support, datasets: Labels) -> str:
    """The data set whose support questions have the largest summed similarity; ties: the first in the bank."""
    shares = np.bincount(datasets.codes[support.indices], support.similarities, len(datasets.names))
    return datasets.names[first_largest(shares)]


def accuracies_within(correct: npt.NDArray[np.float32], overall: Floats) -> Floats:
    """(R,) mean of each column of V (m, R) over the cells that exist; `overall` (R,) where none does."""
    return np.where(np.isnan(correct).all(axis=0), overall, Columns.of(correct).means)


async def route(state: RetrievalState, tools: Tools) -> dict[str, Any]:
    """Rank the LLMs; the first K are asked for n samples each."""
    asked, names = state["asked"], list(tools.pool.llms)
    run, support = await run_and_support(state, tools)
    view = await tools.view(run)
    dataset = asked["dataset"] or largest_share(support, view.datasets)
    scores, note = _scores(view, names, dataset)
    note += "" if asked["dataset"] else "; that data set has the largest share of the support"
    k = tools.settings.k
    chosen, run.substitutes = list(scores)[:k], list(scores)[k:]
    tools.emit({"event": "priors", "priors": scores})
    return {"priors": scores, "samples": dict.fromkeys(chosen, tools.settings.n), "run": run, "notes": [note]}


async def assign(state: RetrievalState, tools: Tools) -> dict[str, Any]:
    """The LLM of the settings, or the one with the best accuracy on the whole bank; nobody stands in for it."""
    view = await tools.view(state.get("run"))
    accuracies = {name: view.accuracies.get(name, 0.0) for name in tools.pool.llms}
    llm = tools.settings.llm or list(accuracies)[first_largest(np.array(list(accuracies.values())))]
    priors = {llm: accuracies[llm]}
    tools.emit({"event": "priors", "priors": priors})
    return {"priors": priors, "samples": {llm: 1}}


def _scores(view: BankView, names: Sequence[str], dataset: str) -> tuple[dict[str, float], str]:
    """LLM -> accuracy, best first, and in words where it was measured."""
    overall = np.array([view.accuracies.get(name, 0.0) for name in names])
    if dataset in view.datasets.names:
        rows = np.flatnonzero(view.datasets.codes == view.datasets.names.index(dataset))
        scores, where = accuracies_within(view.correctness(names, rows), overall), f"{len(rows)} questions of {dataset}"
    else:
        scores, where = overall, f"{len(view)} questions, none of them of {dataset}"
    order = rank(scores, overall)
    best = names[order[0]]
    return {names[r]: float(scores[r]) for r in order}, f"{best} is best on the bank's {where} ({scores[order[0]]:.1%})"
