"""Prior score: what each LLM got right among the support questions, weighted by their similarity.

Equations 4 and 5 of the paper, with V[i, r] = 1 where LLM r answered bank question i correctly:

    prior_r = sum over i in I of S_i V[i, r]        referencers = the K LLMs with the largest prior

A cell that was never evaluated is missing, not 0: the average over the cells that exist takes its place, scaled by
the sum of S_i over I, so that LLMs with and without gaps stay comparable. Other selectors than this one, the paper's,
are in `smacs.nodes.selectors`.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from smacs.nodes.retrieve import find_support
from smacs.nodes.selectors.shared.live import live_scores
from smacs.nodes.shared.determinism import places
from smacs.nodes.shared.records import RetrievalState
from smacs.nodes.shared.run import Run, Support, Tools, run_of
from smacs.nodes.shared.settings import PAPER
from smacs.store.view import BankView

Floats = npt.NDArray[np.float64]


def prior_scores(similarities: Floats, correct: npt.NDArray[np.floating[Any]]) -> Floats:
    """(R,) priors, eq. 4, from similarities (|I|,) and correctness (|I|, R) with NaN where never evaluated.

    An LLM without a single evaluated support question has prior 0.
    """
    known = ~np.isnan(correct)
    gained = similarities @ np.where(known, correct, 0.0).astype(np.float64)
    if known.all():
        return gained
    weight = similarities @ known.astype(np.float64)
    total = similarities.sum()
    complete = known.all(axis=0)
    average = np.divide(gained, weight, out=np.zeros_like(gained), where=weight > 0)
    return np.where(complete, gained, average * total)


def rank(priors: Floats, accuracies: Floats) -> list[int]:
    """Positions of the LLMs, best first, eq. 5: prior, then mean accuracy on the bank, then pool order."""
    return [int(i) for i in np.lexsort((np.arange(len(priors)), places(accuracies), places(priors)))]


async def run_and_support(state: RetrievalState, tools: Tools) -> tuple[Run, Support]:
    """The run and its support, which is found again after a resume from a checkpoint."""
    run = run_of(state.get("run"), tools.settings)
    return run, run.support or (await find_support(state["asked"]["question"], tools, run))[0]


async def prior_score(state: RetrievalState, tools: Tools) -> dict[str, Any]:
    """Score every LLM of the pool and rank them; the first K become referencers."""
    run, support = await run_and_support(state, tools)
    names = list(tools.pool.llms)
    view = await tools.view(run)
    within = view.correctness(names, support.indices)
    priors = await _priors(view, names, support, within, tools.settings.selector, state["asked"]["question"])
    accuracies = np.array([view.accuracies.get(name, 0.0) for name in names])
    order = rank(priors, accuracies)
    scores = {names[r]: float(priors[r]) for r in order}
    unknown = [names[r] for r in order if np.isnan(within[:, r]).all()]
    chosen, run.substitutes = list(scores)[: tools.settings.k], list(scores)[tools.settings.k :]
    tools.emit({"event": "priors", "priors": scores})
    reasons = [f"{name} was never evaluated on a support question: its prior is 0" for name in unknown]
    return {"priors": scores, "samples": dict.fromkeys(chosen, 1), "run": run, "degraded": reasons}


async def _priors(
    view: BankView,
    names: list[str],
    support: Support,
    within: npt.NDArray[np.float32],
    selector: str,
    question: str,
) -> Floats:
    """(R,) priors by the selector; by eq. 4 where the question has no embedding, which the others need."""
    if selector == PAPER or support.query is None:
        return prior_scores(support.similarities, within)
    return await live_scores(view, names, selector, support.query, question)
