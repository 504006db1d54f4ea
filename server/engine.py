"""The graphs behind the models: every system of the paper, and every LLM of the pool by itself."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, suppress
from importlib import import_module
from typing import Any

from pydantic import ValidationError

from smacs.errors import CeilingError, EmbedderDownError, PoolError
from smacs.graph.settings import Ceilings, Rules, rules_of
from smacs.graph.state import TRACE
from smacs.graph.system import AnyBank, AnyPool, open_bank, open_pool
from smacs.graph.systems import SINGLE_LLM, systems
from smacs.nodes.shared.question import QuestionInput, check_length, read_question
from smacs.nodes.shared.settings import Form, Settings
from smacs.pool.pool import Pool, describe
from smacs.pool.prompts import Prompts
from smacs.server.errors import ApiError
from smacs.store.bank import QuestionBank

Event = dict[str, Any]
Observer = Callable[[str, Event], None]

WARM = 120.0  # seconds: the deadline of a first question that nobody asks

log = logging.getLogger(__name__)


class Engine:
    """The compiled graphs by system, over one pool and one bank.

    The pool is hushed: clients read names and kinds of failures, the log has the details. Each of `observers` gets the
    model and every event of every run, before the client does.
    """

    def __init__(self, pool: Pool, bank: QuestionBank, graphs: Mapping[str, Any]) -> None:
        self.pool = pool
        pool.hush()
        self.bank = bank
        self.systems = dict(graphs)
        self.observers: list[Observer] = []
        self._tasks = Prompts.load()
        self._llms = {name if name not in systems() else f"llm:{name}": name for name in pool.llms}
        self._models = [*(name for name in self.systems if name != SINGLE_LLM), *self._llms]

    @classmethod
    def open(cls, pool: AnyPool, bank: AnyBank) -> "Engine":
        """Over a pool and a bank. Raises PoolError, BankError or InputError when they cannot be used."""
        pool, bank = open_pool(pool), open_bank(bank)
        graphs = {name: system.build(pool, bank).compile(name=name) for name, system in systems().items()}
        return cls(pool, bank, graphs)

    @classmethod
    def shared(cls) -> "Engine":
        """Over the graphs that `langgraph.json` names: one pool and its limits for LangGraph's paths and ours."""
        from smacs.graph import app  # importing it opens the pool and the bank

        return cls(app.pool, app.bank, app.graphs)

    def models(self) -> list[str]:
        """Names of the models: the systems, then the LLMs; an LLM called like a system is `llm:NAME`."""
        return list(self._models)

    def expect(self, model: str) -> None:
        """Raise ApiError with 404 and the names of all models when there is no such model."""
        if model not in self._models:
            message = f"There is no model {model!r}: expected one of {', '.join(self._models)}."
            raise ApiError(message, status=404, param="model", code="model_not_found")

    async def warm(self) -> None:
        """Load embedder, bank and clients, so that the first question finds them; calls no LLM.

        An embedder that is down or hangs is no obstacle: questions are answered without it.
        """
        await asyncio.to_thread(import_module, "smacs.pool.calls.chat")
        for llm in self.pool.llms.values():
            with suppress(PoolError):  # it is not up, or its key is not set: its calls say so
                llm.chat()
        settings = {"deadline": min(WARM, self.deadline("smacs", {}))}
        try:
            async with aclosing(self.run("smacs", {"question": "Ready?"}, settings)) as events:
                async for event in events:
                    if event["event"] == "priors":
                        break
        except EmbedderDownError as error:
            log.warning("questions are answered as well as they can be without an embedder: %s", error)

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        await self.pool.aclose()

    def limit(self, ceilings: Ceilings) -> None:
        """From now on refuse what is over these ceilings, on LangGraph's paths and on ours."""
        for graph in self.systems.values():
            rules_of(graph).ceilings = ceilings

    def check(self, model: str, asked: QuestionInput, settings: Mapping[str, Any], answers: int = 1) -> int:
        """The most tokens that this number of answers may take.

        Raises ApiError or InputError for all that can be found wrong before any LLM is asked.
        """
        rules, complete = self._settings(model, settings, answers)
        question = read_question(asked)
        check_length(question["question"], self.pool)
        self._tasks.id(question["task"])
        return rules.most_tokens(complete, answers)

    def deadline(self, model: str, settings: Mapping[str, Any]) -> float:
        """Seconds that a question may take. Raises what `check` raises."""
        return self._settings(model, settings)[1].deadline

    async def run(self, model: str, asked: QuestionInput, settings: Mapping[str, Any]) -> AsyncGenerator[Event, None]:
        """The events of one run as they happen; the last one is `{"event": "result", "result": trace}`.

        Raises ApiError for an unknown model or setting, InputError for a question that cannot be used, NoAnswerError
        when no LLM gave a usable reply.
        """
        graph, form = self._prepare(model, settings)
        state: dict[str, Any] = {}
        streams = graph.astream(asked, context=form, stream_mode=["custom", "values"], output_keys=list(TRACE))
        async with aclosing(streams) as stream:
            async for mode, chunk in stream:
                if mode == "custom":
                    yield self._tell(model, chunk)
                else:
                    state = chunk
        yield self._tell(model, {"event": "result", "result": {"system": graph.name, **state}})

    def _tell(self, model: str, event: Event) -> Event:
        for observer in self.observers:
            observer(model, event)
        return event

    def _settings(self, model: str, settings: Mapping[str, Any], answers: int = 1) -> tuple[Rules, Settings]:
        """The rules of a model's graph, and the complete settings that it would answer with."""
        graph, form = self._prepare(model, settings)
        rules = rules_of(graph)
        try:
            return rules, rules.settings(form, answers)
        except CeilingError as error:
            where = f"smacs.settings.{error.setting}" if error.setting else None
            raise ApiError(str(error), param=where, code="too_much_asked") from error

    def _prepare(self, model: str, settings: Mapping[str, Any]) -> tuple[Any, Form]:
        """The graph of a model, and the settings as its form."""
        self.expect(model)
        llm = self._llms.get(model)
        graph = self.systems[SINGLE_LLM if llm else model]
        schema = graph.context_schema
        uses = [name for name in schema.model_fields if name != "llm"]
        for name in settings:
            if name not in uses:
                message = f"Setting {name}: {model} has no use for it; it has {', '.join(uses)}."
                raise ApiError(message, param=f"smacs.settings.{name}")
        try:
            return graph, schema(**settings, **({"llm": llm} if llm else {}))
        except ValidationError as error:
            where = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise ApiError(f"Settings: {describe(error)}", param=f"smacs.settings.{where}") from error
