"""What a run leaves in its folder: `run.json`, and one line for each question that a system answered."""

from typing import Any

import msgspec

VERSION = 1


class PoolInfo(msgspec.Struct, frozen=True):
    """The pool of a run: the name of its file, its LLMs in their order, its aggregators."""

    source: str
    llms: list[str]
    aggregators: list[str]


class BankInfo(msgspec.Struct, frozen=True):
    """The bank of a run: the name of its folder, its uid, questions, LLMs, and how many answers are graded."""

    path: str
    uid: str
    questions: int
    llms: list[str]
    cells: int


class BenchmarkInfo(msgspec.Struct, frozen=True):
    """A benchmark of a run: its title and how many of its test questions are asked."""

    title: str
    questions: int


class RunInfo(msgspec.Struct, frozen=True, kw_only=True):
    """`run.json`: what was run. `settings` hold for every system unless its spec overrides them."""

    version: int = VERSION
    created: str
    seed: int
    pool: PoolInfo
    bank: BankInfo
    settings: dict[str, Any]
    prompts: dict[str, str]
    benchmarks: dict[str, BenchmarkInfo]
    systems: list[str]
    smacs: str


class GradedReference(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A reference that arrived, graded; `parsed` says whether an answer was found in it."""

    llm: str
    prior: float
    correct: float = 0.0
    parsed: bool = False
    tokens: int = 0


class GradedCandidate(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A candidate, graded, with the terms of its score (eq. 7)."""

    index: int
    subset: list[str]
    correct: float = 0.0
    parsed: bool = False
    similarity: float | None = None
    perplexity: float | None = None
    score: float | None = None


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """What came of one question, without the reply.

    `correct` lies in [0, 1]; `answer` is what the grader read, None where it could read nothing (counts as wrong).
    `error` says why there is no answer. `seconds` is the latency: the slowest branch of each step of the graph, summed;
    `llm_seconds` sums all calls. A reply that another system had asked for counts as if asked anew.
    """

    question: str
    correct: float
    answer: str | None = None
    error: str = ""
    degraded: list[str] = []
    calls: int = 0
    failed: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    llm_seconds: float = 0.0
    selected: int | None = None
    support: dict[str, float] = {}
    priors: dict[str, float] = {}
    references: list[GradedReference] = []
    candidates: list[GradedCandidate] = []


class Result(Outcome, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """One question answered by one system: a line of its results file. `note` says why the response is wrong."""

    response: str = ""
    note: str = ""
