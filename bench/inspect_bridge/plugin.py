"""Systems as models and as a solver of Inspect, which finds them by the entry point `smacs` of its group `inspect_ai`.

A model: `inspect eval task.py --model smacs/moa -M pool=pool.toml -M bank=my-bank -M k=3`. The name after `smacs/` is a
system as `smacs bench run` names it: smacs, moa, llm:NAME, ... Model arguments are `pool`, `bank`, `task` (chooses the
prompt), `dataset` (the bank's data set that the questions belong to; some systems use it) and any setting.

A solver, for tasks of your own: `inspect eval task.py --solver smacs/smacs_solver -S system=moa -S pool=pool.toml`.
"""

from pathlib import Path
from typing import Any

from inspect_ai.model import ChatMessage, GenerateConfig, ModelAPI, ModelOutput, ModelUsage, get_model, modelapi
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import ToolChoice, ToolInfo
from inspect_ai.util import concurrency

from smacs.bench.inspect_bridge.shared_pool import shared_pool
from smacs.bench.run.spec import parse_spec
from smacs.bench.run.systems import build
from smacs.errors import InputError
from smacs.pool.pool import Pool
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank

__all__ = ["SystemModel", "smacs_solver"]

SAMPLING = ("temperature", "presence_penalty", "max_tokens", "seed")  # Inspect and our settings call them the same


@modelapi(name="smacs")
class SystemModel(ModelAPI):
    """One system over one pool and bank, for all samples. Its outputs carry the trace as metadata `smacs`.

    Raises PoolError, BankError or InputError when something named does not exist or fit.
    """

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig | None = None,
        pool: Pool | str | Path = "local",
        bank: QuestionBank | str | Path | None = None,
        task: str = "open",
        dataset: str = "",
        **settings: Any,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config or GenerateConfig())
        if base_url is not None:
            raise InputError(f"smacs/{model_name}: endpoints and keys are in the pool file; got base_url={base_url!r}.")
        self.about = {"task": task, "dataset": dataset}
        self.shared = shared_pool(pool)
        spec = parse_spec(model_name)
        self.graph = build(spec, self.shared.pool, _open(bank), settings, Prompts.load())
        self.llms = spec.llms(self.shared.pool)

    async def generate(
        self,
        input: list[ChatMessage],
        tools: list[ToolInfo],
        tool_choice: ToolChoice,  # noqa: ARG002
        config: GenerateConfig,
    ) -> ModelOutput:
        """Answer the conversation's last user message. Raises NoAnswerError when no LLM answered."""
        if tools:
            raise InputError(f"smacs/{self.model_name} calls no tools, got {', '.join(tool.name for tool in tools)}.")
        question = {"messages": [_plain(message) for message in input], **self.about}
        given = {name: value for name in SAMPLING if (value := getattr(config, name)) is not None}
        limit = config.max_connections or self.max_connections()
        async with concurrency("questions", limit, key=f"smacs {self.connection_key()} {limit}"):
            await self.shared.start(self.llms)
            result = await self.graph.ainvoke(question, context=given)
        return _output(self.model_name, result)

    def max_connections(self) -> int:
        """Questions at once: as many as the LLM with the fewest slots has of them, so that no call waits long."""
        return min(self.shared.pool.llms[name].spec.in_flight for name in self.llms)

    def connection_key(self) -> str:
        """All systems over one pool share its slots."""
        return f"{self.shared.pool.source} {id(self.shared.pool)}"

    async def aclose(self) -> None:
        """Close the pool."""
        await self.shared.aclose()


def _open(bank: QuestionBank | str | Path | None) -> QuestionBank:
    """The bank, by a path that holds wherever Inspect goes: it runs a task in the folder of its file."""
    if isinstance(bank, QuestionBank):
        return bank
    return QuestionBank.starter() if bank is None else QuestionBank.open(Path(bank).expanduser().resolve())


def _output(name: str, result: dict[str, Any]) -> ModelOutput:
    """Answer, whether `max_tokens` cut it, usage over all calls, trace."""
    usage = result["usage"]
    sent, received = usage["prompt_tokens"], usage["completion_tokens"]
    cut = result["selected"]["finish"] == "length"
    output = ModelOutput.from_content(name, result["answer"], "max_tokens" if cut else "stop")
    output.usage = ModelUsage(input_tokens=sent, output_tokens=received, total_tokens=sent + received)
    output.metadata = {"smacs": {key: value for key, value in result.items() if key not in ("answer", "messages")}}
    return output


def _plain(message: ChatMessage) -> dict[str, str]:
    """Role and text; an assistant's thinking is left out. Raises InputError for images and the like."""
    parts = [] if isinstance(message.content, str) else message.content
    other = sorted({part.type for part in parts} - {"text", "reasoning"})
    if other:
        raise InputError(f"A message of the {message.role}: expected text, got {', '.join(other)}.")
    return {"role": message.role, "content": message.text}


@solver
def smacs_solver(
    system: str = "smacs",
    pool: Pool | str | Path = "local",
    bank: QuestionBank | str | Path | None = None,
    task: str = "open",
    dataset: str = "",
    **settings: Any,
) -> Solver:
    """Answer the conversation so far with a system, whatever model the evaluation was given.

    Sets the sample's output, appends it to the messages and puts the trace into the store as `smacs`. Usage counts in
    the log as that of the model `smacs/<system>`. Raises as the model does.
    """
    given = {"pool": pool, "bank": bank, "task": task, "dataset": dataset, **settings}
    model = get_model(f"smacs/{system}", memoize=False, **given)

    async def solve(state: TaskState, generate: Generate) -> TaskState:  # noqa: ARG001
        state.output = await model.generate(state.messages, tools=state.tools)
        state.messages.append(state.output.message)
        state.store.set("smacs", (state.output.metadata or {})["smacs"])
        return state

    return solve
