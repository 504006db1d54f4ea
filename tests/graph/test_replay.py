"""Runs replayed from their traces: nothing is asked, and all is as it was."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from smacs.errors import InputError, NoAnswerError
from smacs.graph.replay import compare, replay_trace
from smacs.graph.systems import systems
from smacs.graph.trace import read_trace
from smacs.pool.pool import Pool
from smacs.store.bank import QuestionBank
from smacs.store.keywords import Keywords, keywords_file
from smacs.store.records import Evaluation, Question
from tests.support.remarks import texts
from tools.mock.process import MockServer

MakePool = Callable[..., Pool]
Run = tuple[str, str, dict[str, Any], dict[str, str]]
ASK = {"question": "How many legs has a spider?", "task": "open", "system": "Be brief."}
NOWHERE = "http://127.0.0.1:9/v1"


async def kept(system: str, pool: Pool, bank: QuestionBank, own: dict[str, Any], asked: Any = ASK) -> dict[str, Any]:
    """A run's trace as its JSON has it."""
    try:
        result = await systems()[system].build(pool, bank, settings=own).compile().ainvoke(asked)
    finally:
        await pool.aclose()
    state = {key: value for key, value in result.items() if key != "messages"}
    trace: dict[str, Any] = orjson.loads(orjson.dumps({"system": system, **state}))
    return trace


async def replayed(trace: dict[str, Any], pool: Pool, bank: QuestionBank, **changed: Any) -> dict[str, Any]:
    try:
        result = await replay_trace(read_trace(trace), pool=pool, bank=bank, settings=changed)
    finally:
        await pool.aclose()
    again: dict[str, Any] = orjson.loads(orjson.dumps({"system": trace["system"], **result}))
    return again


