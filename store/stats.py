"""How accurate and how expensive each LLM is on a bank, by data set and subject, and how much of it is evaluated."""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import sqrt
from typing import Literal

import msgspec
import numpy as np

from smacs.store.bank import QuestionBank
from smacs.store.io.jsonl import read_jsonl
from smacs.store.records import Question

Z95 = 1.959963984540054  # 97.5 % quantile of the standard normal distribution
By = Literal["dataset", "subject"]
_Part = tuple[str | None, str | None]  # dataset and subject; (None, None): the whole bank


class StatsRow(msgspec.Struct, frozen=True):
    """One LLM on one dataset or one of its subjects (None: all of them). Accuracies lie in [0, 1].

    `tokens` (generated) and `seconds` are means over the answers of which they are known; None where nothing is.
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
    subject: str | None = None


class Coverage(msgspec.Struct, frozen=True):
    """How much of V (eq. 1) is known: `evaluated` questions by LLM, and how many are `untouched`, asked of no LLM."""

    questions: int
    evaluated: dict[str, int]
    untouched: int

    @property
    def missing(self) -> float:
        """Share of the cells that are missing, 1 where there is no cell at all."""
        cells = self.questions * len(self.evaluated)
        return 1 - sum(self.evaluated.values()) / cells if cells else 1.0


class _Cost(msgspec.Struct):
    """What the statistics need of an evaluation; responses are skipped unread."""

    question: str
    correct: float
    tokens: int = 0
    seconds: float = 0.0


def wilson(share: float, count: int, z: float = Z95) -> tuple[float, float]:
    """Wilson's score interval of a share observed over `count` > 0 trials (Wilson 1927)."""
    centre = share + z * z / (2 * count)
    half = z * sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def bank_stats(bank: QuestionBank, llms: Iterable[str] | None = None, *, by: By = "dataset") -> list[StatsRow]:
    """A row for each LLM (default: all that were evaluated) over the whole bank, then one for each dataset.

    By subject, the rows of a dataset's subjects follow its own.
    """
    parts = {question.id: _parts(question, by) for question in bank.questions}
    sizes = Counter(part for of in parts.values() for part in of)
    first = {part: at for at, part in enumerate(sizes)}
    order = sorted(sizes, key=lambda part: (first[part[0], None], first[part]))
    rows = []
    for llm in bank.llms if llms is None else llms:
        cells: dict[_Part, list[_Cost]] = {part: [] for part in order}
        for cell in _latest(bank, llm, parts):
            for part in parts[cell.question]:
                cells[part].append(cell)
        rows += [_row(llm, part, sizes[part], cells[part]) for part in order]
    return rows


def coverage(bank: QuestionBank, llms: Sequence[str] | None = None) -> Coverage:
    """How much of the bank is evaluated for these LLMs (default: all that have evaluations)."""
    names = bank.llms if llms is None else list(llms)
    known = ~np.isnan(bank.correctness(names))
    counts = dict(zip(names, known.sum(axis=0).tolist(), strict=True))
    return Coverage(len(known), counts, int((~known.any(axis=1)).sum()))


def _parts(question: Question, by: By) -> list[_Part]:
    """The rows that a question counts for."""
    parts: list[_Part] = [(None, None), (question.dataset, None)]
    return [*parts, (question.dataset, question.subject)] if by == "subject" else parts


def _latest(bank: QuestionBank, llm: str, known: Iterable[str]) -> Iterable[_Cost]:
    """The last evaluation of each question of the bank."""
    latest = {cell.question: cell for cell in read_jsonl(bank.evaluation_file(llm), _Cost)}
    return [latest[identity] for identity in known if identity in latest]


def _row(llm: str, part: _Part, size: int, cells: Sequence[_Cost]) -> StatsRow:
    dataset, subject = part
    if not cells:
        return StatsRow(llm, dataset, size, 0, subject=subject)
    accuracy = sum(cell.correct for cell in cells) / len(cells)
    low, high = wilson(accuracy, len(cells))
    tokens, seconds = _mean([cell.tokens for cell in cells]), _mean([cell.seconds for cell in cells])
    return StatsRow(llm, dataset, size, len(cells), accuracy, low, high, tokens, seconds, subject)


def _mean(values: Sequence[float]) -> float | None:
    """Recorded grades come without tokens and seconds: they say nothing about the cost."""
    known = [value for value in values if value]
    return sum(known) / len(known) if known else None
