"""Measure the prior of a bank: what `smacs bank rank` does, as a function."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import Literal

import numpy as np

from smacs.bench.prior.data import Recorded, read
from smacs.bench.prior.measurement import Scope, SplitResult, measure
from smacs.bench.prior.metrics import DRAWS, LEVEL
from smacs.bench.prior.pooling import rows
from smacs.bench.prior.report import BASELINE, Report, Setup, TunedSetting
from smacs.bench.prior.splits import Draws, Folds, Holdout, Protocol
from smacs.bench.prior.tuning import FOLDS as CHOICE_FOLDS
from smacs.bench.prior.votes import INNER_FOLDS
from smacs.nodes.shared.tuning import grid, setting_values
from smacs.store.bank import QuestionBank


def _silent(_done: int, _total: int) -> None:
    pass


async def rank(
    bank: QuestionBank,
    protocol: Folds | Draws | None = None,
    *,
    test: QuestionBank | None = None,
    scope: Scope | None = None,
    on_progress: Callable[[int, int], None] = _silent,
) -> Report:
    """Measure what `scope` names (default: every selector and rule) on splits of `bank`, or on the questions of `test`.

    `protocol` is 5-fold cross-validation by default; with `test` there is none. `on_progress` gets (steps done, steps
    in all). Raises InputError, BankError, EmbedderMismatchError.
    """
    scope = scope or Scope()
    banks = [bank] if test is None else [bank, test]
    data = await read(*banks, with_answers=bool(scope.rules))
    how: Protocol = (protocol or Folds()) if test is None else Holdout(len(bank.questions))
    return rank_recorded(data, how, scope, on_progress, name=" and ".join(item.path.name for item in banks))


def rank_recorded(
    data: Recorded,
    protocol: Protocol,
    scope: Scope,
    on_progress: Callable[[int, int], None] = _silent,
    *,
    name: str = "",
) -> Report:
    """The same from arrays; `name` is what the report calls the bank. Raises InputError."""
    scope = scope.within(len(data.llms))
    splits = protocol.splits(len(data.correct), scope.seed)
    total, steps = len(splits) * len(scope.selectors), count(1)
    results = measure(data, splits, scope, lambda: on_progress(next(steps), total))
    rules = scope.rules if data.ballots else {}
    return Report(
        setup=_setup(data, protocol, scope, results, name),
        selectors={name: selector.summary for name, selector in scope.selectors.items()},
        rules={name: rule.summary for name, rule in rules.items()},
        seconds=_seconds(results),
        choices=[*_choices("selector", scope.selectors, results), *_choices("rule", rules, results)],
        rows=rows(data, results, scope.seed),
    )


def _setup(data: Recorded, protocol: Protocol, scope: Scope, results: Sequence[SplitResult], name: str) -> Setup:
    return Setup(
        bank=name,
        questions=len(data.correct),
        llms=data.llms,
        coverage=float(np.mean(~np.isnan(data.correct))),
        protocol=str(protocol),
        options=f"{protocol.options} --k {scope.k} --calls {scope.calls:g} --seed {scope.seed}"
        + (" --repeats" if scope.repeats else ""),
        splits=len(results),
        bank_size=_mean([len(result.split.bank) for result in results]),
        test_size=_mean([len(result.split.test) for result in results]),
        dropped=_mean([result.dropped for result in results]),
        k=scope.k,
        calls=scope.calls,
        seed=scope.seed,
        baseline=BASELINE,
        inner_folds=INNER_FOLDS,
        choice_folds=CHOICE_FOLDS,
        draws=DRAWS,
        level=LEVEL,
    )


def _choices(
    kind: Literal["selector", "rule"], asked: Mapping[str, object], results: Sequence[SplitResult]
) -> Iterator[TunedSetting]:
    """What the splits chose, in their order."""
    for name, thing in asked.items():
        made = [(result.selectors if kind == "selector" else result.rules)[name] for result in results]
        for setting, values in grid(thing).items():
            chosen = [setting_values(each)[setting] for each in made]
            yield TunedSetting(kind=kind, name=name, setting=setting, candidates=list(values), splits=chosen)


def _seconds(results: Sequence[SplitResult]) -> dict[str, float]:
    return {name: _mean([result.seconds[name] for result in results]) for name in results[0].seconds}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
