"""Grader of IFEval, strict per prompt: a response is correct when it follows all instructions of its prompt.

The checks are the benchmark's own (Zhou et al. 2023, arXiv:2311.07911), carried by lm-eval; they run in a worker
process, because they take seconds to import and can hang.
"""

from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import msgspec

from smacs.errors import GradingError
from smacs.store.graders.grader import NO_ANSWER, Grade, Grader
from smacs.store.graders.ifeval_messages import Checks, Instructions, Outcome
from smacs.store.graders.worker import Worker
from smacs.store.records import Question

_PACKAGES = ("lm_eval", "langdetect", "immutabledict", "nltk", "punkt")
_worker = Worker[Checks, Outcome]("smacs.store.graders.ifeval_worker", Outcome)


def _grade(question: Question, response: str) -> Grade:
    if not response.strip():
        return NO_ANSWER
    outcome = _ask(Checks(_label(question.label), question.text, response))
    if outcome is None:
        return Grade(0.0, None, "the checks took too long or too much memory")
    if outcome.problem:
        return Grade(0.0, response, f"the checks failed: {outcome.problem}")
    return Grade(float(not outcome.broken), response, "; ".join(f"does not follow: {name}" for name in outcome.broken))


def _ask(request: Checks) -> Outcome | None:
    if reason := _unavailable():
        raise GradingError(reason)
    return _worker.ask(request)


def _unavailable() -> str | None:
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    return f"IFEval's checks need {', '.join(missing)}: pip install 'smacs[bench]'" if missing else None


def _label(value: Any) -> Instructions:
    return msgspec.convert(value, Instructions)


def _refuses(question: Question) -> str | None:
    try:
        label = _label(question.label)
        encoded = msgspec.json.encode(label)
    except (msgspec.ValidationError, TypeError, RecursionError):
        return ""
    return _problem(encoded) if 0 < len(label.instruction_id_list) == len(label.kwargs) else ""


@lru_cache(maxsize=8192)
def _problem(label: bytes) -> str | None:
    """Why the checks cannot be made; None where they can."""
    outcome = _ask(Checks(msgspec.json.decode(label, type=Instructions), "", ""))
    return "trying it took too long" if outcome is None else outcome.problem or None


IFEVAL = Grader(_grade, _refuses, 'the benchmark\'s {"instruction_id_list": [...], "kwargs": [...]}', _unavailable)
