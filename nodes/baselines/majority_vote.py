"""Majority vote: the most frequent answer; its best voter's reply is the answer of the system.

Ties go to the higher summed prior. Replies without answers that can be counted (free text, code) vote by what they say:
the one with the highest mean similarity to the others.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np

from smacs.errors import EmbedderDownError
from smacs.nodes.hybrid_score import similarities
from smacs.nodes.shared.determinism import first_largest
from smacs.nodes.shared.extract import Answers, extract
from smacs.nodes.shared.records import ReferencesState, answer_with_reference, at_least_one, shortfall
from smacs.nodes.shared.run import Run, Tools, run_of
from smacs.nodes.vote.belief import prior_order, sequential_vote
from smacs.nodes.vote.rules.majority import RULE
from smacs.nodes.vote.signals import ballots


def most_frequent(answers: Answers, priors: Sequence[float]) -> int:
    """Position of the best voter of the most frequent answer; ties: higher summed prior. -1: no answer at all."""
    scores = np.array([priors], np.float64)
    verdict = sequential_vote(RULE, ballots([""], [answers]), scores, prior_order(scores), k=len(answers))
    return int(verdict.chosen[0])


async def majority_vote(state: ReferencesState, tools: Tools) -> dict[str, Any]:
    """Count the answers. Raises NoAnswerError when no LLM gave a usable reply."""
    here = at_least_one(state["references"])
    reasons = shortfall(state["references"], state["samples"])
    asked, texts = state["asked"], [record["text"] for record in here]
    answers = await asyncio.to_thread(extract, asked["task"], asked["question"], texts)
    winner = most_frequent(answers, [record["prior"] for record in here])
    if winner >= 0:
        note = f"{answers.count(answers[winner])} of {len(here)} replies answer {answers[winner]}"
    else:
        run = run_of(state.get("run"), tools.settings)
        winner, note = await _most_similar(texts, tools, run, reasons), f"chosen of {len(here)} replies by similarity"
    return {**answer_with_reference(here[winner], tools, reasons), "notes": [note]}


async def _most_similar(texts: Sequence[str], tools: Tools, run: Run, reasons: list[str]) -> int:
    """Position of the text that is most like the others; the first where there is no embedder."""
    try:
        return first_largest(await similarities(texts, tools, run))
    except EmbedderDownError as error:
        reasons.append(f"the replies cannot be compared, the answer is that of the highest prior: {error}")
        return 0
