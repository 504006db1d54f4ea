"""The other systems of the paper over real HTTP and real Chroma, with mock LLMs."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from smacs.errors import InputError, NoAnswerError
from smacs.graph.build import build_graph
from smacs.graph.systems import build_system, systems
from smacs.graph.systems.single_llm import build_single_llm_graph
from smacs.pool.calls.llm import LLM
from smacs.pool.calls.replies import Failure, Reply
from smacs.pool.pool import Pool
from smacs.store.bank import QuestionBank
from tests.support.remarks import kinds, texts
from tools.mock.process import MockServer

MakePool = Callable[..., Pool]
FOUR = [f"llm-{i}" for i in range(4)]
ASK = {"question": "How many legs has a spider?"}
ALGEBRA = {**ASK, "dataset": "algebra"}
EVERY = pytest.mark.parametrize("name", systems())
AGGREGATED = {"smacs", "self_moa", "moa", "symbolic_moe"}


async def ask(name: str, pool: Pool, bank: QuestionBank, question: dict[str, Any] = ASK, **settings: Any) -> Any:
    return await systems()[name].build(pool, bank, settings=settings).compile(name=name).ainvoke(question)


def all_say(mock: MockServer, **plan: Any) -> None:
    for llm in FOUR:
        mock.set(llm, **plan)


def who(result: dict[str, Any]) -> list[tuple[str, int]]:
    return [(record["llm"], record["sample"]) for record in result["references"] if record["error"] is None]


@EVERY
async def test_every_system_answers_with_a_trace_of_plain_data(
    mock: MockServer, make_pool: MakePool, routed: QuestionBank, name: str
) -> None:
    all_say(mock, text="Eight.")
    result = await ask(name, make_pool(FOUR), routed, ALGEBRA, n=3)
    assert (result["answer"], result["degraded"]) == ("Eight.", [])
    assert [message.content for message in result["messages"]] == ["Eight."]
    assert bool(result["candidates"]) == (name in AGGREGATED)
    assert result["usage"]["calls"] == mock.stats().total.requests - embeddings(mock)
    trace = {key: value for key, value in result.items() if key != "messages"}
    assert orjson.loads(orjson.dumps(trace)) == trace
    assert set(trace) == {
        "asked", "settings", "answer", "support", "priors", "references", "subsets", "candidates", "selected", "notes",
        "degraded", "usage",
    }  # fmt: skip


def embeddings(mock: MockServer) -> int:
    return mock.stats().of("mock-embedder").requests


@EVERY
async def test_one_seed_one_result(mock: MockServer, make_pool: MakePool, routed: QuestionBank, name: str) -> None:
    graph = systems()[name].build(make_pool(FOUR), routed, settings={"seed": 3}).compile()
    results = [await graph.ainvoke(ASK) for _ in range(2)]
    assert who(results[0]) == who(results[1])
    assert results[0]["selected"] == results[1]["selected"]
    assert all(isinstance(body["seed"], int) for name in FOUR for body in mock.stats().bodies(name))


@EVERY
async def test_when_nobody_answers_the_error_says_who_failed(
    mock: MockServer, make_pool: MakePool, routed: QuestionBank, name: str
) -> None:
    all_say(mock, fault="garbage")
    with pytest.raises(NoAnswerError, match="is this an OpenAI-compatible endpoint"):
        await ask(name, make_pool(FOUR), routed)


@pytest.mark.parametrize("name", ["self_consistency", "moa"])
async def test_a_conversation_on_one_thread_starts_anew_with_each_question(
    mock: MockServer, make_pool: MakePool, routed: QuestionBank, name: str
) -> None:
    from langgraph.checkpoint.memory import InMemorySaver

    graph = systems()[name].build(make_pool(FOUR), routed, settings={"n": 2}).compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    first, second = [await graph.ainvoke(question, config) for question in (ASK, {"question": "And an ant?"})]
    assert len(second["references"]) <= 4
    assert len(second["notes"]) == len(first["notes"])
    assert second["usage"]["calls"] <= 6


@EVERY
@pytest.mark.parametrize("settings", [{"k": 1, "n": 1}, {"k": 2, "quorum": 2, "k_drop": 0, "lam": 0}])
async def test_one_set_of_settings_serves_all_systems(
    mock: MockServer, make_pool: MakePool, routed: QuestionBank, name: str, settings: dict[str, Any]
) -> None:
    assert (await ask(name, make_pool(FOUR), routed, **settings))["degraded"] == []


@pytest.mark.parametrize(("dataset", "llm"), [("algebra", "llm-1"), ("law", "llm-2"), ("poetry", "llm-0")])
async def test_the_router_asks_the_best_llm_of_the_data_set(
    mock: MockServer, make_pool: MakePool, routed: QuestionBank, dataset: str, llm: str
) -> None:
    """Algebra: 6 of 6; law: 5 of 6; of a data set that the bank has not, the best overall: 8 of 12."""
    mock.set(llm, text=f"Says {llm}.")
    result = await ask("simple_router", make_pool(FOUR), routed, {**ASK, "dataset": dataset})
    assert (result["answer"], result["usage"]["calls"]) == (f"Says {llm}.", 1)
    shares = {"algebra": 1.0, "law": 5 / 6, "poetry": 8 / 12}
    assert result["priors"][llm] == pytest.approx(shares[dataset])
    assert result["selected"] == {"candidate": None, "llm": llm, "finish": "stop"}
    (note,) = texts(result["notes"])
    assert note.startswith(f"{llm} is best on the bank's ")
    assert ("none of them of poetry" in note) == (dataset == "poetry")


async def test_without_a_data_set_the_router_takes_that_of_the_support(
    mock: MockServer, make_pool: MakePool, routed: QuestionBank
) -> None:
    result = await ask("simple_router", make_pool(FOUR), routed, {"question": "Question 8"}, n_base=1, gamma=1.0)
    assert result["support"]["datasets"] == {"law": 1.0}  # the bank's own question 8 is nearest
    assert who(result) == [("llm-2", 0)]
    assert texts(result["notes"])[0].endswith("that data set has the largest share of the support")


async def test_when_the_best_fails_the_next_best_answers(
    mock: MockServer, make_pool: MakePool, routed: QuestionBank
) -> None:
    mock.set("llm-1", fault="500")
    for name, samples in (("simple_router", 1), ("self_consistency", 3), ("self_moa", 3)):
        result = await ask(name, make_pool(FOUR), routed, ALGEBRA, n=3)
        assert who(result) == [("llm-0", sample) for sample in range(samples)]  # 4 of 6 is next
        assert kinds(result["degraded"]) == ["referencer_failed"]


async def test_nobody_stands_in_for_a_single_llm(mock: MockServer, make_pool: MakePool, routed: QuestionBank) -> None:
    mock.set("llm-2", text="Says llm-2.")
    pool = make_pool(FOUR)
    graph = build_single_llm_graph(pool, routed, llm="llm-2").compile()
    assert (await graph.ainvoke(ASK))["answer"] == "Says llm-2."
    assert who(await graph.ainvoke(ASK, context={"llm": "llm-3"})) == [("llm-3", 0)]
    assert who(await build_single_llm_graph(pool, routed).compile().ainvoke(ASK)) == [("llm-0", 0)]  # best overall
    mock.set("llm-2", fault="500")
    with pytest.raises(NoAnswerError, match="llm-2"):
        await graph.ainvoke(ASK)
    with pytest.raises(InputError, match=r"Setting llm: expected one of llm-0, .*, got 'x'"):
        build_single_llm_graph(pool, routed, llm="x")


async def test_majority_voting_counts_equal_answers_of_all_llms(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    for i, text in enumerate(["x", r"\boxed{3}", r"\boxed{\frac{1}{2}}", "The answer is 0.5", r"\boxed{1/2}"]):
        mock.set(f"llm-{i}", text=text)
    for i in (5, 6, 7):
        mock.set(f"llm-{i}", text=rf"\boxed{{{i}}}")
    result = await ask("majority_voting", make_pool(), bank, {**ASK, "task": "math"})
    assert result["answer"] == r"\boxed{\frac{1}{2}}"  # three say so, llm-2 is the first of them by prior
    assert result["selected"] == {"candidate": None, "llm": "llm-2", "finish": "stop"}
    assert texts(result["notes"]) == [r"3 of 8 replies answer \frac{1}{2}"]
    assert result["usage"]["calls"] == 8


async def test_free_text_votes_by_similarity(mock: MockServer, make_pool: MakePool, bank: QuestionBank) -> None:
    for i, text in enumerate(["Six.", "Eight.", "Eight."]):
        mock.set(f"llm-{i}", text=text)
    result = await ask("majority_voting", make_pool(FOUR[:3]), bank)
    assert (result["answer"], result["selected"]["llm"]) == ("Eight.", "llm-1")


async def test_without_an_embedder_free_text_is_that_of_the_highest_prior(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    pool = make_pool(FOUR[:3])
    mock.set("mock-embedder", fault="400")
    result = await ask("majority_voting", pool, bank)
    assert result["selected"]["llm"] == "llm-0"
    assert any("the replies cannot be compared" in reason for reason in texts(result["degraded"]))


async def test_votes_of_dead_llms_are_missing_and_said(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    for i in range(4):
        mock.set(f"llm-{i}", text=f"The answer is ({'AABB'[i]})")
    mock.set("llm-0", fault="500")
    result = await ask("majority_voting", make_pool(FOUR), bank, {**ASK, "task": "choice"})
    assert result["answer"] == "The answer is (B)"
    assert texts(result["degraded"])[-1] == "only 3 of 4 references arrived"


async def test_self_consistency_asks_the_best_llm_once_and_counts(
    mock: MockServer, make_pool: MakePool, routed: QuestionBank
) -> None:
    mock.set("llm-1", text=[r"\boxed{1}", r"\boxed{2}", r"\boxed{2.0}", r"\boxed{3}"])
    result = await ask("self_consistency", make_pool(FOUR), routed, {**ALGEBRA, "task": "math"}, n=4)
    assert [body.get("n") for body in mock.stats().bodies("llm-1")] == [4]
    assert who(result) == [("llm-1", sample) for sample in range(4)]
    assert (result["answer"], texts(result["notes"])[-1]) == (r"\boxed{2}", "2 of 4 replies answer 2")


async def test_of_free_text_the_llm_itself_chooses(mock: MockServer, make_pool: MakePool, routed: QuestionBank) -> None:
    mock.set("llm-1", text=["Most consistent: 3", "B", "C"])  # the first is what it says when it is asked again
    result = await ask("self_consistency", make_pool(FOUR), routed, ALGEBRA, n=3)
    assert (result["answer"], result["usage"]["calls"]) == ("C", 2)
    assert texts(result["notes"])[-1] == "llm-1 chose reply 3 of its 3"
    shown = str(mock.stats().bodies("llm-1")[1]["messages"])
    assert "<response 1>\\nMost consistent: 3\\n</response 1>" in shown
    assert "<response 3>\\nC\\n</response 3>" in shown


async def test_a_choice_that_cannot_be_read_leaves_the_first(
    mock: MockServer, make_pool: MakePool, routed: QuestionBank
) -> None:
    mock.set("llm-1", text=["None of them.", "B"])
    result = await ask("self_consistency", make_pool(FOUR), routed, ALGEBRA, n=2)
    assert (result["answer"], result["degraded"]) == ("None of them.", [])
    assert texts(result["notes"])[-1] == "llm-1 named none of its 2 replies: the first counts"


async def test_a_choice_that_fails_leaves_the_first(
    mock: MockServer, make_pool: MakePool, routed: QuestionBank
) -> None:
    mock.set("llm-1", fault="overflow", chars=400, text=["A", "B"])  # the question fits, the question with replies not
    result = await ask("self_consistency", make_pool(FOUR), routed, ALGEBRA, n=2)
    assert result["answer"] == "A"
    assert any(
        reason.startswith("the first reply counts, llm-1 chose none: overflow") for reason in texts(result["degraded"])
    )


async def test_self_moa_makes_one_answer_of_one_llms_samples(
    mock: MockServer, make_pool: MakePool, routed: QuestionBank
) -> None:
    mock.set("llm-1", text=["A", "B", "C"])
    mock.set("llm-3", text="All of them.", logprob=-0.5)
    result = await ask("self_moa", make_pool(FOUR), routed, ALGEBRA, n=3)
    assert result["subsets"] == [["llm-1", "llm-1 #2", "llm-1 #3"]]
    (body,) = mock.stats().bodies("llm-3")
    fenced = [f"<response {i}>\n{text}\n</response {i}>" for i, text in enumerate("ABC", 1)]
    assert "\n\n".join(fenced) in str(body["messages"][0]["content"])  # type: ignore[index]
    (candidate,) = result["candidates"]
    assert (candidate["text"], candidate["score"], candidate["similarity"]) == ("All of them.", None, None)
    assert candidate["perplexity"] == pytest.approx(1.64872, abs=1e-4)  # exp(0.5)
    assert (result["selected"], result["usage"]["calls"]) == ({"candidate": 0, "llm": "llm-3", "finish": "stop"}, 2)


async def test_moa_makes_one_answer_of_all(mock: MockServer, make_pool: MakePool, bank: QuestionBank) -> None:
    for i in range(8):
        mock.set(f"llm-{i}", text=f"reference-of-{i}")
    mock.set("llm-5", fault="500")
    result = await ask("moa", make_pool(aggregators=["llm-6"]), bank)
    assert result["subsets"] == [[f"llm-{i}" for i in range(8) if i != 5]]
    prompt = str(mock.stats().bodies("llm-6")[-1]["messages"])
    places = [prompt.find(f"reference-of-{i}") for i in range(8) if i != 5]
    assert [-1, *places] == sorted({-1, *places})  # all are there
    assert result["usage"] | {"prompt_tokens": 0, "completion_tokens": 0} == {
        "calls": 9, "failed": 1, "prompt_tokens": 0, "completion_tokens": 0
    }  # fmt: skip
    assert texts(result["degraded"])[-1] == "only 7 of 8 references arrived"


@pytest.mark.parametrize("name", ["moa", "self_moa", "symbolic_moe"])
async def test_without_an_aggregator_the_first_reference_is_the_answer(
    mock: MockServer, make_pool: MakePool, routed: QuestionBank, name: str
) -> None:
    all_say(mock, text="A reference.")
    mock.set("llm-3", fault="500")
    result = await ask(name, make_pool(FOUR), routed)
    assert (result["answer"], result["selected"]["candidate"]) == ("A reference.", None)
    assert any("no candidate could be made" in reason for reason in texts(result["degraded"]))


async def test_symbolic_moe_draws_experts_by_their_skills(
    mock: MockServer, make_pool: MakePool, routed: QuestionBank
) -> None:
    """Profiles, right minus wrong: algebra 2, 6, -4, -6; law 2, -6, 4, -6. Sums 4, 0, 0, -12, shifted to 17, 13, 13, 1.

    Strengths are as their squares, 289 : 169 : 169 : 1. Of law 2 * 289 : 4 * 169 = 578 : 676, so 0.46093 and 0.53907.
    """
    result = await ask("symbolic_moe", make_pool(FOUR), routed, {"question": "Question 8"}, n_base=1, gamma=1.0)
    assert result["priors"] == pytest.approx({"llm-2": 0.53907, "llm-0": 0.46093, "llm-1": 0, "llm-3": 0}, abs=1e-5)
    assert {llm for llm, _ in who(result)} <= {"llm-0", "llm-2"}
    assert sum(len(subset) for subset in result["subsets"]) == 3


async def test_an_expert_drawn_twice_is_called_once(mock: MockServer, make_pool: MakePool, bank: QuestionBank) -> None:
    """Of two LLMs, three draws hit one of them twice."""
    result = await ask("symbolic_moe", make_pool(FOUR[:2]), bank, k=2, seed=1)
    counts = {name: sum(int(str(body.get("n", 1))) for body in mock.stats().bodies(name)) for name in FOUR[:2]}
    assert len(who(result)) == 2
    assert sum(counts.values()) == 2 + 1  # llm-1 aggregates
    assert all(mock.stats().of(name).requests <= 2 for name in FOUR[:2])


async def test_systems_ask_the_same_llm_the_same_thing(
    mock: MockServer, make_pool: MakePool, routed: QuestionBank
) -> None:
    """Same messages, sampling and seed, so that one cached reply serves all; only the number of samples differs."""
    for name in ("smacs", "simple_router", "majority_voting", "self_consistency", "self_moa", "moa"):
        await ask(name, make_pool(FOUR), routed, {**ALGEBRA, "task": "math"}, seed=7, n=3)
    bodies = mock.stats().bodies("llm-1")
    assert sorted(int(str(body.pop("n", 1))) for body in bodies) == [1, 1, 1, 1, 3, 3]
    assert all(body == bodies[0] for body in bodies)


class OneAtATime(LLM):
    """An LLM whose server knows no `n`."""

    async def call(self, *args: Any, n: int = 1, **options: Any) -> Reply | Failure:
        return await super().call(*args, **options)


async def test_a_server_that_sends_one_sample_is_asked_until_all_are_there(
    mock: MockServer, make_pool: MakePool, routed: QuestionBank
) -> None:
    pool = make_pool(FOUR)
    pool.llms["llm-1"] = OneAtATime("llm-1", pool.llms["llm-1"].spec)
    result = await ask("self_moa", pool, routed, ALGEBRA, n=3, seed=5)
    assert who(result) == [("llm-1", 0), ("llm-1", 1), ("llm-1", 2)]
    assert len({body["seed"] for body in mock.stats().bodies("llm-1")}) == 3
    assert result["usage"]["calls"] == 4


async def test_a_random_drop_leaves_out_any_reference(make_pool: MakePool, bank: QuestionBank) -> None:
    """Of two priors z = 1 and -1: the higher stays with e / (e + 1/e) = 0.881; by chance with 0.5.

    256 draws, standard deviations 0.020 and 0.031.
    """
    for drop, share in (("prior", 0.881), ("random", 0.5)):
        result = await ask("smacs", make_pool(FOUR), bank, k=2, n=256, drop=drop, seed=1)
        kept = sum(subset == ["llm-0"] for subset in result["subsets"]) / 256
        assert kept == pytest.approx(share, abs=0.1)


async def test_without_lambda_log_probabilities_are_not_missed(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    mock.set("llm-7", fault="no_logprobs")
    assert (await ask("smacs", make_pool(), bank, lam=0))["degraded"] == []


def test_a_system_shows_the_settings_that_it_uses(make_pool: MakePool, bank: QuestionBank) -> None:
    calls = {"n_base", "gamma", "temperature", "presence_penalty", "max_tokens", "deadline", "seed"}
    own = {
        "simple_router": set(),
        "single_llm": {"llm"},
        "majority_voting": {"selector", "quorum"},
        "self_consistency": {"n"},
        "self_moa": {"n", "aggregator"},
        "moa": {"selector", "quorum", "aggregator"},
        "symbolic_moe": {"k", "aggregator"},
    }
    for name, settings in own.items():
        schema = systems()[name].build(make_pool(), bank).context_schema
        assert schema is not None
        assert set(schema.model_fields) == calls | settings
    defaults = systems()["symbolic_moe"].build(make_pool(settings={"k": 5}), bank).context_schema
    assert defaults is not None
    assert defaults.model_fields["k"].default == 3  # the paper's, whatever SMACS has


def test_what_does_not_exist_or_fit_is_named(make_pool: MakePool, bank: QuestionBank) -> None:
    with pytest.raises(InputError, match=r"no system 'mao': expected one of smacs, .*moa"):
        build_system("mao", make_pool(), bank, {})
    with pytest.raises(InputError, match=r"Setting k: moa has no use for it; it has .*aggregator"):
        build_system("moa", make_pool(), bank, {"k": 3})


async def test_what_a_system_fixes_no_context_of_an_agent_changes(make_pool: MakePool, bank: QuestionBank) -> None:
    """An agent has one `smacs` context for all systems in it."""
    from langgraph.graph import START, MessagesState, StateGraph

    agent: Any = StateGraph(MessagesState)
    agent.add_node("moa", systems()["moa"].build(make_pool(FOUR), bank).compile())
    agent.add_edge(START, "moa")
    graph: Any = agent.compile()
    stream = graph.astream(
        {"messages": [("human", "Hello?")]}, context={"smacs": {"k": 1}}, stream_mode="custom", subgraphs=True
    )
    events = [event["event"] async for _, event in stream]
    assert events.count("referencer") == 4


@EVERY
def test_every_graph_is_drawn_from_question_to_answer(make_pool: MakePool, bank: QuestionBank, name: str) -> None:
    """Without path maps, conditional edges would lead from everywhere to everywhere."""
    drawing = systems()[name].build(make_pool(), bank).compile().get_graph()
    targets = {node: {edge.target for edge in drawing.edges if edge.source == node} for node in drawing.nodes}
    assert targets["__start__"] == {"retrieve"}
    assert all(len(following) <= 2 for following in targets.values())
    assert all(targets[node] for node in drawing.nodes if node != "__end__")


def test_build_graph_is_smacs() -> None:
    assert systems()["smacs"].build is build_graph
