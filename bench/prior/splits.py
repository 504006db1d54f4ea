"""Which questions the selectors are fitted on (the bank part) and which they are tested on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smacs.errors import InputError

Rows = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Rows of the bank part and of the test part; no row is in both."""

    bank: Rows
    test: Rows


@dataclass(frozen=True, slots=True)
class Folds:
    """Cross-validation: every question is tested once, by what was fitted on the other folds."""

    count: int = 5

    def __str__(self) -> str:
        return f"{self.count}-fold cross-validation"

    @property
    def options(self) -> str:
        """What to type after `smacs bank rank`."""
        return f"--folds {self.count}"

    def splits(self, total: int, seed: int) -> list[Split]:
        """One split a fold of `total` questions, in an order drawn by `seed`. Raises InputError."""
        if not 2 <= self.count <= total:
            raise InputError(f"--folds: expected 2 to {total} (the bank's questions), got {self.count}.")
        parts = np.array_split(np.random.default_rng(seed).permutation(total), self.count)
        return [Split(np.concatenate(parts[:i] + parts[i + 1 :]), part) for i, part in enumerate(parts)]


@dataclass(frozen=True, slots=True)
class Draws:
    """Random splits into `bank_size` questions and, of the rest, `test_size`; what is left over is not used."""

    count: int
    bank_size: int
    test_size: int

    def __str__(self) -> str:
        return f"{self.count} random splits, {self.bank_size:,} bank and {self.test_size:,} test questions"

    @property
    def options(self) -> str:
        """What to type after `smacs bank rank`."""
        return f"--splits {self.count} --bank-size {self.bank_size} --test-size {self.test_size}"

    def splits(self, total: int, seed: int) -> list[Split]:
        """The splits of `total` questions, drawn by the seeds `seed`, `seed + 1`, ... Raises InputError."""
        if min(self.count, self.bank_size, self.test_size) < 1 or self.bank_size + self.test_size > total:
            raise InputError(
                "--splits: expected at least 1 split, with at least 1 question in each part and at most the bank's "
                f"{total} in both; got {self.count} of {self.bank_size} + {self.test_size}."
            )
        orders = [np.random.default_rng(seed + i).permutation(total) for i in range(self.count)]
        end = self.bank_size + self.test_size
        return [Split(order[: self.bank_size], order[self.bank_size : end]) for order in orders]


@dataclass(frozen=True, slots=True)
class Holdout:
    """The first `bank_size` questions are the bank, the others the test set."""

    bank_size: int

    def __str__(self) -> str:
        return "a test set of its own"

    @property
    def options(self) -> str:
        """What to type after `smacs bank rank`."""
        return "--test TEST"

    def splits(self, total: int, seed: int) -> list[Split]:  # noqa: ARG002
        """The one split there is."""
        return [Split(np.arange(self.bank_size), np.arange(self.bank_size, total))]


Protocol = Folds | Draws | Holdout


def by_text(same: Codes, count: int, most: int, seed: int) -> list[Split]:
    """Folds of the questions 0 to N - 1, those with the same code in `same` (N,) in one; together they test `most`.

    At most as many folds as there are codes, and none where all questions have the same one.
    """
    random = np.random.default_rng(seed)
    texts, codes = np.unique(same, return_inverse=True)
    count = min(count, len(texts))
    fold = (random.permutation(len(texts)) % max(count, 1))[codes]
    asked = np.zeros(len(same), bool)
    asked[random.permutation(len(same))[:most]] = True
    parts = [(np.flatnonzero(fold != i), np.flatnonzero((fold == i) & asked)) for i in range(count)]
    return [Split(bank, test) for bank, test in parts if len(bank) and len(test)]


def without_twins(split: Split, same: Codes) -> Split:
    """The split without the bank questions whose text is also in the test part: they would give the answer away.

    `same` (N,): questions with the same text have the same code.
    """
    return Split(split.bank[~np.isin(same[split.bank], same[split.test])], split.test)
