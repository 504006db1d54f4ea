"""What the grader of IFEval and its worker process say to each other."""

from typing import Any

import msgspec


class Instructions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A label: the ids of the prompt's instructions and the arguments of each, as in the benchmark's file."""

    instruction_id_list: list[str]
    kwargs: list[dict[str, Any]]


class Checks(msgspec.Struct):
    """A request: which instructions does the response not follow? An empty response only tries the label."""

    label: Instructions
    prompt: str
    response: str


class Outcome(msgspec.Struct):
    """The worker's reply: the instructions that were not followed; `problem` when the checks could not be made."""

    broken: list[str]
    problem: str = ""
