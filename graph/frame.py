"""What the graphs of all systems have in common: how they are begun, and how parallel calls are sent."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, get_type_hints

from langgraph.graph import StateGraph
from langgraph.types import Send

from smacs.graph.ceilings import Work
from smacs.graph.node import Node, NodeFunction, Workshop
from smacs.graph.settings import Rules, make_settings, settings_schema
from smacs.graph.state import InputState, OutputState, State
from smacs.graph.tool import AskableGraph
from smacs.nodes.aggregator import group_subsets
from smacs.nodes.shared.records import arrived, name_of
from smacs.nodes.shared.settings import Settings
from smacs.pool.pool import Pool
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank

Graph = StateGraph[State, Any, Any, Any]
AnyPool = Pool | str | Path
AnyBank = QuestionBank | str | Path | None
AnySettings = Settings | Mapping[str, Any] | None

RETRIEVAL = ("n_base", "gamma")
RANKING = (*RETRIEVAL, "selector")
CALLS = ("temperature", "presence_penalty", "max_tokens", "deadline", "seed")
ALONE = {"k": 1, "k_drop": 0, "quorum": None}


class Frame:
    """A graph under construction.

    `uses` are the settings that its nodes read; of those `fixed` have a value that nobody can change. `defaults` go
    over the pool file's settings, `settings` over both. `work` is what its LLMs write for a question. Raises PoolError,
    BankError or InputError when something named does not exist or fit.
    """

    def __init__(
        self,
        pool: AnyPool,
        bank: AnyBank,
        settings: AnySettings,
        prompts: Prompts | None,
        *,
        uses: Collection[str],
        work: Callable[[Settings], Work],
        fixed: Mapping[str, Any] | None = None,
        defaults: Mapping[str, Any] | None = None,
    ) -> None:
        pool = open_pool(pool)
        bank = open_bank(bank)
        pool.embedder(bank.embedder)  # a mismatch is said now, not at the first question
        made = make_settings(pool, defaults, settings, fixed)
        rules = Rules(pool, made, fixed or {}, work)
        self._workshop = Workshop(pool, bank, prompts or Prompts.load(), rules)
        schema = settings_schema(pool, made, uses)
        schema.rules = rules
        self.graph: Graph = AskableGraph(State, schema, input_schema=InputState, output_schema=OutputState)

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


def everyone(pool: Pool) -> dict[str, Any]:
    """Settings with which all LLMs of a pool are asked."""
    return {"k": len(pool.llms), "k_drop": 0}


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
