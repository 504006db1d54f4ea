"""Hybrid score: how much the candidates agree with each other, and how sure the aggregator was of each.

Equation 7 of the paper, with G_1..G_n the candidates:

    S_sim_i = (1/n) sum_j cos(emb(G_i), emb(G_j)), j = i included
    PPL_i = exp(-mean log-probability of G_i's own tokens)        S_ppl_i = 1 - PPL_i
    S_i = S_sim_i + lambda S_ppl_i

1 - PPL is unbounded below, so one rambling candidate can dominate; the "bounded" variant puts exp(mean
log-probability) = 1/PPL in its place. Without log-probabilities for every candidate the term is left out for all of
them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from typing_extensions import TypedDict

from smacs.errors import EmbedderDownError
from smacs.nodes.shared.records import Candidate
from smacs.nodes.shared.run import Run, Tools, run_of

Floats = npt.NDArray[np.float64]


class CandidatesState(TypedDict):
    """What `hybrid_score` reads."""

    candidates: list[Candidate]
    run: Run | None


def mutual_similarity(embeddings: npt.NDArray[np.floating[Any]]) -> Floats:
    """(n,) mean cosine of each candidate with all n, from L2-normalised embeddings (n, d)."""
    rows = embeddings.astype(np.float64)
    return np.asarray((rows @ rows.T).mean(axis=1))


def hybrid_scores(similarity: Floats, logprobs: Floats | None, *, lam: float, perplexity: str = "paper") -> Floats:
    """(n,) scores S, eq. 7, from mean log-probabilities (n,) <= 0; None leaves the perplexity term out."""
    if logprobs is None:
        return similarity
    term = np.exp(logprobs) if perplexity == "bounded" else 1 - np.exp(-logprobs)
    return np.asarray(similarity + lam * term)


async def hybrid_score(state: CandidatesState, tools: Tools) -> dict[str, Any]:
    """Score every candidate."""
    candidates = state["candidates"]
    if not candidates:
        return {"degraded": []}
    reasons: list[str] = []
    settings = tools.settings
    run = run_of(state.get("run"), settings)
    similarity = await _similarity([candidate["text"] for candidate in candidates], tools, run, reasons)
    logprobs = _logprobs(candidates, reasons) if settings.lam > 0 else None
    scores = hybrid_scores(similarity, logprobs, lam=settings.lam, perplexity=settings.perplexity)
    scored: list[Candidate] = [
        {**candidate, "similarity": float(similarity[i]), "score": float(scores[i])}
        for i, candidate in enumerate(candidates)
    ]
    return {"candidates": scored, "degraded": reasons}


async def similarities(texts: Sequence[str], tools: Tools, run: Run) -> Floats:
    """(n,) mutual similarity of texts by the bank's embedder, in the time that is left. Raises EmbedderDownError."""
    if len(texts) == 1:
        return np.ones(1)
    return mutual_similarity(await tools.embed(texts, run.time_to_compare()))


async def _similarity(texts: Sequence[str], tools: Tools, run: Run, reasons: list[str]) -> Floats:
    try:
        return await similarities(texts, tools, run)
    except EmbedderDownError as error:
        reasons.append(f"the similarity term is left out: {error}")
        return np.zeros(len(texts))


def _logprobs(candidates: Sequence[Candidate], reasons: list[str]) -> Floats | None:
    means = [candidate["logprob"] for candidate in candidates]
    missing = sorted({c["aggregator"] for c in candidates if c["logprob"] is None})
    if missing:
        reasons.append(f"the perplexity term is left out: {', '.join(missing)} sent no log-probabilities")
        return None
    return np.array(means, dtype=np.float64)
