"""Remarks: what a run says of itself beside its numbers, each of a kind that programs read and with a text for people.

Those in `degraded` say why an answer is less than it could be, those in `notes` how it was decided where numbers do not
say it. The kinds are these and no others; their texts may change.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, NotRequired

from typing_extensions import TypedDict, Unpack

from smacs.pool.calls.replies import Failure, FailureKind

Kind = Literal[
    "referencer_failed",
    "references_missing",
    "reference_cut",
    "reply_unread",
    "aggregator_failed",
    "no_candidate",
    "no_similarity",
    "no_perplexity",
    "no_support",
    "messages_unread",
    "bank_outdated",
    "bank_changed",
    "llm_unknown",
    "choice_failed",
    "skills_unknown",
    "route",
    "votes",
    "likeness",
    "choice",
    "skills",
    "endpoint",
]

DEGRADED: Mapping[Kind, str] = {
    "referencer_failed": "`llm` was asked for a reference and gave none",
    "references_missing": "fewer references arrived (`data.arrived`) than were asked for (`data.asked`)",
    "reference_cut": "a reference was cut to fit into the context window of `llm`",
    "reply_unread": "a part of what `llm` replied could not be read, or was read in another way than is usual",
    "aggregator_failed": "a call of `llm` for candidates failed (`data.failure` is how)",
    "no_candidate": "there is no candidate: the answer is the reference of `llm`",
    "no_similarity": "candidates or replies were not compared, since the embedder gave no vectors",
    "no_perplexity": "the score has no perplexity term, since log-probabilities are missing",
    "no_support": "the ranking rests on the whole bank: nothing in it is similar, or the embedder is down",
    "messages_unread": "earlier messages hold more than the text that the LLMs were shown",
    "bank_outdated": "the bank is as it was before its last change",
    "bank_changed": "a replay's bank is not the one that the trace was made with",
    "llm_unknown": "`llm` was never evaluated on a support question, its prior is 0",
    "choice_failed": "the first reply counts, since the call of `llm` to choose one failed (`data.failure`)",
    "skills_unknown": "`llm` named no skills of the question (`data.failure`: why not), or they were not compared",
}

NOTES: Mapping[Kind, str] = {
    "route": "the data set (`data.dataset`) by which the LLMs were ranked, and that `llm` is best on it",
    "votes": "how many replies (`data.votes` of `data.replies`) gave the answer (`data.answer`)",
    "likeness": "the reply was chosen of `data.replies`, as the one most like the others",
    "choice": "which of its replies `llm` chose: `data.reply`, the first is 1; null, if it named none",
    "skills": "the skills of the question (`data.skills`), as an aggregator named them",
    "endpoint": "what was learned about the servers of `llm`",
}


class Data(TypedDict, total=False):
    """What programs need of a remark beside its kind; which of it there is follows from the kind."""

    failure: FailureKind
    message: str
    arrived: int
    asked: int
    dataset: str
    votes: int
    replies: int
    answer: str | None
    reply: int | None
    skills: list[str]


class Remark(TypedDict):
    """Its kind, the LLM that it is about (None: no single one), a sentence for people, and `data` if it has any."""

    kind: Kind
    llm: str | None
    text: str
    data: NotRequired[Data]


def remark(kind: Kind, text: str, llm: str | None = None, **data: Unpack[Data]) -> Remark:
    """A remark; `data` is left out where there is none."""
    said: Remark = {"kind": kind, "llm": llm, "text": text}
    return {**said, "data": data} if data else said


def remark_failure(kind: Kind, what: str, failure: Failure) -> Remark:
    """What went wrong, and why: the failed call."""
    text = f"{what}: {failure.kind}: {failure.message}"
    return remark(kind, text, failure.llm, failure=failure.kind, message=failure.message)


def each_once(remarks: Iterable[Remark]) -> list[Remark]:
    """The remarks without repetitions, in order."""
    return list({(said["kind"], said["llm"], said["text"]): said for said in remarks}.values())
