"""A report as it is written to JSON: every number of the page, part by part."""

from typing import Any, Literal

import msgspec

from smacs.bench.run.records import BankInfo, PoolInfo

Group = Literal["system", "llm", "variant"]


class Interval(msgspec.Struct, frozen=True):
    """A figure with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A system less another one, in points, over the `questions` that both answered.

    It was better on `ahead` of them, worse on `behind`. `p` is two-sided: McNemar's exact test, for a mean over
    benchmarks a permutation test; `adjusted` is p after Holm's correction for all systems compared.
    """

    value: float
    low: float
    high: float
    p: float
    questions: int
    ahead: int
    behind: int
    adjusted: float | None = None


class Accuracy(msgspec.Struct, frozen=True, kw_only=True):
    """Accuracy over the `questions` answered of `of`; `difference` is to SMACS, `paper` what the paper reports."""

    questions: int
    of: int
    accuracy: Interval | None
    difference: Difference | None = None
    paper: float | None = None


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """A measured share; `name` says of what, `group` where (a benchmark, or empty)."""

    name: str
    share: Interval | None
    questions: int
    group: str = ""
    spec: str = ""
    difference: Difference | None = None


class System(msgspec.Struct, frozen=True, kw_only=True):
    """A system on every benchmark, on their mean (each counts the same) and on all questions (each counts the same).

    `benchmarks` says how many of them the mean is over. Of its questions, `unparsed` had a reply without an answer that
    could be read, `errors` no reply at all, `degraded` a reply with a reservation; `failed_calls` of `calls` failed.
    """

    spec: str
    title: str
    group: Group
    cells: dict[str, Accuracy]
    mean: Accuracy
    pooled: Accuracy
    benchmarks: int
    unparsed: int
    errors: int
    degraded: int
    calls: int
    failed_calls: int

    def point(self, name: str, benchmark: str = "") -> Point:
        """Its accuracy on a benchmark, or their mean, as a row of a figure."""
        cell = self.cells[benchmark] if benchmark else self.mean
        return Point(name=name, share=cell.accuracy, questions=cell.questions, group=benchmark, spec=self.spec)


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """Means a question: `seconds` until the answer, `llm_seconds` of all calls together."""

    spec: str
    title: str
    group: Group
    questions: int
    accuracy: Interval | None
    calls: Interval
    prompt_tokens: Interval
    completion_tokens: Interval
    tokens: Interval
    seconds: Interval
    llm_seconds: Interval


class Ranking(msgspec.Struct, frozen=True, kw_only=True):
    """Pairwise ranking score of a system's priors, eq. 8; `pairs` of a right and a wrong LLM."""

    system: str
    benchmark: str
    score: Interval | None
    pairs: int
    questions: int
    paper: float | None = None


class Scaling(msgspec.Struct, frozen=True, kw_only=True):
    """Accuracy of SMACS with a pool of `size` LLMs."""

    spec: str
    size: int
    llms: list[str]
    mean: Accuracy
    cells: dict[str, Accuracy]


class Support(msgspec.Struct, frozen=True, kw_only=True):
    """Mean share of a benchmark's support that comes from each data set of the bank."""

    benchmark: str
    questions: int
    shares: dict[str, float]


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """Similarity against perplexity, over the questions with candidates that differ in them.

    `apart` of the `questions` have another best candidate by similarity than by perplexity; the score then sided with
    one of them or neither. Of those apart, who was right; `p` is McNemar's. Spreads: the mean standard deviation of
    each term of eq. 7 within a question.
    """

    questions: int
    apart: int
    followed_similarity: int
    followed_perplexity: int
    followed_neither: int
    only_similarity_right: int
    only_perplexity_right: int
    both_right: int
    both_wrong: int
    p: float
    spread_similarity: float
    spread_perplexity: float


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """How often the first reference is right, how often the answer; `difference` is the answer less the reference."""

    benchmark: str
    first: Interval | None
    answer: Interval | None
    difference: Difference


class Inside(msgspec.Struct, frozen=True, kw_only=True):
    """What happens inside SMACS: `stages` from any LLM right to the answer right; `choices` are other ways to choose
    among the same candidates; `choosable` of the `questions` have right and wrong candidates, `chosen` is the share of
    right choices among them."""

    questions: int
    choosable: int
    chosen: Interval | None
    stages: list[Point]
    choices: list[Point]
    choices_choosable: list[Point]
    kept: list[Point]
    changes: list[Change]
    terms: Terms | None


class QuotedReply(msgspec.Struct, frozen=True, kw_only=True):
    """What a system replied; `cut` characters of it are not shown."""

    spec: str
    title: str
    correct: float
    answer: str | None
    text: str
    cut: int
    error: str


class DisputedQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """A question on which systems differ."""

    benchmark: str
    id: str
    text: str
    label: str
    replies: list[QuotedReply]


class Disagreements(msgspec.Struct, frozen=True, kw_only=True):
    """The questions on which systems differ: how many, and some of them in full."""

    count: int
    questions: int
    shown: list[DisputedQuestion]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A whole report. For a part with too few systems, `missing` says which `--systems` to run."""

    smacs: str
    created: str
    seed: int
    pool: PoolInfo
    bank: BankInfo
    settings: dict[str, Any]
    benchmarks: dict[str, str]
    questions: dict[str, int]
    notes: list[str]
    systems: list[System]
    costs: list[Cost]
    ablation: list[Point]
    ranking: list[Ranking]
    scaling: list[Scaling]
    support: list[Support]
    diversity: list[Point]
    aggregators: list[Point]
    inside: Inside | None
    differing: Disagreements
    missing: dict[str, str]
