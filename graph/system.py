"""A system: the entry that all else about it derives from, and how its graph is put together.

A system is a module of `smacs.graph.systems` with a builder and its entry, `SYSTEM`; SMACS itself is in
`smacs.graph.build`. Command line, server, page, report and public names read the entries.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, get_type_hints

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from smacs.graph.compiled import SystemGraph
from smacs.graph.node import Node, NodeFunction, Workshop
from smacs.graph.settings import Rules, Work, make_settings, settings_form
from smacs.graph.state import InputState, OutputState, State
from smacs.nodes.aggregator import aggregator, group_subsets
from smacs.nodes.baselines.references import gather
from smacs.nodes.referencer import referencer
from smacs.nodes.retrieve import retrieve
from smacs.nodes.select import select
from smacs.nodes.shared.records import arrived, name_of
from smacs.nodes.shared.settings import Settings
from smacs.pool.pool import Pool
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank

Graph = StateGraph[State, Any, Any, Any]
AnyPool = Pool | str | Path
AnyBank = QuestionBank | str | Path | None
AnySettings = Settings | Mapping[str, Any] | None
Step = Literal["support", "priors", "references", "subsets", "candidates", "answer"]

# Settings that the nodes of several systems read.
RETRIEVAL = ("n_base", "gamma")
RANKING = (*RETRIEVAL, "selector")
CALLS = ("temperature", "presence_penalty", "max_tokens", "deadline", "seed")


class Builder(Protocol):
    """What makes the uncompiled graph of a system."""

    def __call__(
        self, pool: AnyPool = ..., bank: AnyBank = ..., *, settings: AnySettings = ..., prompts: Prompts | None = ...
    ) -> Graph:
        """See `build_graph`."""
        ...


@dataclass(frozen=True, slots=True)
class Ranking:
    """What the number means by which a system ranks the LLMs, and with how many digits it is shown.

    `drawn`: the LLMs are drawn with these chances; otherwise the first ones are asked.
    """

    title: str
    means: str
    digits: int
    drawn: bool = False


PRIOR = Ranking(
    "Prior", "What each LLM got right among the support questions, weighted by how similar they are", digits=2
)
ACCURACY = Ranking("Accuracy", "The share of the bank's questions that each LLM got right", digits=3)
CHANCE = Ranking(
    "Chance of a draw", "How likely each LLM is drawn as an expert for the question's skills", digits=3, drawn=True
)


def nothing(_: Pool) -> Mapping[str, Any]:
    """No settings."""
    return {}


def everyone(pool: Pool) -> Mapping[str, Any]:
    """Settings with which all LLMs of the pool are asked."""
    return {"k": len(pool.llms), "k_drop": 0}


def alone(_: Pool) -> Mapping[str, Any]:
    """Settings with which one LLM is asked."""
    return {"k": 1, "k_drop": 0, "quorum": None}


@dataclass(frozen=True, kw_only=True)
class System:
    """A system, under the name of its module.

    For people it has a `title`, a sentence that `says` what it does, the `steps` that a run is drawn by (the parts of
    the trace that it fills, in order), and the meaning of its `ranking`. Of the settings its nodes read those that it
    `uses`; what is `fixed` nobody can change; its `defaults` go over those of the pool file. `work` is what its LLMs
    write for a question.
    """

    name: str
    title: str
    says: str
    steps: tuple[Step, ...]
    ranking: Ranking
    uses: tuple[str, ...]
    work: Callable[[Settings], Work]
    build: Builder
    fixed: Callable[[Pool], Mapping[str, Any]] = nothing
    defaults: Callable[[Pool], Mapping[str, Any]] = nothing


class Frame:
    """The graph of a system under construction, over a pool and a bank.

    `defaults` go over those of the system, `settings` over both. Raises PoolError, BankError or InputError when
    something named does not exist or fit.
    """

    def __init__(
        self,
        system: System,
        pool: AnyPool,
        bank: AnyBank,
        settings: AnySettings,
        prompts: Prompts | None,
        *,
        defaults: Mapping[str, Any] | None = None,
    ) -> None:
        pool, bank = open_pool(pool), open_bank(bank)
        pool.embedder(bank.embedder)  # a mismatch is said now, not at the first question
        fixed = system.fixed(pool)
        made = make_settings(pool, {**system.defaults(pool), **(defaults or {})}, settings, fixed)
        rules = Rules(pool, made, fixed, system.work)
        self._workshop = Workshop(pool, bank, prompts or Prompts.load(), rules)
        form = settings_form(pool, made, system.uses)
        form.rules = rules
        self.graph: Graph = SystemGraph(State, form, input_schema=InputState, output_schema=OutputState)

    def add(self, *functions: NodeFunction) -> None:
        """Add nodes under the names of their functions; each reads what its first parameter says."""
        for function in functions:
            reads = get_type_hints(function)["state"]
            self.graph.add_node(function.__name__, Node(function, self._workshop), input_schema=reads)


def open_pool(pool: AnyPool) -> Pool:
    """A pool, or the one of that name or path."""
    return pool if isinstance(pool, Pool) else Pool.load(pool)


def open_bank(bank: AnyBank) -> QuestionBank:
    """A bank, the one in that folder, or the starter bank."""
    if isinstance(bank, QuestionBank):
        return bank
    return QuestionBank.open(bank) if bank is not None else QuestionBank.starter()


def send_referencers(state: State) -> list[Send]:
    """One call for each LLM that is to answer, whatever the number of samples."""
    shared = {"asked": state["asked"], "priors": state["priors"], "run": state.get("run")}
    return [Send("referencer", {**shared, "llm": name, "n": n}) for name, n in state["samples"].items()]


def send_aggregators(state: State) -> list[Send] | str:
    """One aggregator call for each different subset; without any reference there is nothing to aggregate."""
    if not state["subsets"]:
        return "select"
    references = [{"name": name_of(record), "text": record["text"]} for record in arrived(state["references"])]
    shared = {"asked": state["asked"], "references": references, "run": state.get("run")}
    groups = group_subsets(state["subsets"])
    return [Send("aggregator", {**shared, "subset": subset, "indices": indices}) for subset, indices in groups]


# Stages that several systems share.


def ask(frame: Frame, ranking: NodeFunction) -> None:
    """retrieve -> `ranking` of the LLMs -> referencers: those that the ranking chose, each as often as it says."""
    graph, name = frame.graph, ranking.__name__
    frame.add(retrieve, ranking, referencer)
    graph.add_edge(START, "retrieve")
    graph.add_edge("retrieve", name)
    graph.add_conditional_edges(name, send_referencers, ["referencer"])


def synthesise(frame: Frame) -> None:
    """All references -> one aggregator call -> its candidate is the answer."""
    graph = frame.graph
    frame.add(gather, aggregator, select)
    graph.add_edge("referencer", "gather")
    graph.add_conditional_edges("gather", send_aggregators, ["aggregator", "select"])
    graph.add_edge("aggregator", "select")
    graph.add_edge("select", END)


def answer(frame: Frame, how: NodeFunction) -> None:
    """References -> `how` one of them becomes the answer."""
    frame.add(how)
    frame.graph.add_edge("referencer", how.__name__)
    frame.graph.add_edge(how.__name__, END)


# The steps of a system whose answer is a reference, and of one that aggregates.
CHOOSING: tuple[Step, ...] = ("support", "priors", "references", "answer")
AGGREGATING: tuple[Step, ...] = ("support", "priors", "references", "candidates", "answer")
