"""Why this answer: the sentences, computed by the page's own script in a real Chromium."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.server.conftest import Served

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

Say = Callable[[dict[str, Any]], list[str]]


@pytest.fixture(scope="module")
def anything() -> dict[str, Any]:
    selected = {"candidate": 0, "llm": "agg", "finish": "stop"}
    return {"references": [], "subsets": [["a"], ["b"]], "notes": [], "selected": selected}


@pytest.fixture
def say(page: "Page", server: Served) -> Say:
    def run(trace: dict[str, Any]) -> list[str]:
        script = "async (trace) => (await import('/page/why.js')).why({ trace })"
        said: list[str] = page.evaluate(script, trace)
        return said

    return run


def candidate(index: int, similarity: float | None, perplexity: float | None, score: float | None) -> dict[str, Any]:
    scores = {"similarity": similarity, "perplexity": perplexity, "score": score}
    return {"index": index, "subset": ["a", "b"], "aggregator": "agg", **scores}


def test_the_sum_and_the_lead_are_said_with_their_terms(say: Say, anything: dict[str, Any]) -> None:
    # 0.9 + (1 - 1.5) = 0.4 and 0.95 + (1 - 1.8) = 0.15: ahead by 0.25, of which -0.05 + 0.3
    candidates = [candidate(0, 0.9, 1.5, 0.4), candidate(1, 0.95, 1.8, 0.15)]
    assert say({**anything, "candidates": candidates}) == [
        "Candidate 1 of 2 has the largest score, 0.400: 0.900 similarity to all candidates, less 0.500 for its "
        "perplexity of 1.500.",
        "It is ahead of candidate 2 by 0.250: it is surer of its words (+0.300), although less like the others "
        "(−0.050).",
    ]


def test_equal_scores_are_said_to_be_equal(say: Say, anything: dict[str, Any]) -> None:
    candidates = [candidate(0, 0.5, 1.5, 0.0), candidate(1, 0.7, 1.7, 0.0)]
    assert say({**anything, "candidates": candidates})[1] == (
        "The score of candidate 2 is the same; ties go to the lower perplexity, then to the first."
    )


def test_without_perplexities_similarity_alone_decides(say: Say, anything: dict[str, Any]) -> None:
    candidates = [candidate(0, 0.9, None, 0.9), candidate(1, 0.8, None, 0.8)]
    assert say({**anything, "candidates": candidates}) == [
        "Candidate 1 of 2 has the largest score, 0.900, by its similarity to all candidates alone.",
        "It is ahead of candidate 2 by 0.100: it is more like the others (+0.100).",
    ]


def test_a_single_candidate_and_a_reference_need_no_scores(say: Say, anything: dict[str, Any]) -> None:
    assert say({**anything, "candidates": [candidate(0, None, 1.5, None)]}) == [
        "agg wrote the only candidate, from 2 references."
    ]
    chosen = {"candidates": [], "selected": {"candidate": None, "llm": "a"}}
    assert say({**anything, **chosen}) == [
        "No candidate could be made, so the reference with the highest prior, that of a, is the answer."
    ]
    assert say({**anything, **chosen, "subsets": [], "references": [{"llm": "a", "error": None}]}) == [
        "The answer is the reply of a."
    ]
    assert say({**anything, "candidates": [], "selected": None}) == []
    whole = {"candidate": None, "llm": "a", "finish": "length"}
    assert say({**anything, **chosen, "selected": whole})[1] == "It was cut at max_tokens: the end is missing."


@pytest.mark.parametrize(
    ("degraded", "weights"),
    [
        ([], "the more, the more similar"),
        ([{"kind": "no_support", "llm": None, "text": "nothing is similar"}], "with equal weights"),
    ],
)
def test_what_the_questions_of_a_whole_bank_weigh(
    page: "Page", server: Served, degraded: list[dict[str, Any]], weights: str
) -> None:
    support = {"count": 2, "threshold": 0, "datasets": {"law": 1}, "nearest": []}
    script = "async (trace) => (await import('/page/parts/support.js')).drawSupport({ trace }).textContent"
    said = page.evaluate(script, {"support": support, "degraded": degraded})
    assert f"All 2 questions of the bank count, {weights}." in said
