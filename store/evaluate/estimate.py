"""What an evaluation would cost, before anything is asked."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from smacs.pool.calls.llm import LLM
from smacs.pool.calls.window import estimate_prompt
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.evaluate.grading import Grading
from smacs.store.evaluate.selection import EVERYTHING, Missing, Selection, missing_cells
from smacs.store.io.jsonl import read_jsonl


class Estimate(msgspec.Struct, frozen=True):
    """What one LLM would be asked: `missing` of `total` questions; `without_grader` cannot be asked.

    `prompt_tokens` errs on the high side. `completion_tokens` and `seconds` follow from the answers it gave so far
    (None where there are none), `most_tokens` from its `max_tokens` (None without one).
    """

    llm: str
    total: int
    done: int
    missing: int
    without_grader: int
    prompt_tokens: int
    completion_tokens: int | None
    most_tokens: int | None
    seconds: float | None


def estimate(
    bank: QuestionBank,
    llms: Sequence[LLM],
    prompts: Prompts,
    *,
    sampling: Mapping[str, Any] | None = None,
    selection: Selection = EVERYTHING,
) -> list[Estimate]:
    """An `Estimate` for each LLM; the arguments are those of `evaluate`. Raises BankError, InputError."""

    @cache
    def prompt_tokens(row: int) -> int:
        question = bank.questions[row]
        return estimate_prompt(prompts.messages(question.task, question.text))

    rows = selection.rows(bank)
    found = []
    for llm in llms:
        missing = missing_cells(bank, llm.name, rows)
        prompt = sum(prompt_tokens(row) for row in missing.rows.tolist())
        most = Grading.of(llm.spec, prompts, sampling).sampling.get("max_tokens")
        found.append(_estimate(missing, prompt, most, llm.spec.in_flight))
    return found


def _estimate(missing: Missing, prompt_tokens: int, max_tokens: int | None, in_flight: int) -> Estimate:
    summary, count = missing.summary, len(missing.rows)
    tokens, seconds = _means(missing.bank, missing.llm)
    return Estimate(
        llm=missing.llm,
        total=summary.total,
        done=summary.done,
        missing=count,
        without_grader=summary.without_grader,
        prompt_tokens=prompt_tokens,
        completion_tokens=None if tokens is None else round(tokens * count),
        most_tokens=None if max_tokens is None else max_tokens * count,
        seconds=None if seconds is None else seconds * count / min(in_flight, count or 1),
    )


class _Cost(msgspec.Struct):
    tokens: int = 0
    seconds: float = 0.0


def _means(bank: QuestionBank, llm: str) -> tuple[float | None, float | None]:
    """Tokens and seconds of a call so far; cells that came from elsewhere may lack either."""
    tokens = seconds = 0.0
    counted = timed = 0
    for cost in read_jsonl(bank.evaluation_file(llm), _Cost):
        counted, tokens = counted + (cost.tokens > 0), tokens + cost.tokens
        timed, seconds = timed + (cost.seconds > 0), seconds + cost.seconds
    return tokens / counted if counted else None, seconds / timed if timed else None
