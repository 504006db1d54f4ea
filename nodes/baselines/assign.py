"""Assign: one LLM answers alone, whatever the question; nobody stands in for it."""

from typing import Any

import numpy as np
from typing_extensions import TypedDict

from smacs.nodes.shared.embed import load_bank
from smacs.nodes.shared.question import Asked
from smacs.nodes.shared.run import Run, Tools
from smacs.nodes.shared.ties import first_largest


class Alone(TypedDict):
    """What `assign` reads."""

    asked: Asked
    run: Run | None


async def assign(state: Alone, tools: Tools) -> dict[str, Any]:
    """The LLM of the settings, or the one with the best accuracy on the whole bank."""
    view, _ = await load_bank(tools, state.get("run"))
    accuracies = {name: view.accuracies.get(name, 0.0) for name in tools.pool.llms}
    llm = tools.settings.llm or list(accuracies)[first_largest(np.array(list(accuracies.values())))]
    priors = {llm: accuracies[llm]}
    tools.emit({"event": "priors", "priors": priors})
    return {"priors": priors, "samples": {llm: 1}}
