"""Assign: one LLM answers alone, whatever the question; nobody stands in for it."""

from typing import Any

from typing_extensions import TypedDict

from smacs.nodes.embed import load_bank
from smacs.nodes.question import Asked
from smacs.nodes.run import Run, Tools


class Alone(TypedDict):
    """What `assign` reads."""

    asked: Asked
    run: Run | None


async def assign(state: Alone, tools: Tools) -> dict[str, Any]:
    """The LLM of the settings, or the one with the best accuracy on the whole bank."""
    view, _ = await load_bank(tools, state.get("run"))
    accuracies = {name: view.accuracies.get(name, 0.0) for name in tools.pool.llms}
    llm = tools.settings.llm or max(accuracies, key=lambda name: accuracies[name])
    priors = {llm: accuracies[llm]}
    tools.emit({"event": "priors", "priors": priors})
    return {"priors": priors, "samples": {llm: 1}}
