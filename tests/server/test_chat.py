"""`/v1/chat/completions` over real HTTP: what a reply holds, and what of a request reaches the LLMs."""

from typing import Any

import orjson
import pytest

from smacs.graph.systems import SINGLE_LLM, system_names
from smacs.nodes.shared.determinism import call_seed
from tests.server.conftest import LLMS, Served
from tests.support.remarks import texts
from tools.mock.process import MockServer

TURNS = [
    {"role": "system", "content": "Be brief."},
    {"role": "developer", "content": "Be kind."},
    {"role": "user", "content": "How many legs has an ant?"},
    {"role": "assistant", "content": "Six."},
    {"role": "user", "content": [{"type": "text", "text": "And a"}, {"type": "text", "text": "spider?"}]},
]


def characters(bodies: list[dict[str, Any]]) -> list[int]:
    return [sum(len(message["content"]) for message in body["messages"]) for body in bodies]


def test_a_reply_has_openais_shape_and_ours_beside_it(server: Served) -> None:
    reply = server.ask().raise_for_status().json()
    assert reply["id"].startswith("chatcmpl-")
    assert (reply["object"], reply["model"]) == ("chat.completion", "smacs")
    assert reply["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Eight legs.", "refusal": None},
            "finish_reason": "stop",
            "logprobs": None,
        }
    ]
    assert reply["smacs"] == {"degraded": []}


