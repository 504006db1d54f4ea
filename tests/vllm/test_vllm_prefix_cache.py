"""The aggregation stage on real vLLM, as SMACS runs it and without what it does for the prefix cache.

K = 7 references of about 150 tokens, n = 8 subsets by eq. 6, 16 output tokens, all calls sent at once. Ours: references
in descending order of prior, equal subsets as one call with `n`. Theirs: references in the order drawn, each subset a
call of its own. The same subsets, the same server, one after the other, with texts that no other round has.
"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import httpx2
import numpy as np
import pytest

from smacs.nodes.aggregator import AggregatorTask, aggregator, group_subsets
from smacs.nodes.prior_drop import draw_subsets, log_drop_distribution
from smacs.nodes.shared.question import Asked
from smacs.nodes.shared.run import Tools
from smacs.nodes.shared.settings import Settings
from smacs.pool.config import LLMSpec
from smacs.pool.pool import Pool
from smacs.pool.prompts import Prompts

pytestmark = pytest.mark.vllm

K, N, KEEP = 7, 8, 6
REFERENCE = 150  # tokens
ROUNDS = 8
OUTPUT = 16  # tokens
HITS, FASTER = 0.70, 3.0
TEXT = "the sum of two even numbers is even so we add them and then check the result by hand once more"
WORDS = TEXT.split()
PRIORS = np.linspace(0.9, 0.5, K)

Counters = Callable[[], dict[str, float]]


@dataclass
class Stage:
    """What one way to run the stage took, over all rounds."""

    calls: int = 0
    seconds: float = 0.0
    queries: float = 0.0
    hits: float = 0.0

    @property
    def share(self) -> float:
        """Of the prompt tokens, those that came from the cache."""
        return self.hits / self.queries


@pytest.fixture
def tools(smollm: LLMSpec) -> Tools:
    spec = smollm.model_copy(update={"extra_body": {"ignore_eos": True}})
    pool = Pool.from_dict({"aggregators": ["smol"], "llms": {"smol": spec.model_dump() | {"model": "smollm2-135m"}}})
    settings = Settings(max_tokens=OUTPUT, k=K, n=N)
    return Tools(pool, cast(Any, None), Prompts.load(), settings, lambda _: None)


def drawn(number: int) -> tuple[list[list[str]], list[list[str]]]:
    """The subsets of a round, with their references in the order drawn and in descending order of prior."""
    log_d = log_drop_distribution(PRIORS)
    keys = log_d + np.random.default_rng(number).gumbel(size=(N, K))
    in_order = np.argsort(-keys, axis=1)[:, :KEEP]
    by_prior = draw_subsets(log_d, KEEP, N, np.random.default_rng(number))
    assert (np.sort(in_order, axis=1) == by_prior).all()
    return names(in_order), names(by_prior)


def names(rows: Any) -> list[list[str]]:
    return [[f"llm-{position}" for position in row] for row in rows]


def references(way: str, number: int) -> list[dict[str, str]]:
    def text(position: int) -> str:
        return " ".join(random.Random(f"{way} {number} {position}").choices(WORDS, k=REFERENCE))

    return [{"name": f"llm-{position}", "text": text(position)} for position in range(K)]


def task(way: str, number: int, subset: list[str], indices: list[int]) -> AggregatorTask:
    question = f"Is 2 + 4 even? ({way} {number})"
    asked: Asked = {"question": question, "task": "math", "system": "", "history": [], "dataset": ""}
    return {"asked": asked, "references": references(way, number), "subset": subset, "indices": indices, "run": None}


async def run_stage(tasks: Sequence[AggregatorTask], tools: Tools, stage: Stage, counters: Counters) -> None:
    before, start = counters(), time.perf_counter()
    updates = await asyncio.gather(*(aggregator(each, tools) for each in tasks))
    stage.seconds += time.perf_counter() - start
    after = counters()
    assert [update["degraded"] for update in updates] == [[]] * len(tasks)
    candidates = [candidate for update in updates for candidate in update["candidates"]]
    assert sorted(candidate["index"] for candidate in candidates) == list(range(N))
    assert all(candidate["perplexity"] for candidate in candidates)
    stage.calls += len(tasks)
    stage.queries += after["queries"] - before["queries"]
    stage.hits += after["hits"] - before["hits"]


async def test_the_stage_is_served_from_the_cache(tools: Tools, smollm: LLMSpec, counters: Counters) -> None:
    ours, theirs, warm = Stage(), Stage(), Stage()
    first, _ = drawn(0)
    await run_stage([task("warm", 0, subset, [i]) for i, subset in enumerate(first)], tools, warm, counters)
    for number in range(1, ROUNDS + 1):
        in_order, by_prior = drawn(number)
        alone = [task("theirs", number, subset, [index]) for index, subset in enumerate(in_order)]
        await run_stage(alone, tools, theirs, counters)
        grouped = [task("ours", number, subset, indices) for subset, indices in group_subsets(by_prior)]
        await run_stage(grouped, tools, ours, counters)
    await tools.pool.aclose()
    length = tokens(smollm, references("ours", 1)[0]["text"])
    report(ours, theirs, length)
    assert 130 <= length <= 170
    assert ours.share >= HITS
    assert theirs.seconds / ours.seconds >= FASTER


def tokens(spec: LLMSpec, text: str) -> int:
    """How many tokens a text has, by the server's own tokenizer."""
    assert spec.endpoint
    body = {"model": "smollm2-135m", "prompt": text, "add_special_tokens": False}
    reply = httpx2.post(f"{spec.endpoint.removesuffix('/v1')}/tokenize", json=body, trust_env=False)
    return int(reply.raise_for_status().json()["count"])


def report(ours: Stage, theirs: Stage, length: int) -> None:
    print(f"\naggregation stage: K={K}, n={N}, references of {length} tokens, {OUTPUT} output tokens, {ROUNDS} rounds")
    print(f"{'':34}{'calls':>6}{'seconds':>9}{'from the cache':>16}")
    for what, stage in (("drawn order, nothing grouped", theirs), ("prior order, equal ones grouped", ours)):
        print(f"{what:34}{stage.calls:6}{stage.seconds:9.1f}{stage.share:16.1%}")
    print(f"{theirs.seconds / ours.seconds:.1f} x as fast")
