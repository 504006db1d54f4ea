"""Which references arrived, and what is to be said of those that did not."""

from collections.abc import Mapping, Sequence

from smacs.nodes.records import Reference
from smacs.pool.errors import NoAnswerError


def arrived(references: Sequence[Reference]) -> list[Reference]:
    """The references that have a text, in the order given."""
    return [record for record in references if record["error"] is None]


def shortfall(references: Sequence[Reference], samples: Mapping[str, int]) -> list[str]:
    """Who failed and why, and how many are missing of the `samples` (LLM -> how many) that were asked for."""
    reasons = [f"a referencer failed: {record['error']}" for record in references if record["error"] is not None]
    here, wanted = len(arrived(references)), sum(samples.values())
    return reasons if here >= wanted else [*reasons, f"only {here} of {wanted} references arrived"]


def at_least_one(references: Sequence[Reference]) -> list[Reference]:
    """The references that arrived; NoAnswerError lists who failed when there is none."""
    here = arrived(references)
    if not here:
        failures = "\n".join(f"- {record['error']}" for record in references)
        raise NoAnswerError(f"No LLM answered. Expected at least one reference, but every call failed:\n{failures}")
    return here
