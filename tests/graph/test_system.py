"""A system is one entry: what it takes to add one, and what follows from the entries."""

import importlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest

import smacs
import smacs.graph.systems as package
from smacs.bench.report.names import system_title
from smacs.bench.run.systems import expand
from smacs.graph.state import OutputState
from smacs.graph.system import Step, System
from smacs.graph.systems import SINGLE_LLM, build_system, system_names, systems
from smacs.graph.trace import read_trace
from smacs.nodes.shared.settings import Settings
from smacs.pool.pool import Pool
from smacs.server.engine import Engine
from smacs.server.page import entries
from smacs.store.bank import QuestionBank
from tools.mock.process import MockServer

MakePool = Callable[..., Pool]
EVERY = pytest.mark.parametrize("system", systems().values(), ids=systems())
ORDERS = list(get_args(Step))
NEW = '''
"""First Come: the best LLM of the bank answers, whoever is asked."""

from smacs.graph.system import CHOOSING, PRIOR, CALLS, RANKING, Frame, System, alone, answer, ask
from smacs.nodes.baselines.references import best_reference
from smacs.nodes.prior_score import prior_score


def build_first_come_graph(pool="local", bank=None, *, settings=None, prompts=None):
    frame = Frame(SYSTEM, pool, bank, settings, prompts)
    ask(frame, prior_score)
    answer(frame, best_reference)
    return frame.graph


SYSTEM = System(
    name="first_come",
    title="First Come",
    says="The LLM with the highest prior answers.",
    steps=CHOOSING,
    ranking=PRIOR,
    uses=(*RANKING, *CALLS),
    fixed=alone,
    work=lambda _: {"reference": 1},
    build=build_first_come_graph,
)
'''


def forget() -> None:
    """What is worked out once for all systems."""
    for cached in (systems, entries.entries, smacs._homes):
        cached.cache_clear()


@pytest.fixture
def first_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A system in a new file of the package."""
    (tmp_path / "first_come.py").write_text(NEW)
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    forget()
    yield "first_come"
    sys.modules.pop(f"{package.__name__}.first_come", None)
    monkeypatch.undo()
    forget()


async def test_a_new_file_is_a_new_system_everywhere(
    first_come: str, mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    mock.set("llm-0", text="Eight.")
    pool = make_pool()
    assert first_come in system_names()
    result = await build_system(first_come, pool, bank, {}).compile().ainvoke({"question": "How many legs?"})
    assert result["answer"] == "Eight."
    state = {key: value for key, value in result.items() if key != "messages"}
    assert read_trace({"system": first_come, **state}).answer == "Eight."
    assert first_come in Engine.open(make_pool(), bank).models()
    shown = dict(
        line.removeprefix("export const ").rstrip(";").split(" = ", 1) for line in entries.entries().splitlines()
    )
    assert json.loads(shown["SYSTEMS"])[first_come]["title"] == "First Come"
    assert system_title(first_come) == "First Come"
    assert first_come in expand("paper", pool)
    assert smacs.build_first_come_graph is systems()[first_come].build
    assert "build_first_come_graph" in smacs.__all__


def test_langgraph_names_each_system_once() -> None:
    named = json.loads((Path(__file__).parents[2] / "langgraph.json").read_text())["graphs"]
    assert named == {name: f"smacs.graph.app:{name}" for name in system_names()}


def test_the_graphs_are_attributes_of_the_module_that_langgraph_loads(
    mock: MockServer, bank: QuestionBank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "pool.toml"
    embedder = f'[embedder]\nkind = "openai"\nmodel = "mock-embedder"\nendpoint = "{mock.url}"\n'
    file.write_text(f'aggregators = ["llm-0"]\n{embedder}[llms.llm-0]\nendpoint = "{mock.url}"\n')
    monkeypatch.setenv("SMACS_POOL", str(file))
    monkeypatch.setenv("SMACS_BANK", str(bank.path))
    before = sys.modules.pop("smacs.graph.app", None)
    try:
        app: ModuleType = importlib.import_module("smacs.graph.app")
        assert {name: getattr(app, name).name for name in system_names()} == {name: name for name in system_names()}
    finally:
        sys.modules.pop("smacs.graph.app", None)
        if before is not None:
            sys.modules["smacs.graph.app"] = before


@EVERY
def test_an_entry_is_whole(system: System, make_pool: MakePool) -> None:
    """Its module has its name and its builder, its settings exist, and its steps are parts of the trace in order."""
    home = "smacs.graph.build" if system.name == "smacs" else f"{package.__name__}.{system.name}"
    assert importlib.import_module(home).SYSTEM is system
    public = "build_graph" if system.name == "smacs" else f"build_{system.name}_graph"
    assert getattr(smacs, public) is system.build
    assert system.title and system.says.endswith(".")
    assert list(system.steps) == sorted(system.steps, key=ORDERS.index)
    assert set(system.steps) <= set(OutputState.__annotations__)
    fixed = system.fixed(make_pool())
    assert {*system.uses, *fixed, *system.defaults(make_pool())} <= set(Settings.model_fields)
    assert not fixed.keys() & set(system.uses)


@EVERY
async def test_the_steps_that_are_drawn_are_those_that_a_run_takes(
    system: System, mock: MockServer, make_pool: MakePool, bank: QuestionBank
) -> None:
    """A gathered subset is no step of its own: it is drawn where there is something to drop."""
    result = await system.build(make_pool(), bank).compile().ainvoke({"question": "How many legs?"})
    taken = {step for step in ORDERS if result.get(step)}
    assert taken - set(system.steps) <= {"subsets"}
    assert set(system.steps) <= taken
    assert ("prior_drop" in system.build(make_pool(), bank).nodes) == ("subsets" in system.steps)


def test_names_cost_nothing() -> None:
    code = (
        "import sys; from smacs.graph.systems import system_names as names; names(); print('langgraph' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


def test_the_models_of_a_server_are_the_systems_and_the_llms(make_pool: MakePool, bank: QuestionBank) -> None:
    pool: Any = make_pool()
    names = [name for name in system_names() if name != SINGLE_LLM]
    assert Engine.open(pool, bank).models() == [*names, *pool.llms]
