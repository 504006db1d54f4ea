"""Retrieve: the bank questions that are similar enough to the question to say something about it.

Equations 2 and 3 of the paper. With e the normalised embedding of the question and E the bank (N, d):

    S = max(E e, 0)        t = gamma * (k-th largest of S), k = min(N_sup_base, N)        I = {i : S_i >= t}

The support I is not capped at N_sup_base, so retrieval is exact over the whole bank.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from langgraph.types import Overwrite

from smacs.errors import EmbedderDownError
from smacs.nodes.shared.question import QuestionInput, check_length, left_out, read_question
from smacs.nodes.shared.run import Run, Support, Tools
from smacs.store.index.labels import Labels

NEAREST = 10  # questions that the trace shows
ROUNDING = 1e-6  # relative: cosines of float32 vectors are known no better, and each BLAS rounds them in its own way


def support_set(
    matrix: npt.NDArray[np.float32], query: npt.NDArray[np.float32], *, n_base: int, gamma: float
) -> Support:
    """The support of a query, eq. 2-3; `matrix` (N, d) and `query` (d,) are L2-normalised, indices in bank order."""
    similarity = matrix @ query
    np.maximum(similarity, 0, out=similarity)
    count = len(similarity)
    kth = count - min(n_base, count)
    threshold = gamma * float(np.partition(similarity, kth)[kth])
    indices = np.flatnonzero(similarity >= np.float32(threshold * (1 - ROUNDING)))
    chosen = similarity[indices].astype(np.float64)
    if not chosen.any():
        return whole_bank(count)
    return Support(indices, chosen, threshold, query=query)


def whole_bank(count: int) -> Support:
    """The whole bank of `count` questions with equal weights."""
    return Support(np.arange(count), np.ones(count), 0.0, blind=True)


async def retrieve(state: QuestionInput, tools: Tools) -> dict[str, Any]:
    """Read the question, embed it the way its bank expects, and find its support."""
    run = Run(tools.settings.deadline)
    asked = read_question(state)
    check_length(asked["question"], tools.pool)
    tools.prompts.id(asked["task"])  # an unknown task is refused before any LLM is asked
    view, late = await tools.load_view()
    run.view = view
    support, reasons = await find_support(asked["question"], tools, run)
    run.support = support
    summary = await asyncio.to_thread(summarise, support, view.datasets, lambda i: view.questions[i].text)
    tools.emit({"event": "retrieved", "support": summary})
    anew = {key: Overwrite([]) for key in ("references", "candidates", "notes")}  # a thread asks many questions
    return {
        **anew,
        "asked": asked,
        "settings": tools.settings.model_dump(),
        "run": run,
        "support": summary,
        "subsets": [],
        "usage": Overwrite({}),
        "degraded": Overwrite([*left_out(state), *late, *reasons]),
    }


async def find_support(question: str, tools: Tools, run: Run) -> tuple[Support, list[str]]:
    """The support of a question, and why it is blind if it is: nothing is similar, or the embedder is down."""
    settings = tools.settings
    view = await tools.view(run)
    try:
        query = (await tools.embed([question], run.time_to_embed(), query=True))[0]
    except EmbedderDownError as error:
        return whole_bank(len(view)), [f"the support is the whole bank, weighted equally: {error}"]
    support = support_set(view.matrix, query, n_base=settings.n_base, gamma=settings.gamma)
    reason = "the support is the whole bank, weighted equally: no bank question has any similarity"
    return support, [reason] if support.blind else []


def summarise(support: Support, datasets: Labels, text: Callable[[int], str]) -> dict[str, Any]:
    """The part of the trace that says where the support comes from: count, threshold, shares, nearest questions.

    `text` gives the text of a bank question by its position; only the nearest are read.
    """
    order = np.argsort(-support.similarities, kind="stable")[:NEAREST]
    codes, counts = np.unique(datasets.codes[support.indices], return_counts=True)
    total = len(support.indices)
    named = [(datasets.names[code], count) for code, count in zip(codes, counts.tolist(), strict=True)]
    shares = sorted(named, key=lambda pair: (-pair[1], pair[0]))
    nearest = [
        {
            "text": text(int(support.indices[i])),
            "similarity": round(float(support.similarities[i]), 4),
        }
        for i in order
    ]
    return {
        "count": total,
        "threshold": round(support.threshold, 4),
        "datasets": {name: round(count / total, 4) for name, count in shares},
        "nearest": nearest,
    }