@st.composite
def runs(draw: st.DrawFn) -> Run:
    """A system, a task, settings, and what goes wrong at which LLM."""
    k = draw(st.integers(1, 5))
    own = {
        "k": k,
        "k_drop": draw(st.integers(0, k - 1)),
        "n": draw(st.integers(1, 4)),
        "seed": draw(st.none() | st.integers(0, 9)),
        "lam": draw(st.sampled_from([0.0, 0.5, 1.0])),
        "drop": draw(st.sampled_from(["prior", "random"])),
        "perplexity": draw(st.sampled_from(["paper", "bounded"])),
        "gamma": draw(st.sampled_from([0.0, 0.95])),
    }
    faults = st.sampled_from(["503", "empty", "garbage", "no_logprobs", "field"])
    llms = st.sampled_from(["llm-0", "llm-1", "llm-2", "llm-7"])
    task = draw(st.sampled_from(["open", "choice"]))
    return draw(st.sampled_from(list(systems()))), task, own, draw(st.dictionaries(llms, faults, max_size=3))


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(run=runs())
def test_a_replay_is_the_run_without_its_calls(
    run: Run, mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    """The replay's pool has its LLMs at a closed port: any call would fail."""
    system, task, own, faults = run
    mock.reset()
    for llm, fault in faults.items():
        mock.set(llm, fault=fault)
    two = ["llm-7", "llm-6"]
    try:
        trace = asyncio.run(kept(system, make_pool(aggregators=two), bank, own, {**ASK, "task": task}))
    except NoAnswerError:  # of such a run there is no trace
        reject()
    again = asyncio.run(replayed(trace, make_pool(aggregators=two, endpoint=NOWHERE), bank))
    assert again == trace
    assert compare(read_trace(trace), again) == []


async def spoken(mock: MockServer, make_pool: MakePool, bank: QuestionBank) -> dict[str, Any]:
    """Two candidates agree, but the aggregator is surer of the third."""
    mock.set("llm-7", text=["Six.", "Eight.", "Eight."], logprob=-0.1)
    return await kept("smacs", make_pool(), bank, {"k": 2, "k_drop": 0, "n": 3, "lam": 0.0})


async def test_other_settings_show_what_would_have_been_chosen(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    """Candidate 1 gets a log-probability of 0, the others -2: 1 - PPL is 0 and 1 - e^2 = -6.39, far more than any
    similarity can make good; without the term the two that agree win."""
    trace = await spoken(mock, make_pool, bank)
    for candidate, logprob in zip(trace["candidates"], (0.0, -2.0, -2.0), strict=True):
        candidate["logprob"] = logprob
    assert trace["selected"]["candidate"] == 1
    sure = await replayed(trace, make_pool(endpoint=NOWHERE), bank, lam="1.0")
    assert (sure["selected"]["candidate"], sure["answer"]) == (0, "Six.")
    assert sure["candidates"][1]["score"] == pytest.approx(trace["candidates"][1]["similarity"] + 1 - 7.389056)
    told = compare(read_trace(trace), sure)
    assert told[-2:] == [
        "selected is candidate 1, written by llm-7, then it was candidate 2, written by llm-7",
        "the answer is another one",
    ]


async def test_fewer_candidates_are_the_first_of_them(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    trace = await spoken(mock, make_pool, bank)
    fewer = await replayed(trace, make_pool(endpoint=NOWHERE), bank, n=2)
    assert [candidate["text"] for candidate in fewer["candidates"]] == ["Six.", "Eight."]
    assert fewer["usage"] == trace["usage"]


@pytest.mark.parametrize(
    ("changed", "lacks"),
    [
        ({"k": 3}, "llm-2 was not asked for a reference"),
        ({"n": 4}, "llm-7 made 3 candidates of the references of llm-0, llm-1, not 4"),
        ({"k_drop": 1}, "llm-7 made 0 candidates of the references of"),
        ({"aggregator": "llm-5"}, "llm-5 made no candidate"),
    ],
)
async def test_a_call_that_was_not_made_is_named(
    changed: dict[str, Any], lacks: str, mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    trace = await spoken(mock, make_pool, bank)
    with pytest.raises(InputError, match=f"needs a call that the trace lacks: {lacks}"):
        await replayed(trace, make_pool(endpoint=NOWHERE), bank, **changed)


@pytest.fixture(scope="module")
def growing(make_bank: Callable[..., QuestionBank]) -> QuestionBank:
    """A bank for tests that change it; each makes its trace from the bank as it finds it."""
    questions = [Question(id=f"q{i}", text=f"Question {i}") for i in range(6)]
    return make_bank(questions, {"llm-0": range(6), "llm-1": range(2)})


async def test_a_bank_that_has_changed_is_said(mock: MockServer, make_pool: MakePool, growing: QuestionBank) -> None:
    trace = await kept("smacs", make_pool(), growing, {"k": 2, "k_drop": 0, "n": 1})
    better = [Evaluation(question=f"q{i}", correct=1.0) for i in range(6)]
    growing.evaluation_file("llm-1").write_bytes(msgspec.json.Encoder().encode_lines(better))
    again = await replayed(trace, make_pool(endpoint=NOWHERE), growing)
    assert texts(again["degraded"])[-1] == "the bank has changed since: the priors are not those of the trace"
    assert compare(read_trace(trace), again)[0] == "the priors differ"


async def test_a_conversation_is_replayed_with_its_turns(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    turns = [("system", "Be kind."), ("human", "Hello?"), ("ai", "Yes?"), ("human", "How many legs has a spider?")]
    trace = await kept("smacs", make_pool(), bank, {"k": 2}, {"messages": turns, "task": "math"})
    again = await replayed(trace, make_pool(endpoint=NOWHERE), bank)
    assert again == trace
    assert again["asked"]["history"] == [
        {"role": "user", "content": "Hello?"},
        {"role": "assistant", "content": "Yes?"},
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda trace: trace["priors"].update(gone=0.1), "of another pool: test pool has no gone"),
        (lambda trace: trace["settings"].update(drop="x"), "drop"),
    ],
)
async def test_a_trace_that_does_not_fit_pool_or_settings_is_said(
    change: Callable[[dict[str, Any]], Any], told: str, mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    trace = await spoken(mock, make_pool, bank)
    change(trace)
    with pytest.raises(InputError, match=told):
        await replayed(trace, make_pool(endpoint=NOWHERE), bank)


@pytest.mark.parametrize(("said", "note"), [("2", "llm-0 chose reply 2 of its 3"), ("?", "llm-0 named none of its 3")])
async def test_the_choice_among_replies_is_replayed(
    said: str, note: str, mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    mock.set("llm-0", text=said)
    trace = await kept("self_consistency", make_pool(), bank, {"n": 3})
    assert any(told.startswith(note) for told in texts(trace["notes"]))
    assert await replayed(trace, make_pool(endpoint=NOWHERE), bank) == trace
    with pytest.raises(InputError, match="llm-0 chose among 3 replies, not 2"):
        await replayed(trace, make_pool(endpoint=NOWHERE), bank, n=2)


def reworded(trace: dict[str, Any]) -> dict[str, Any]:
    """The same trace, its texts in other words."""
    return {
        **trace,
        **{
            name: [{**said, "text": f"In other words, {said['text']}, they say"} for said in trace[name]]
            for name in ("notes", "degraded")
        },
    }


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(run=runs())
def test_what_is_said_to_people_does_not_matter(
    run: Run, mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    system, task, own, faults = run
    mock.reset()
    for llm, fault in faults.items():
        mock.set(llm, fault=fault)
    two = ["llm-7", "llm-6"]
    try:
        trace = asyncio.run(kept(system, make_pool(aggregators=two), bank, own, {**ASK, "task": task}))
    except NoAnswerError:
        reject()
    again = asyncio.run(replayed(reworded(trace), make_pool(aggregators=two, endpoint=NOWHERE), bank))
    assert again == trace


@pytest.mark.parametrize("said", ["3", "?"])
async def test_a_choice_among_replies_that_is_not_told_is_refused(
    said: str, mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    mock.set("llm-0", text=said)
    trace = await kept("self_consistency", make_pool(), bank, {"n": 3})
    mute = {**trace, "notes": [note for note in trace["notes"] if note["kind"] != "choice"]}
    with pytest.raises(InputError, match="llm-0 was not asked to choose among its replies"):
        await replayed(mute, make_pool(endpoint=NOWHERE), bank)
    bare = {**trace, "notes": [{**note, "data": {}} for note in trace["notes"]]}
    with pytest.raises(InputError, match=r"a remark of kind 'choice' without `data.reply`"):
        await replayed(bare, make_pool(endpoint=NOWHERE), bank)


async def test_skills_that_are_not_told_are_refused(
    mock: MockServer, make_pool: MakePool, growing: QuestionBank
) -> None:
    keywords_file(growing.path).write_bytes(msgspec.json.encode(Keywords("q0", ["law"])) + b"\n")
    mock.set("llm-7", text="Law")
    trace = await kept("symbolic_moe", make_pool(), growing, {"k": 2, "seed": 3})
    with pytest.raises(InputError, match="llm-7 was not asked for the question's skills"):
        await replayed({**trace, "notes": []}, make_pool(endpoint=NOWHERE), growing)


async def test_another_k_has_its_own_number_of_references_to_drop(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    """With k = 2 one of both was dropped, as nobody had said otherwise; of one there is none to drop."""
    trace = await kept("smacs", make_pool(), bank, {"k": 2, "n": 1, "seed": 1})
    assert trace["settings"]["k_drop"] == 1
    trace["subsets"] = [["llm-0"]]
    trace["candidates"][0]["subset"] = ["llm-0"]
    again = await replayed(trace, make_pool(endpoint=NOWHERE), bank, k="1")
    assert (again["settings"]["k"], again["settings"]["k_drop"], again["subsets"]) == (1, 0, [["llm-0"]])


@pytest.mark.parametrize(("first", "second"), [("Law; torts", ""), ("", "Law"), ("", "")])
async def test_skills_named_by_llms_are_replayed(
    first: str, second: str, mock: MockServer, make_pool: MakePool, growing: QuestionBank
) -> None:
    """An aggregator names the question's skills; where it names none, the next one does."""
    lines = [Keywords(f"q{i}", ["law" if i % 2 else "algebra"]) for i in range(6)]
    keywords_file(growing.path).write_bytes(msgspec.json.Encoder().encode_lines(lines))
    two = ["llm-7", "llm-6"]
    for name, text in zip(two, (first, second), strict=True):
        mock.set(name, text=text or "-")
    trace = await kept("symbolic_moe", make_pool(aggregators=two), growing, {"k": 2, "seed": 3})
    assert await replayed(trace, make_pool(aggregators=two, endpoint=NOWHERE), growing) == trace


async def test_a_kept_trace_is_replayed_by_a_pool_that_has_grown(
    mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    few = [f"llm-{i}" for i in range(3)]
    trace = await kept("smacs", make_pool(few), bank, {"k": 2})
    assert await replayed(trace, make_pool(aggregators=["llm-2"], endpoint=NOWHERE), bank) == trace
