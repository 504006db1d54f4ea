"""One selector with several settings on the same questions: what choosing among them costs most."""

from collections.abc import Sequence
from typing import Protocol, TypeVar, runtime_checkable

from smacs.nodes.selectors.selector import Floats, Known, Queries, Selector

S = TypeVar("S", bound=Selector)
T = TypeVar("T", contravariant=True)


@runtime_checkable
class Sharing(Protocol[T]):
    """A selector that can do together what does not depend on its settings."""

    def scores_of_each(self, others: Sequence[T], known: Known, queries: Queries) -> list[Floats]:
        """What `other.fit(known).scores(queries)` gives for each of the others, which are of its own kind."""
        ...


def scores_of_each(several: Sequence[S], known: Known, queries: Queries) -> list[Floats]:
    """(m, R) scores by each of one selector's settings, fitted on `known`."""
    first = several[0]
    if isinstance(first, Sharing):
        return first.scores_of_each(several, known, queries)
    return [each.fit(known).scores(queries) for each in several]
