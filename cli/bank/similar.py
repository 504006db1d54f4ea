"""What a bank says about one question: its support, its neighbours, the prior of every LLM."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from smacs.nodes.prior_score import prior_scores, rank
from smacs.nodes.retrieve import support_set
from smacs.nodes.shared.run import Support

if TYPE_CHECKING:
    from smacs.nodes.shared.settings import Settings
    from smacs.store.view import BankView


@dataclass(frozen=True, slots=True)
class Prior:
    """One LLM: its prior (eq. 4), on how many support questions it rests, and its accuracy on the whole bank."""

    llm: str
    prior: float
    evaluated: int
    accuracy: float


def support_of(view: "BankView", query: NDArray[np.float32], settings: "Settings", own: int | None = None) -> Support:
    """The support of a query (eq. 2-3). A bank question, at position `own`, is none of its own support.

    It is the most similar of all, so that the k-th largest of the others is the (k + 1)-th of all.
    """
    if own is None:
        return support_set(view.matrix, query, n_base=settings.n_base, gamma=settings.gamma)
    whole = support_set(view.matrix, query, n_base=settings.n_base + 1, gamma=settings.gamma)
    others = whole.indices != own
    if not whole.similarities[others].any():
        indices = np.delete(np.arange(len(view)), own)
        return Support(indices, np.ones(len(indices)), 0.0, blind=True)
    return Support(whole.indices[others], whole.similarities[others], whole.threshold)


def priors_of(view: "BankView", support: Support, llms: list[str]) -> list[Prior]:
    """The prior of each LLM, best first (eq. 4-5)."""
    correct = view.correctness(llms, support.indices)
    priors = prior_scores(support.similarities, correct)
    evaluated = (~np.isnan(correct)).sum(axis=0)
    accuracies = np.array([view.accuracies.get(llm, 0.0) for llm in llms])
    order = rank(priors, accuracies)
    return [Prior(llms[r], float(priors[r]), int(evaluated[r]), float(accuracies[r])) for r in order]


def neighbours_of(view: "BankView", support: Support, llms: list[str], count: int) -> list[dict[str, Any]]:
    """The `count` most similar support questions, and which LLM got them right (None: never asked)."""
    order = np.argsort(-support.similarities, kind="stable")[:count]
    correct = view.correctness(llms, support.indices[order]).tolist()
    found = []
    for i, grades in zip(order, correct, strict=True):
        question = view.questions[int(support.indices[i])]
        fields = {name: getattr(question, name) for name in ("id", "text", "dataset", "subject")}
        right = {llm: None if grade != grade else grade for llm, grade in zip(llms, grades, strict=True)}
        found.append({**fields, "similarity": round(float(support.similarities[i]), 4), "correct": right})
    return found
