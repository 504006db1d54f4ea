"""Measure the prior of a bank: what `smacs bank rank` does, as a function."""

from collections.abc import Callable, Sequence
from itertools import count

import numpy as np

from smacs.bench.prior.bootstrap import DRAWS, LEVEL
from smacs.bench.prior.data import Recorded, read
from smacs.bench.prior.plan import Plan
from smacs.bench.prior.report import BASELINE, Report, Setup
from smacs.bench.prior.rows import rows
from smacs.bench.prior.run import Outcome, measure
from smacs.bench.prior.splits import Draws, Folds, Given, Protocol
from smacs.bench.prior.votes import INNER_FOLDS
from smacs.store.bank import QuestionBank


def _silent(done: int, total: int) -> None:
    """Nobody looks at the progress."""


async def rank(
    bank: QuestionBank,
    protocol: Folds | Draws | None = None,
    *,
    test: QuestionBank | None = None,
    plan: Plan | None = None,
    on_progress: Callable[[int, int], None] = _silent,
) -> Report:
    """Measure what `plan` names (default: every selector and rule) on splits of `bank`, or on the questions of `test`.

    `protocol` is 5-fold cross-validation by default; with `test` there is none. `on_progress` gets (steps done, steps
    in all). Raises InputError, BankError, EmbedderMismatchError.
    """
    plan = plan or Plan()
    banks = [bank] if test is None else [bank, test]
    data = await read(*banks, with_answers=bool(plan.rules))
    how: Protocol = (protocol or Folds()) if test is None else Given(len(bank.questions))
    return rank_recorded(data, how, plan, on_progress, name=" and ".join(item.path.name for item in banks))


def rank_recorded(
    data: Recorded, protocol: Protocol, plan: Plan, on_progress: Callable[[int, int], None] = _silent, *, name: str = ""
) -> Report:
    """The same from arrays; `name` is what the report calls the bank. Raises InputError."""
    plan = plan.within(len(data.llms))
    splits = protocol.splits(len(data.correct), plan.seed)
    total, steps = len(splits) * len(plan.selectors), count(1)
    outcomes = measure(data, splits, plan, lambda: on_progress(next(steps), total))
    return Report(
        setup=_setup(data, protocol, plan, outcomes, name),
        selectors={name: selector.summary for name, selector in plan.selectors.items()},
        rules={name: rule.summary for name, rule in plan.rules.items()} if data.ballots else {},
        seconds=_seconds(outcomes),
        rows=rows(data, outcomes, plan.seed),
    )


def _setup(data: Recorded, protocol: Protocol, plan: Plan, outcomes: Sequence[Outcome], name: str) -> Setup:
    return Setup(
        bank=name,
        questions=len(data.correct),
        llms=data.llms,
        coverage=float(np.mean(~np.isnan(data.correct))),
        protocol=str(protocol),
        options=f"{protocol.options} --k {plan.k} --calls {plan.calls:g} --seed {plan.seed}"
        + (" --repeats" if plan.repeats else ""),
        splits=len(outcomes),
        bank_size=_mean([len(outcome.split.bank) for outcome in outcomes]),
        test_size=_mean([len(outcome.split.test) for outcome in outcomes]),
        dropped=_mean([outcome.dropped for outcome in outcomes]),
        k=plan.k,
        calls=plan.calls,
        seed=plan.seed,
        baseline=BASELINE,
        inner_folds=INNER_FOLDS,
        draws=DRAWS,
        level=LEVEL,
    )


def _seconds(outcomes: Sequence[Outcome]) -> dict[str, float]:
    return {name: _mean([outcome.seconds[name] for outcome in outcomes]) for name in outcomes[0].seconds}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
