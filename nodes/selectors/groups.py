"""Questions in named groups (data sets, subjects): what each LLM got right in a group, and the group of a query."""

from dataclasses import dataclass

import numpy as np

from smacs.nodes.selectors.columns import Columns, nearest
from smacs.nodes.selectors.selector import Codes, Floats, Known, Vectors


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """`accuracies` (G, R) of each group; `codes` (N,) the group of every bank question; `matrix` (N, d)."""

    accuracies: Floats
    codes: Codes
    matrix: Vectors

    @classmethod
    def of(cls, known: Known, codes: Codes) -> "Groups":
        """The groups that `codes` (N,) make. An LLM without a cell in a group has its overall mean there."""
        columns = Columns.of(known.correct)
        return cls(columns.by_group(codes, int(codes.max()) + 1, columns.means), codes, known.matrix)

    def scores(self, codes: Codes, vectors: Vectors) -> Floats:
        """(m, R) accuracies in the queries' groups; a group not in the bank is taken from the nearest question."""
        return self.accuracies[self.resolve(codes, vectors)]

    def resolve(self, codes: Codes, vectors: Vectors) -> Codes:
        """The codes (m,) with unknown ones replaced by the group of the nearest bank question."""
        strange = ~np.isin(codes, self.codes)
        resolved = codes.copy()
        resolved[strange] = self.codes[nearest(self.matrix, vectors[strange])]
        return resolved
