"""The real `langgraph dev`, asked over HTTP what LangGraph Studio asks: drawing, form, runs, streams, errors."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from smacs.graph.systems import systems
from smacs.nodes.shared.settings import Settings
from smacs.store.bank import QuestionBank
from tests.support.langgraph_dev import Dev, langgraph_dev
from tools.mock.process import MockServer

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
LLMS = ["llm-0", "llm-1", "llm-2", "llm-3"]
ASK = {"question": "How many legs has a spider?"}


@pytest.fixture(scope="module")
def dev(mock_process: MockServer, bank: QuestionBank, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """A server over four mock LLMs and the test bank."""
    folder = tmp_path_factory.mktemp("dev")
    llms = "\n".join(f'[llms.{name}]\nendpoint = "{mock_process.url}"\nretries = 0' for name in LLMS)
    table = f'[embedder]\nkind = "openai"\nmodel = "mock-embedder"\nendpoint = "{mock_process.url}"'
    pool = tmp_path_factory.mktemp("pool") / "pool.toml"
    pool.write_text(f'aggregators = ["llm-3"]\n[settings]\nn = 3\nmax_tokens = 64\n{llms}\n{table}\n')
    with langgraph_dev(folder, SMACS_POOL=str(pool), SMACS_BANK=str(bank.path)) as server:
        yield server


@pytest.fixture
def schemas(dev: Dev) -> dict[str, Any]:
    """The schemas of the assistant that Studio finds."""
    (assistant,) = dev.http.post("/assistants/search", json={"graph_id": "smacs"}).raise_for_status().json()
    found: dict[str, Any] = dev.http.get(f"/assistants/{assistant['assistant_id']}/schemas").raise_for_status().json()
    return found


def test_the_drawing_has_all_nodes_and_edges(dev: Dev) -> None:
    drawing = dev.http.get("/assistants/smacs/graph", params={"xray": "true"}).raise_for_status().json()
    assert {node["id"] for node in drawing["nodes"]} == {
        "__start__", "retrieve", "prior_score", "referencer", "prior_drop", "aggregator", "hybrid_score", "select",
        "__end__",
    }  # fmt: skip
    assert {(edge["source"], edge["target"], edge.get("conditional", False)) for edge in drawing["edges"]} == {
        ("__start__", "retrieve", False),
        ("retrieve", "prior_score", False),
        ("prior_score", "referencer", True),
        ("referencer", "prior_drop", False),
        ("prior_drop", "aggregator", True),
        ("prior_drop", "select", True),
        ("aggregator", "hybrid_score", False),
        ("hybrid_score", "select", False),
        ("select", "__end__", False),
    }


def test_the_form_asks_for_a_question_or_messages(schemas: dict[str, Any]) -> None:
    assert set(schemas["input_schema"]["properties"]) == {"question", "messages", "task", "system", "dataset"}
    assert {"answer", "messages", "candidates", "degraded"} <= set(schemas["output_schema"]["properties"])


def test_the_form_has_every_setting_with_the_defaults_and_limits_of_the_pool(schemas: dict[str, Any]) -> None:
    fields = schemas["context_schema"]["properties"]
    assert {name: field["description"] for name, field in fields.items()} == {
        name: field.description for name, field in Settings.model_fields.items() if name != "llm"
    }
    # The paper's are k = 7, n = 8, max_tokens = 8192; this pool has four LLMs and settings of its own.
    assert [fields[name]["default"] for name in ("k", "k_drop", "n", "max_tokens", "gamma")] == [4, 1, 3, 64, 0.95]
    assert (fields["k"]["minimum"], fields["k"]["maximum"], fields["k_drop"]["exclusiveMaximum"]) == (1, 4, 4)
    assert fields["perplexity"]["enum"] == ["paper", "bounded"]


def test_a_question_is_answered_with_its_trace(dev: Dev, mock: MockServer) -> None:
    mock.set("llm-3", text="Eight.")
    result = dev.wait(ASK)
    assert (result["answer"], result["degraded"]) == ("Eight.", [])
    assert [message["content"] for message in result["messages"]] == ["Eight."]
    assert [record["llm"] for record in result["references"]] == LLMS
    assert [candidate["index"] for candidate in result["candidates"]] == [0, 1, 2]
    assert set(result) == {
        "answer", "messages", "asked", "settings", "support", "priors", "references", "subsets", "candidates",
        "selected", "notes", "degraded", "usage",
    }  # fmt: skip


def test_all_systems_of_the_paper_are_there_side_by_side(dev: Dev) -> None:
    assistants = dev.http.post("/assistants/search", json={"limit": 100}).raise_for_status().json()
    assert sorted(assistant["graph_id"] for assistant in assistants) == sorted(systems())


@pytest.mark.parametrize("system", systems())
def test_every_system_is_drawn_and_answers(dev: Dev, mock: MockServer, system: str) -> None:
    for llm in LLMS:
        mock.set(llm, text="Eight.")
    drawing = dev.http.get(f"/assistants/{system}/graph", params={"xray": "true"}).raise_for_status().json()
    own = systems()[system].build(dev.pool, dev.bank).compile().get_graph()
    assert {(edge["source"], edge["target"]) for edge in drawing["edges"]} == {(e.source, e.target) for e in own.edges}
    result = dev.wait(ASK, assistant_id=system)
    assert (result["answer"], result["degraded"]) == ("Eight.", [])


def test_a_single_llm_is_a_setting(dev: Dev, mock: MockServer) -> None:
    result = dev.wait(ASK, assistant_id="single_llm", context={"llm": "llm-2"})
    assert [record["llm"] for record in result["references"]] == ["llm-2"]


def test_a_conversation_is_answered_with_a_message(dev: Dev, mock: MockServer) -> None:
    mock.set("llm-3", text="Eight.")
    result = dev.wait({"messages": [{"role": "user", "content": "How many legs has a spider?"}]})
    assert [(message["type"], message["content"]) for message in result["messages"]] == [
        ("human", "How many legs has a spider?"),
        ("ai", "Eight."),
    ]


def test_progress_comes_as_custom_events(dev: Dev, mock: MockServer) -> None:
    events = dev.events(ASK)
    assert [event["event"] for event in events] == [
        "retrieved", "priors", *["referencer"] * 4, "subsets", *["candidate"] * 3, "selected"
    ]  # fmt: skip


def test_settings_come_as_context(dev: Dev, mock: MockServer) -> None:
    result = dev.wait(ASK, context={"seed": 3, "n": 2, "k": 2})
    assert result["degraded"] == []
    assert (len(result["references"]), len(result["candidates"])) == (2, 2)
    assert all(isinstance(body["seed"], int) for body in mock.stats().bodies("llm-0"))


@pytest.mark.parametrize(
    ("question", "context", "said"),
    [
        (ASK, {"k": 99}, "k\n  Input should be less than or equal to 4"),
        (ASK, {"k": 2, "k_drop": 3}, "Setting k_drop: expected less than k = 2, got 3"),
        (ASK, {"aggregator": "nobody"}, "expected one of llm-0, llm-1, llm-2, llm-3, got 'nobody'"),
        ({"question": "  "}, {}, "The question is empty. Expected text in `question`"),
        ({"question": "Q?", "task": "poetry"}, {}, "poetry"),
    ],
)
def test_bad_input_is_named(
    dev: Dev, mock: MockServer, question: dict[str, Any], context: dict[str, Any], said: str
) -> None:
    assert said in dev.wait(question, context=context)["__error__"]["message"]
    assert mock.stats().of("llm-0").requests == 0


def test_questions_at_once_are_all_answered_and_none_blocks_the_others(dev: Dev, mock: MockServer) -> None:
    mock.set("llm-3", text="Eight.")
    with ThreadPoolExecutor(2) as threads:
        results = list(threads.map(dev.wait, [ASK, {"question": "How many legs has an ant?"}]))
    assert [(result["answer"], result["degraded"]) for result in results] == [("Eight.", [])] * 2
    assert "Blocking" not in dev.log.read_text()


def test_without_any_setting_it_says_how_to_start_the_llms(tmp_path: Path) -> None:
    """The pool and bank that ship with SMACS, in a cache folder where nothing is up; the embedder is the real one."""
    (tmp_path / "repository").mkdir()
    with langgraph_dev(tmp_path / "repository", SMACS_HOME=str(tmp_path / "home")) as server:
        error = server.wait(ASK)["__error__"]
        assert "start it with `smacs models up`" in error["message"]
        assert "Blocking" not in server.log.read_text()
