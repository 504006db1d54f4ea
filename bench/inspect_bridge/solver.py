"""A system as a solver of Inspect, for tasks of your own or from the command line:

inspect eval task.py --solver smacs/smacs_solver -S system=moa -S pool=pool.toml
"""

from pathlib import Path
from typing import Any

from inspect_ai.model import get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver

from smacs.bench.inspect_bridge import model as _  # noqa: F401  registers the models
from smacs.pool.pool import Pool
from smacs.store.bank import QuestionBank


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