def test_usage_counts_every_call_made_inside(server: Served, mock: MockServer) -> None:
    """Four references and three candidates of two tokens each; the mock counts a token for four characters sent."""
    usage = server.ask().raise_for_status().json()["usage"]
    bodies = [body for name in LLMS for body in mock.stats().bodies(name)]
    assert usage["completion_tokens"] == 4 * 2 + 3 * 2
    assert usage["prompt_tokens"] == sum(count // 4 for count in characters(bodies))
    assert usage["total_tokens"] == usage["prompt_tokens"] + 14


@pytest.mark.parametrize("model", ["smacs", "moa", "simple_router", "llm-3"])
def test_an_answer_that_max_tokens_cut_says_so(server: Served, mock: MockServer, model: str) -> None:
    """The LLMs would write nine tokens and may write four."""
    for name in LLMS:
        mock.set(name, tokens=9)
    for limit, finish in ((4, "length"), (9, "stop")):
        choices = server.ask(model=model, max_tokens=limit).raise_for_status().json()["choices"]
        assert [choice["finish_reason"] for choice in choices] == [finish]


def test_one_llm_is_a_model_too(server: Served, mock: MockServer) -> None:
    mock.set("llm-1", text="Eight, I think.")
    reply = server.ask(model="llm-1").raise_for_status().json()
    assert reply["choices"][0]["message"]["content"] == "Eight, I think."
    assert reply["usage"]["completion_tokens"] == 3
    assert [mock.stats().of(name).requests for name in LLMS] == [0, 1, 0, 0]


@pytest.mark.parametrize("model", [name for name in system_names() if name not in ("smacs", SINGLE_LLM)])
def test_every_other_system_answers(server: Served, model: str) -> None:
    assert server.ask(model=model).raise_for_status().json()["choices"][0]["message"]["content"] == "Eight legs."


def test_a_conversation_and_its_system_prompts_reach_every_llm(server: Served, mock: MockServer) -> None:
    server.ask(messages=TURNS, model="llm-0").raise_for_status()
    body: Any = mock.stats().bodies("llm-0")[0]
    system, *talk = body["messages"]
    assert system["role"] == "system"
    assert system["content"].startswith("Be brief.\n\nBe kind.")
    assert talk == [*TURNS[2:4], {"role": "user", "content": "And a\nspider?"}]


def test_sampling_reaches_the_llms(server: Served, mock: MockServer) -> None:
    server.ask(temperature=0.25, presence_penalty=-0.5, max_tokens=7).raise_for_status()
    for name in LLMS:
        for body in mock.stats().bodies(name):
            assert (body["temperature"], body["presence_penalty"], body["max_tokens"]) == (0.25, -0.5, 7)


def test_the_newer_name_of_max_tokens_wins(server: Served, mock: MockServer) -> None:
    server.ask(model="llm-0", max_tokens=7, max_completion_tokens=9).raise_for_status()
    assert [body["max_tokens"] for body in mock.stats().bodies("llm-0")] == [9]


def test_the_same_seed_asks_the_llms_the_same(server: Served, mock: MockServer) -> None:
    def sent(seed: int) -> list[Any]:
        mock.reset()
        server.ask(seed=seed).raise_for_status()
        bodies = [body for name in LLMS for body in mock.stats().bodies(name)]
        return sorted(orjson.dumps(body, option=orjson.OPT_SORT_KEYS) for body in bodies)

    first = sent(3)
    assert first == sent(3)
    assert first != sent(4)


def test_n_runs_the_question_n_times_with_different_seeds(server: Served, mock: MockServer) -> None:
    reply = server.ask(model="llm-0", n=3, seed=5).raise_for_status().json()
    assert [choice["index"] for choice in reply["choices"]] == [0, 1, 2]
    assert reply["usage"]["completion_tokens"] == 3 * 2
    expected = [5, call_seed(5, "choice", "1"), call_seed(5, "choice", "2")]
    question = "How many legs has a spider?"
    assert {body["seed"] for body in mock.stats().bodies("llm-0")} == {
        call_seed(seed, "reference", "llm-0", question) for seed in expected
    }


def test_without_a_seed_n_answers_still_have_different_ones(server: Served, mock: MockServer) -> None:
    server.ask(model="llm-0", n=4).raise_for_status()
    assert len({body["seed"] for body in mock.stats().bodies("llm-0")}) == 4


@pytest.mark.parametrize(
    ("stop", "answer"), [("legs", "Eight "), (["x", ".", "t "], "Eigh"), (["Eight"], ""), ("x", "Eight legs.")]
)
def test_the_answer_ends_before_the_first_stop_string(server: Served, stop: Any, answer: str) -> None:
    reply = server.ask(stop=stop).raise_for_status().json()
    assert reply["choices"][0]["message"]["content"] == answer


def test_settings_of_smacs_go_into_the_run_and_its_trace_comes_out(server: Served) -> None:
    smacs = {"settings": {"k": 2, "k_drop": 0, "n": 2}, "trace": True}
    said = server.ask(smacs=smacs).raise_for_status().json()["smacs"]
    trace = said["trace"]
    assert [record["llm"] for record in trace["references"]] == ["llm-0", "llm-1"]
    assert len(trace["candidates"]) == 2
    assert (trace["answer"], trace["system"], said["degraded"]) == ("Eight legs.", "smacs", [])


def test_of_several_answers_each_has_its_trace(server: Served) -> None:
    said = server.ask(n=2, model="llm-2", smacs={"trace": True}).raise_for_status().json()["smacs"]
    assert [trace["selected"]["llm"] for trace in said["traces"]] == ["llm-2", "llm-2"]
    assert [trace["system"] for trace in said["traces"]] == ["single_llm", "single_llm"]


def test_what_went_wrong_is_said_without_asking_for_it(server: Served, mock: MockServer) -> None:
    mock.set("llm-0", fault="500")
    (failed, missing) = texts(server.ask().raise_for_status().json()["smacs"]["degraded"])
    assert failed.startswith("a referencer failed: overloaded: llm-0")
    assert missing == "only 3 of 4 references arrived"


def test_the_task_chooses_the_prompt(server: Served, mock: MockServer) -> None:
    server.ask(model="llm-0", smacs={"task": "math"}).raise_for_status()
    body: Any = mock.stats().bodies("llm-0")[0]
    assert "boxed" in body["messages"][0]["content"]


def test_the_models_are_the_systems_and_the_llms(server: Served) -> None:
    listed = server.http.get("/v1/models").raise_for_status().json()
    names = [model["id"] for model in listed["data"]]
    systems = [name for name in system_names() if name != SINGLE_LLM]
    assert names == [*systems, *LLMS]
    assert {(model["object"], model["owned_by"]) for model in listed["data"]} == {("model", "smacs")}
    assert server.http.get("/v1/models/moa").raise_for_status().json()["id"] == "moa"
