"""How an LLM's prior compares with the others': asked for every question of the bank as if it were a new one."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from smacs.cli.bank.similar import priors_of, support_of

if TYPE_CHECKING:
    from smacs.nodes.shared.settings import Settings
    from smacs.store.view import BankView

SAMPLE = 200  # questions looked at: a share among them is within 7 points of the whole bank's


@dataclass(slots=True)
class Standing:
    """One LLM over the questions looked at: its ranks by prior from 1, and its priors as shares of a perfect LLM's."""

    llm: str
    ranks: list[int] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)

    def among(self, k: int) -> float:
        """On which share of the questions it is one of the first `k`."""
        return float(np.mean([rank <= k for rank in self.ranks]))


def standings(view: "BankView", llms: list[str], settings: "Settings", seed: int = 0) -> list[Standing]:
    """The LLMs by mean prior, best first, over a sample of the bank; no question is in its own support."""
    chosen = np.random.default_rng(seed).permutation(len(view))[:SAMPLE]
    found = {llm: Standing(llm) for llm in llms}
    for own in chosen.tolist():
        support = support_of(view, view.matrix[own], settings, own)
        total = float(support.similarities.sum())
        for rank, prior in enumerate(priors_of(view, support, llms), 1):
            found[prior.llm].ranks.append(rank)
            found[prior.llm].shares.append(prior.prior / total)
    return sorted(found.values(), key=lambda standing: -float(np.mean(standing.shares)))
