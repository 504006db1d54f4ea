"""Grader of IFEval, strict per prompt: a response is correct when it follows all instructions of its prompt.

The checks are the benchmark's own (Zhou et al. 2023, arXiv:2311.07911), carried by lm-eval; they run in a worker
process, because they take seconds to import and can hang.
"""

import random
import tempfile
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from smacs.errors import GradingError
from smacs.store.graders.shared.grader import NO_ANSWER, Grade, Grader
from smacs.store.graders.worker import Worker, serve
from smacs.store.records import Question

_PACKAGES = ("lm_eval", "langdetect", "immutabledict", "nltk", "punkt")


class Instructions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A label: the ids of the prompt's instructions and the arguments of each, as in the benchmark's file."""

    instruction_id_list: list[str]
    kwargs: list[dict[str, Any]]


class CheckRequest(msgspec.Struct):
    """A request: which instructions does the response not follow? An empty response only tries the label."""

    label: Instructions
    prompt: str
    response: str


class CheckResult(msgspec.Struct):
    """The worker's reply: the instructions that were not followed; `problem` when the checks could not be made."""

    broken: list[str]
    problem: str = ""


_worker = Worker[CheckRequest, CheckResult](__name__, CheckResult)


def _grade(question: Question, response: str) -> Grade:
    if not response.strip():
        return NO_ANSWER
    outcome = _ask(CheckRequest(_label(question.label), question.text, response))
    if outcome is None:
        return Grade(0.0, None, "the checks took too long or too much memory")
    if outcome.problem:
        return Grade(0.0, response, f"the checks failed: {outcome.problem}")
    return Grade(float(not outcome.broken), response, "; ".join(f"does not follow: {name}" for name in outcome.broken))


def _ask(request: CheckRequest) -> CheckResult | None:
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
    outcome = _ask(CheckRequest(msgspec.json.decode(label, type=Instructions), "", ""))
    return "trying it took too long" if outcome is None else outcome.problem or None


def work() -> None:
    """Check in the worker process."""
    with tempfile.TemporaryDirectory(prefix="smacs-") as name:
        offer_sentence_model(Path(name))
        official = official_checks()
        serve(CheckRequest, lambda request: check(official, request), memory=8 << 30)


def offer_sentence_model(folder: Path) -> None:
    """Write NLTK's English sentence model where NLTK looks, so that nothing is downloaded."""
    import nltk
    import punkt
    from nltk.tokenize.punkt import PunktParameters, save_punkt_params

    model, parameters = punkt.load_model("english"), PunktParameters()
    parameters.abbrev_types = model.abbrev_types
    parameters.collocations = model.collocations
    parameters.sent_starters = model.sent_starters
    parameters.ortho_context.update(model.ortho_context)
    target = folder / "tokenizers" / "punkt_tab" / "english"
    target.mkdir(parents=True)
    nltk.data.path.insert(0, str(folder))
    save_punkt_params(parameters, dir=str(target))


def official_checks() -> Any:
    """The module with the strict test; langdetect draws by chance unless it is given a seed."""
    import langdetect
    from lm_eval.tasks.ifeval import utils

    langdetect.DetectorFactory.seed = 0
    return utils


def check(official: Any, request: CheckRequest) -> CheckResult:
    """The instructions that the strict test finds broken."""
    label = request.label
    # For a letter that is none, "#" or "!", the check draws one: two prompts of the benchmark.
    random.seed(0)
    example = official.InputExample(0, label.instruction_id_list, request.prompt, label.kwargs)
    try:
        result = official.test_instruction_following_strict(example, request.response)
    except Exception as error:
        return CheckResult([], f"{type(error).__name__}: {error}")
    followed = zip(label.instruction_id_list, result.follow_instruction_list, strict=True)
    return CheckResult([name for name, holds in followed if not holds])


GRADER = Grader(
    "ifeval", _grade, _refuses, 'the benchmark\'s {"instruction_id_list": [...], "kwargs": [...]}', _unavailable
)
