"""Failure is a normal path: every row of the table in docs/method.md, over real HTTP."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from smacs.errors import NoAnswerError
from smacs.graph.build import build_graph
from smacs.pool.pool import Pool
from smacs.store.bank import QuestionBank
from tests.support.raw import http, server
from tests.support.remarks import kinds, texts
from tests.support.stand_in import Body, endpoint
from tools.mock.process import MockServer

MakePool = Callable[..., Pool]
ASK = {"question": "How many legs has a spider?"}
TEN = [f"llm-{i}" for i in range(8)] + ["llm-8", "llm-9", "judge"]


async def ask(pool: Pool, bank: QuestionBank, **settings: Any) -> dict[str, Any]:
    result: dict[str, Any] = await build_graph(pool, bank, settings=settings).compile().ainvoke(ASK)
    return result


def arrived(result: dict[str, Any]) -> list[str]:
    return [record["llm"] for record in result["references"] if record["error"] is None]


async def test_three_of_seven_dead_and_one_hanging_are_refilled_within_the_deadline(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    for name, fault in [("llm-0", "refuse"), ("llm-2", "refuse"), ("llm-4", "500"), ("llm-5", "hang")]:
        mock.set(name, fault=fault)
    pool = make_pool(TEN, llms={"llm-5": {"deadline": 1.0}})
    result = await ask(pool, bank, deadline=30)
    # Ranked llm-0..llm-7, llm-8, llm-9, judge: four fail, and the next four of the ranking stand in.
    assert arrived(result) == ["llm-1", "llm-3", "llm-6", "llm-7", "llm-8", "llm-9", "judge"]
    failed = {record["llm"]: record["error"] for record in result["references"] if record["error"]}
    assert sorted(failed) == ["llm-0", "llm-2", "llm-4", "llm-5"]
    assert failed["llm-0"].startswith("unreachable")
    assert failed["llm-4"].startswith("overloaded")
    assert failed["llm-5"].startswith("late")
    assert result["answer"]
    assert sum("a referencer failed" in reason for reason in texts(result["degraded"])) == 4


@pytest.mark.slow
async def test_after_half_the_deadline_the_quorum_is_enough(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    mock.set("llm-1", fault="hang")
    result = await ask(make_pool(), bank, k=3, quorum=2, deadline=4)
    assert arrived(result) == ["llm-0", "llm-2"]
    assert [len(subset) for subset in result["subsets"]] == [1] * 8  # K' - K_drop = 2 - 1
    assert any("llm-1" in reason and "given up" in reason for reason in texts(result["degraded"]))
    assert "only 2 of 3 references arrived" in texts(result["degraded"])


@pytest.mark.slow
async def test_below_the_quorum_one_reference_is_enough_at_three_quarters(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    mock.set("llm-1", fault="hang")
    mock.set("llm-2", fault="hang")
    result = await ask(make_pool(), bank, k=3, quorum=3, deadline=4)
    assert arrived(result) == ["llm-0"]
    assert result["answer"]
    assert "only 1 of 3 references arrived" in texts(result["degraded"])


@pytest.mark.slow
async def test_an_embedder_that_hangs_does_not_cost_the_answer(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    """Its own deadline is 60 seconds. Two of four are for the question; what is left and half a second for the rest."""
    mock.set("mock-embedder", fault="hang")
    async with asyncio.timeout(40):
        result = await ask(make_pool(), bank, k=3, deadline=4)
    assert result["answer"]
    assert arrived(result) == ["llm-0", "llm-1", "llm-2"]
    assert kinds(result["degraded"]) == ["no_support", "no_similarity"]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("refuse", "unreachable"),
        ("drop", "unreachable"),
        ("400", "rejected"),
        ("401", "rejected"),
        ("404", "rejected"),
        ("429", "overloaded"),
        ("500", "overloaded"),
        ("garbage", "garbage"),
        ("empty", "empty"),
        ("think_only", "empty"),
    ],
)
async def test_every_fault_of_a_referencer_is_recorded_and_refilled(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank, fault: str, kind: str
) -> None:
    mock.set("llm-0", fault=fault)
    result = await ask(make_pool(), bank, k=2)
    assert arrived(result) == ["llm-1", "llm-2"]
    record = result["references"][0]
    assert record["error"].startswith(f"{kind}: llm-0 at http://127.0.0.1:")
    assert result["usage"]["failed"] == 1


async def test_retries_only_on_what_retrying_helps(mock: MockServer, make_pool: MakePool, bank: QuestionBank) -> None:
    mock.set("llm-0", fault="429", calls=2)
    mock.set("llm-1", fault="400")
    result = await ask(make_pool(retries=2), bank, k=2)
    assert arrived(result) == ["llm-0", "llm-2"]
    assert mock.stats().of("llm-0").requests == 3
    assert mock.stats().of("llm-1").requests == 1


async def test_the_next_aggregator_takes_over(mock: MockServer, make_pool: MakePool, bank: QuestionBank) -> None:
    mock.set("llm-7", fault="500")
    mock.set("llm-6", text="Eight.")
    result = await ask(make_pool(aggregators=["llm-7", "llm-6"]), bank, k=2)
    assert result["answer"] == "Eight."
    assert {candidate["aggregator"] for candidate in result["candidates"]} == {"llm-6"}
    assert any(reason.startswith("an aggregator failed: overloaded: llm-7") for reason in texts(result["degraded"]))


async def test_without_any_aggregator_the_best_reference_is_the_answer(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    mock.set("llm-7", fault="refuse")
    mock.set("llm-0", fault="refuse")
    mock.set("llm-1", text="Eight, says llm-1.")
    result = await ask(make_pool(), bank, k=2)
    assert result["answer"] == "Eight, says llm-1."
    assert result["selected"] == {"candidate": None, "llm": "llm-1", "finish": "stop"}
    assert any("no candidate could be made" in reason for reason in texts(result["degraded"]))


async def test_without_logprobs_the_perplexity_term_is_left_out(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    mock.set("llm-7", fault="no_logprobs", text="Eight.")
    result = await ask(make_pool(), bank)
    assert {candidate["perplexity"] for candidate in result["candidates"]} == {None}
    assert [c["score"] for c in result["candidates"]] == pytest.approx([c["similarity"] for c in result["candidates"]])
    assert "the perplexity term is left out: llm-7 sent no log-probabilities" in texts(result["degraded"])


async def test_a_prompt_that_overflows_the_aggregator_has_its_references_cut(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    mock.set("llm-0", text="short reference")
    mock.set("llm-1", text="long " * 3000)
    result = await ask(make_pool(llms={"llm-7": {"context": 1024}}), bank, k=2, k_drop=0, n=1)
    prompt = str(mock.stats().bodies("llm-7")[0]["messages"])
    assert "short reference" in prompt
    assert "characters cut" in prompt
    assert any("the reference of llm-1 was cut" in reason for reason in texts(result["degraded"]))


async def test_a_server_that_still_finds_it_too_long_gets_a_shorter_one(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    mock.set("llm-0", text="many words here " * 400)
    mock.set("llm-7", fault="overflow", chars=5000)
    result = await ask(make_pool(llms={"llm-7": {"context": 2400}}), bank, k=1, k_drop=0, n=1)
    assert len(result["candidates"]) == 1
    assert mock.stats().of("llm-7").requests > 1
    assert any("was cut" in reason for reason in texts(result["degraded"]))


@pytest.mark.parametrize("fault", ["think", "think_unopened", "field", "reasoning"])
async def test_thinking_is_in_the_trace_but_not_in_the_aggregators_prompt(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank, fault: str
) -> None:
    mock.set("llm-0", fault=fault, text="Eight.")
    result = await ask(make_pool(), bank, k=1, k_drop=0, n=1)
    record = result["references"][0]
    assert record["text"] == "Eight."
    assert record["reasoning"]
    assert record["reasoning"] not in str(mock.stats().bodies("llm-7")[0]["messages"])


async def test_when_nobody_answers_the_error_lists_who_failed_and_why(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    mock.set("*", fault="garbage")
    with pytest.raises(NoAnswerError) as caught:
        await ask(make_pool(["llm-0", "llm-1"]), bank, k=1, k_drop=0)
    assert "llm-0 at http://127.0.0.1:" in str(caught.value)
    assert "llm-1 at http://127.0.0.1:" in str(caught.value)
    assert "OpenAI-compatible" in str(caught.value)


async def test_an_embedder_that_is_down_leaves_the_question_answered(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    pool = make_pool()
    mock.set("mock-embedder", fault="400")
    result = await ask(pool, bank)
    assert result["answer"]
    assert any("whole bank, weighted equally" in reason for reason in texts(result["degraded"]))
    assert any("similarity term is left out" in reason for reason in texts(result["degraded"]))


async def test_a_key_appears_nowhere(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_KEY", "sk-very-secret-1234")
    mock.set("llm-0", fault="401")
    result = await ask(make_pool(api_key_env="TEST_KEY"), bank, k=2)
    assert "very-secret" not in str(result)
    received = mock.stats().received
    assert {item.authorization for item in received if item.model.startswith("llm")} == {"Bearer sk-very-secret-1234"}


async def test_a_key_that_is_not_set_is_said(make_pool: MakePool, bank: QuestionBank) -> None:
    result = await ask(make_pool(llms={"llm-0": {"api_key_env": "NO_SUCH_KEY"}}), bank, k=2)
    assert "NO_SUCH_KEY, which is not set" in result["references"][0]["error"]


async def test_an_aggregator_that_takes_no_n_loses_no_candidate_and_says_so_once(
    make_pool: MakePool, bank: QuestionBank
) -> None:
    def refuse(body: Body) -> tuple[int, Any] | None:
        said = {"error": {"message": "'n' : number must be at most 1", "type": "invalid_request_error"}}
        return (400, said) if body.get("n", 1) > 1 else None

    async with endpoint(refuse) as server:
        pool = make_pool(llms={"llm-7": {"endpoint": server.url}})
        result = await ask(pool, bank, k=2, k_drop=0, n=4)
        again = await ask(pool, bank, k=2, k_drop=0, n=4)
    assert [candidate["text"] for candidate in result["candidates"]] == ["84"] * 4
    assert not any("aggregator" in reason for reason in texts(result["degraded"]))
    assert [note for note in texts(result["notes"]) if 'leave_out = ["n"]' in note]
    assert not any("leave_out" in note for note in texts(again["notes"]))
    assert len(server.bodies) == 1 + 4 + 4


async def test_what_a_server_sends_too_much_of_or_cannot_mean_counts_for_nothing_and_is_said(
    make_pool: MakePool, bank: QuestionBank
) -> None:
    choices = [{"index": i, "message": {"content": "It is 666."}, "finish_reason": "stop"} for i in range(10)]
    usage = {"prompt_tokens": 10**30, "completion_tokens": -1}
    async with server(http(json.dumps({"choices": choices, "usage": usage}).encode())) as raw:
        pool = make_pool(llms={"llm-0": {"endpoint": f"{raw.url}/v1"}})
        result = await ask(pool, bank, k=3)
    assert arrived(result) == ["llm-0", "llm-1", "llm-2"]
    assert 0 <= result["usage"]["prompt_tokens"] < 10**6
    said = texts(
        reason for reason in result["degraded"] if reason["kind"] == "reply_unread" and reason["llm"] == "llm-0"
    )
    assert len(said) == 2
    assert "its usage is left out (prompt_tokens 1" in said[0]
    assert "10 choices came where 1 was asked for" in said[1]
