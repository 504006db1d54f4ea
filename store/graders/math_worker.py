"""The worker process of the grader of mathematics: comparisons in, verdicts out."""

from typing import Any

from math_verify import parse, verify

from smacs.store.graders.math_messages import Comparison, Verdict
from smacs.store.graders.worker import serve


def compare(request: Comparison) -> Verdict:
    """Equivalence of the label and the first candidate that math-verify can read."""
    try:
        return _compare(request)
    except Exception:
        return Verdict(parsed=bool(request.candidates))


def _compare(request: Comparison) -> Verdict:
    label = _parse(f"${request.label.strip('$ ')}$")
    if not label:
        return Verdict(parsed=False)
    for candidate in request.candidates:
        if found := _parse(candidate):
            correct = verify(label, found, timeout_seconds=None)
            return Verdict(parsed=True, correct=correct, answer=str(found[-1]))
    return Verdict(parsed=True)


def _parse(text: str) -> list[Any]:
    return list(parse(text, parsing_timeout=None))


if __name__ == "__main__":
    serve(Comparison, compare, memory=2 << 30)
