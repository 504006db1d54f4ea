"""Recruit: experts drawn by what they got right of the question's skills (Symbolic-MoE, arXiv 2503.05641).

The skills are keywords where the bank has them, else subjects. K experts are drawn with replacement in proportion to
their suitability (`skills`). A draw of an expert that gets less than 5 % of all draws is replaced by one in proportion
to the others' shares of all draws; these shares are the expected ones for the questions of the bank, so that one
question is answered like many.
"""

import asyncio
from collections import Counter
from typing import Any

import numpy as np

from smacs.errors import EmbedderDownError
from smacs.nodes.baselines.skills import (
    Codes,
    Floats,
    Skills,
    bank_keywords,
    by_subjects,
    has_keywords,
    probabilities,
    question_keywords,
)
from smacs.nodes.prior_score import rank, run_and_support
from smacs.nodes.shared.determinism import random_of
from smacs.nodes.shared.records import RetrievalState, Usage, total_usage
from smacs.nodes.shared.run import Run, Tools
from smacs.store.view import BankView

LEAST_SHARE = 0.05  # of all draws


def chances(suitability: Floats, shares: Floats) -> Floats:
    """(R,) probabilities of a draw, rare experts replaced, from suitabilities (R,) and shares of all draws (R,)."""
    drawn = probabilities(suitability)
    frequent = shares >= LEAST_SHARE
    if not frequent.any():
        return drawn
    replaced = drawn[~frequent].sum() * probabilities(np.where(frequent, shares, 0.0))
    return np.asarray(np.where(frequent, drawn, 0.0) + replaced)


async def recruit(state: RetrievalState, tools: Tools) -> dict[str, Any]:
    """Draw the experts; one drawn several times gives as many samples. The likeliest others stand in for them."""
    names, question = list(tools.pool.llms), state["asked"]["question"]
    run, support = await run_and_support(state, tools)
    view = await tools.view(run)
    found, told = await _by_keywords(view, question, tools, run)
    if found is None:
        found = await asyncio.to_thread(by_subjects, view, names, support)
    codes, skills = found
    odds = chances(skills.suitability(codes), skills.shares)
    rng = random_of(tools.settings.seed, "recruit", question)
    drawn = Counter(rng.choice(len(names), tools.settings.k, p=odds).tolist())
    ranked = rank(odds, skills.strengths)
    priors = {names[r]: float(odds[r]) for r in ranked}
    run.substitutes = [names[r] for r in ranked if r not in drawn]
    tools.emit({"event": "priors", "priors": priors})
    return {"priors": priors, "samples": {names[r]: drawn[r] for r in ranked if r in drawn}, "run": run, **told}


async def _by_keywords(
    view: BankView, question: str, tools: Tools, run: Run
) -> tuple[tuple[Codes, Skills] | None, dict[str, Any]]:
    """The question's skills and all of the bank's, None where they cannot be known; what is to be said of that."""
    if not await asyncio.to_thread(has_keywords, tools):
        return None, {}
    named, usage, reasons = await question_keywords(question, tools, run)
    if not named:
        return None, _told([], usage, reasons)
    try:
        bank = await bank_keywords(view, list(tools.pool.llms), tools, run.time_to_embed())
        vectors = await tools.embed(named, run.time_to_embed())
    except EmbedderDownError as error:
        return None, _told(named, usage, [*reasons, f"the question's skills cannot be compared: {error}"])
    return (bank.nearest(vectors), bank.skills), _told(named, usage, reasons)


def _told(named: list[str], usage: list[Usage], reasons: list[str]) -> dict[str, Any]:
    notes = [f"skills: {', '.join(named)}"] if named else []
    return {"notes": notes, "usage": total_usage(usage), "degraded": reasons}
