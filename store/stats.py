"""How good each LLM is on a bank: accuracy with a confidence interval, coverage and cost, whole and by dataset."""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import sqrt

import msgspec

from smacs.store.bank import QuestionBank
from smacs.store.records import Evaluation

Z95 = 1.959963984540054  # 97.5 % quantile of the standard normal distribution


class Row(msgspec.Struct, frozen=True):
    """One LLM on one dataset (None: the whole bank). Accuracies lie in [0, 1]; None where nothing was evaluated.

    `tokens` (generated) and `seconds` are means over the evaluated questions.
    """

    llm: str
    dataset: str | None
    questions: int
    evaluated: int
    accuracy: float | None = None
    low: float | None = None
    high: float | None = None
    tokens: float | None = None
    seconds: float | None = None


def wilson(share: float, count: int, z: float = Z95) -> tuple[float, float]:
    """Wilson's score interval of a share observed over `count` > 0 trials (Wilson 1927)."""
    centre = share + z * z / (2 * count)
    half = z * sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def bank_stats(bank: QuestionBank, llms: Iterable[str] | None = None) -> list[Row]:
    """A row for each LLM (default: all that were evaluated) over the whole bank, then one for each dataset."""
    dataset_of = {question.id: question.dataset for question in bank.questions}
    sizes: dict[str | None, int] = {None: len(dataset_of)}
    sizes |= Counter(dataset_of.values())
    rows = []
    for llm in bank.llms if llms is None else llms:
        items = bank.evaluations(llm)
        for dataset, size in sizes.items():
            rows.append(_row(llm, dataset, size, [e for e in items if dataset in (None, dataset_of[e.question])]))
    return rows


def _row(llm: str, dataset: str | None, size: int, items: Sequence[Evaluation]) -> Row:
    count = len(items)
    if count == 0:
        return Row(llm, dataset, size, 0)
    accuracy = sum(item.correct for item in items) / count
    low, high = wilson(accuracy, count)
    tokens = sum(item.tokens for item in items) / count
    seconds = sum(item.seconds for item in items) / count
    return Row(llm, dataset, size, count, accuracy, low, high, tokens, seconds)
