"""What a run measures: the selectors and rules that exist, or those that are named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from smacs.bench.prior.report import BASELINE
from smacs.errors import InputError
from smacs.nodes.selectors import Selector, selectors
from smacs.nodes.vote import Rule, vote_rules

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Plan:
    """`k` references vote, or `calls` a question on average where calls stop early; `seed` draws all else.

    `repeats` leaves bank questions in that have the text of a test question.
    """

    selectors: Mapping[str, Selector] = field(default_factory=selectors)
    rules: Mapping[str, Rule] = field(default_factory=vote_rules)
    k: int = 7
    calls: float = 4.0
    seed: int = 0
    repeats: bool = False

    @classmethod
    def of(
        cls,
        selector_names: Sequence[str],
        rule_names: Sequence[str],
        *,
        k: int = 7,
        calls: float = 4.0,
        seed: int = 0,
        repeats: bool = False,
    ) -> "Plan":
        """The named selectors, and Simple Router that they are compared with, and the named rules; no name means all.

        Raises InputError for a name that does not exist.
        """
        wanted = [BASELINE, *selector_names] if selector_names else []
        chosen = _named("--selector", selectors(), wanted)
        return cls(chosen, _named("--rule", vote_rules(), rule_names), k, calls, seed, repeats)

    def within(self, count: int) -> "Plan":
        """The same for a bank of `count` LLMs: where that are fewer than `k`, all of them vote. Raises InputError."""
        if self.k < 1 or self.calls < 1:
            raise InputError(f"--k and --calls: expected at least 1, got {self.k} and {self.calls:g}.")
        k = min(self.k, count)
        return replace(self, k=k, calls=min(self.calls, k))


def _named(option: str, found: Mapping[str, T], names: Sequence[str]) -> Mapping[str, T]:
    for name in names:
        if name not in found:
            raise InputError(f"{option}: expected one of {', '.join(found)}; got {name!r}.")
    return {name: thing for name, thing in found.items() if not names or name in names}
