"""Assign: one LLM answers alone, whatever the question; nobody stands in for it."""

from typing import Any

from typing_extensions import TypedDict

from smacs.nodes.question import Asked
from smacs.nodes.run import Tools


class Alone(TypedDict):
    """What `assign` reads."""

    asked: Asked


async def assign(state: Alone, tools: Tools) -> dict[str, Any]:  # noqa: ARG001
    """The LLM of the settings, or the one with the best accuracy on the whole bank."""
    view = await tools.bank.load(tools.pool.embedder(tools.bank.embedder))
    accuracies = {name: view.accuracies.get(name, 0.0) for name in tools.pool.llms}
    llm = tools.settings.llm or max(accuracies, key=lambda name: accuracies[name])
    priors = {llm: accuracies[llm]}
    tools.emit({"event": "priors", "priors": priors})
    return {"priors": priors, "samples": {llm: 1}}
