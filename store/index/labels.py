"""Names of data sets or subjects as numbers, one for each question."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """One of a few names for each question: `names[codes[i]]`, `codes` int32 (N,)."""

    codes: NDArray[np.int32]
    names: list[str]

    @classmethod
    def of(cls, values: Iterable[str]) -> "Labels":
        """Names in the order in which they first come."""
        numbers: dict[str, int] = {}
        codes = [numbers.setdefault(value, len(numbers)) for value in values]
        return cls(np.array(codes, np.int32), list(numbers))
