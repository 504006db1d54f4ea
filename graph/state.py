"""State of the graph: what comes in, what goes out, and the trace between them.

Plain dicts, lists, strings and floats, so that any checkpointer can store it and any client can read it.
"""

from typing import Annotated, Any

from langchain_core.messages import AnyMessage
from langgraph.channels import EphemeralValue, UntrackedValue
from langgraph.graph.message import add_messages
from pydantic import Field
from typing_extensions import TypedDict

from smacs.nodes.shared.records import Candidate, Reference, Usage, add_usage
from smacs.nodes.shared.remarks import Remark, each_once
from smacs.nodes.shared.run import Run


def by_rank(left: list[Reference], right: list[Reference]) -> list[Reference]:
    """All references in descending order of prior, whatever order they arrived in."""
    return sorted([*left, *right], key=lambda record: record["rank"])


def by_index(left: list[Candidate], right: list[Candidate]) -> list[Candidate]:
    """All candidates in the order of their subsets; a later record of the same candidate replaces the earlier."""
    merged = {candidate["index"]: candidate for candidate in [*left, *right]}
    return [merged[index] for index in sorted(merged)]


def add_remarks(left: list[Remark], right: list[Remark]) -> list[Remark]:
    """All remarks, each once."""
    return each_once([*left, *right])


class InputState(TypedDict, total=False):
    """What SMACS is asked: a question, or a conversation whose last human message is the question."""

    question: Annotated[str, Field(description="The question. Wins over the messages."), EphemeralValue]
    messages: Annotated[
        list[AnyMessage],
        Field(description="A conversation; its last human message is the question, the rest is context."),
        add_messages,
    ]
    task: Annotated[
        str,
        Field(description="Kind of question, chooses the prompt: open (default), math, choice, code, instruction."),
        EphemeralValue,
    ]
    system: Annotated[str, Field(description="A system prompt of your own, put before the task's."), EphemeralValue]
    dataset: Annotated[
        str,
        Field(description="The bank's data set that the question belongs to, if known; only some systems use it."),
        EphemeralValue,
    ]


class OutputState(TypedDict, total=False):
    """What SMACS returns: the answer, and the trace of how it came about."""

    asked: dict[str, Any]
    """The question as it was read: question, task, system, history, dataset."""

    settings: dict[str, Any]
    """The settings that it was answered with."""

    answer: str
    """The answer."""

    messages: Annotated[list[AnyMessage], add_messages]
    """The conversation, the answer appended as an AIMessage."""

    support: dict[str, Any]
    """Bank questions the prior rests on: count, threshold, share by dataset, the ten nearest."""

    priors: dict[str, float]
    """LLM -> prior score (eq. 4), best first."""

    references: Annotated[list[Reference], by_rank]
    """One record for each referencer call, of several samples one for each, failed ones included, in order of prior."""

    subsets: list[list[str]]
    """The n subsets of references, by their LLMs, that each candidate is made from."""

    candidates: Annotated[list[Candidate], by_index]
    """The candidates with similarity, perplexity and score (eq. 7)."""

    selected: dict[str, Any]
    """Which candidate won (None: a reference is the answer), the LLM that wrote it, and why it ended there."""

    notes: Annotated[list[Remark], add_remarks]
    """How it was decided where numbers do not say it: the data set routed by, the votes counted."""

    degraded: Annotated[list[Remark], add_remarks]
    """Why the answer is less than it could be; empty when all went well."""

    usage: Annotated[Usage, add_usage]
    """Calls made, calls failed, prompt and completion tokens over all of them."""


TRACE = tuple(name for name in OutputState.__annotations__ if name != "messages")
"""What a client gets and a replay reads, in this order: all that is returned but the conversation."""


class State(InputState, OutputState, total=False):
    """Everything the nodes share."""

    samples: dict[str, int]
    """Referencer -> how many samples of its reply are asked for, best prior first."""

    run: Annotated[Run, UntrackedValue]
    """Clock and substitutes of this run; never checkpointed."""
