"""The worker process of `math_client`: comparisons on standard input, verdicts on standard output."""

import logging
import resource
import sys
from typing import Any

import msgspec
from math_verify import parse, verify

from smacs.store.graders.math_client import Comparison, Verdict

MEMORY = 2 << 30


def compare(request: Comparison) -> Verdict:
    """Equivalence of the label and the first candidate that math-verify can read."""
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


def main() -> None:
    """Answer one line at a time until the input ends."""
    logging.disable(logging.CRITICAL)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for line in sys.stdin.buffer:
        request = msgspec.json.decode(line, type=Comparison)
        try:
            verdict = compare(request)
        except Exception:
            verdict = Verdict(parsed=bool(request.candidates))
        sys.stdout.buffer.write(msgspec.json.encode(verdict) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
