"""Determinism: the same question, with the same seed, has the same answer on every machine.

Numbers that are equal but for the last bits of a floating-point sum are equal: the bits depend on the processor, on how
its BLAS adds up, and on where in a matrix a row stands. So whoever ranks by computed numbers compares places, not
numbers. What is drawn at random depends on the seed and on texts alone, not on the order in which calls return.
"""

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

RELATIVE, ABSOLUTE = 1e-9, 1e-12  # far above rounding in float64, far below what says anything

Numbers = npt.NDArray[np.integer[Any] | np.floating[Any]]


def places(values: Numbers) -> npt.NDArray[np.int64]:
    """(..., n) places along the last axis, 0 for the largest; what is equal but for rounding shares a place.

    Infinities and NaN are ranked, too: infinities where they belong, NaN last.
    """
    order = np.argsort(-values, axis=-1, kind="stable")
    falling = np.take_along_axis(values, order, axis=-1)
    with np.errstate(invalid="ignore"):  # inf - inf
        steps = falling[..., :-1] - falling[..., 1:]
    lower = steps > RELATIVE * np.abs(falling[..., 1:]) + ABSOLUTE
    lower |= np.isinf(falling[..., :-1]) ^ np.isinf(falling[..., 1:])
    lower |= np.isnan(falling[..., 1:]) & ~np.isnan(falling[..., :-1])
    place = np.zeros(values.shape, np.int64)
    place[..., 1:] = np.cumsum(lower, axis=-1)
    result = np.empty_like(place)
    np.put_along_axis(result, order, place, axis=-1)
    return result


def first_largest(values: Numbers) -> int:
    """The first position of the largest of (n,) numbers, rounding aside."""
    return int(places(values).argmin())


def all_equal(values: Numbers) -> bool:
    """Whether (n,) numbers are the same, rounding aside."""
    return bool((places(values) == 0).all())


def random_of(seed: int | None, *parts: str) -> np.random.Generator:
    """A random generator that depends on the seed and the given texts alone."""
    return np.random.default_rng(number_of(seed, parts))


def call_seed(seed: int | None, *parts: str) -> int | None:
    """The seed of one LLM call: none where the user gave none, else different for each call of a question."""
    return None if seed is None else number_of(seed, parts) % 2**31


def number_of(seed: int | None, parts: Iterable[str]) -> int:
    """A number that the seed and the texts determine, the same in every process."""
    digest = hashlib.sha256("\x1f".join([str(seed or 0), *parts]).encode()).digest()
    return int.from_bytes(digest[:8], "big")
