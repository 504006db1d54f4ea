"""Priors from a bank: what it says about one question, and how the LLMs compare over many of its questions."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from smacs.nodes.prior_score import prior_scores, rank
from smacs.nodes.retrieve import support_set
from smacs.nodes.shared.run import Support

if TYPE_CHECKING:
    from smacs.nodes.shared.settings import Settings
    from smacs.store.view import BankView

SAMPLE = 200  # questions looked at: a share among them is within 7 points of the whole bank's


@dataclass(frozen=True, slots=True)
class Prior:
    """An LLM's prior (eq. 4), on how many support questions it rests, and the LLM's accuracy on the whole bank."""

    llm: str
    prior: float
    evaluated: int
    accuracy: float


def support_of(view: "BankView", query: NDArray[np.float32], settings: "Settings", own: int | None = None) -> Support:
    """The support of a query (eq. 2-3). A bank question, at position `own`, is not in its own support.

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


@dataclass(slots=True)
class Standing:
    """One LLM over the questions looked at: its ranks by prior from 1, and its priors as shares of a perfect LLM's."""

    llm: str
    ranks: list[int] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)

    def among(self, k: int) -> float:
        """The share of the questions on which it is one of the first `k`."""
        return float(np.mean([rank <= k for rank in self.ranks]))


def standings(view: "BankView", llms: list[str], settings: "Settings", seed: int = 0) -> list[Standing]:
    """The LLMs by mean prior, best first, over a sample of the bank: each question is asked as if it were new."""
    chosen = np.random.default_rng(seed).permutation(len(view))[:SAMPLE]
    found = {llm: Standing(llm) for llm in llms}
    for own in chosen.tolist():
        support = support_of(view, view.matrix[own], settings, own)
        total = float(support.similarities.sum())
        for place, prior in enumerate(priors_of(view, support, llms), 1):
            found[prior.llm].ranks.append(place)
            found[prior.llm].shares.append(prior.prior / total)
    return sorted(found.values(), key=lambda standing: -float(np.mean(standing.shares)))
