"""Measure the prior of a bank: what `smacs bank rank` does, as a function."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import Literal

import numpy as np

from smacs.bench.prior.bootstrap import DRAWS, LEVEL
from smacs.bench.prior.choose import FOLDS as CHOICE_FOLDS
from smacs.bench.prior.data import Recorded, read
from smacs.bench.prior.plan import Plan
from smacs.bench.prior.report import BASELINE, Choice, Report, Setup
from smacs.bench.prior.rows import rows
from smacs.bench.prior.run import Outcome, measure
from smacs.bench.prior.splits import Draws, Folds, Given, Protocol
from smacs.bench.prior.votes import INNER_FOLDS
from smacs.nodes.shared.tuning import grid, setting_values
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
    rules = plan.rules if data.ballots else {}
    return Report(
        setup=_setup(data, protocol, plan, outcomes, name),
        selectors={name: selector.summary for name, selector in plan.selectors.items()},
        rules={name: rule.summary for name, rule in rules.items()},
        seconds=_seconds(outcomes),
        choices=[*_choices("selector", plan.selectors, outcomes), *_choices("rule", rules, outcomes)],
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
        choice_folds=CHOICE_FOLDS,
        draws=DRAWS,
        level=LEVEL,
    )


def _choices(
    kind: Literal["selector", "rule"], asked: Mapping[str, object], outcomes: Sequence[Outcome]
) -> Iterator[Choice]:
    """What the splits chose, in their order."""
    for name, thing in asked.items():
        made = [(outcome.selectors if kind == "selector" else outcome.rules)[name] for outcome in outcomes]
        for setting, values in grid(thing).items():
            chosen = [setting_values(each)[setting] for each in made]
            yield Choice(kind=kind, name=name, setting=setting, candidates=list(values), splits=chosen)


def _seconds(outcomes: Sequence[Outcome]) -> dict[str, float]:
    return {name: _mean([outcome.seconds[name] for outcome in outcomes]) for name in outcomes[0].seconds}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
