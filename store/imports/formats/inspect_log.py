"""Inspect's logs in both of their forms, `.eval` and `.json`, whose samples are read with Inspect's own types.

The layout inside has changed more than once. Events, stores and messages, most of a log, are skipped undecoded.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from smacs.errors import InputError
from smacs.store.imports.format import Format, ImportOptions, ToolScores
from smacs.store.imports.formats._inspect_archive import Fields, fields_of, is_zip_log, json_log, zip_log
from smacs.store.imports.lines import top_keys
from smacs.store.imports.question import LabelProblems, field_text, make_question
from smacs.store.imports.report import UnscoredError, UnusableError
from smacs.store.imports.scores import choose_metric, evaluation, mean
from smacs.store.io.foreign import MB, RECORD, decode
from smacs.store.merge import Found
from smacs.store.records import Evaluation, Question

if TYPE_CHECKING:
    from inspect_ai.log import EvalResults, EvalSample, EvalSpec
    from inspect_ai.model import ChatMessage

WORDS = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}  # correct, incorrect, partial, no answer
_SINGLE = "smacs/llm:"  # under Inspect an LLM of a pool is a model of this name
_READ = (
    *("id", "epoch", "input", "choices", "target", "metadata", "scores", "score", "output", "model_usage"),
    *("total_time", "working_time", "completed_at", "error", "invalidation"),
)
_RESOLVED = ("input", "output")  # long texts in them are kept apart, once for all that repeat them
_ATTACHMENT = re.compile(rb'"(?:attachment|tc)://(\w+)"')
_MEANS = ("accuracy", "mean")  # the metrics that are the mean grade


def recognises(path: Path) -> bool:
    """Whether it is a zip file with the parts of a log, or an object with those of one."""
    return is_zip_log(path) or {"version", "status", "eval"} <= set(top_keys(path))


def read(path: Path, options: ImportOptions) -> Iterator[Found]:
    """A question with one evaluation for each sample, the mean over its epochs; unscored samples are left out."""
    fields, samples = _log(path, options.max_mb)
    header = _header(path, fields)
    llm = options.llm or header.model.removeprefix(_SINGLE)
    epochs = header.config.epochs or 1
    scorer = _Scorer(options)
    waiting: dict[int | str, tuple[Question, list[Evaluation]]] = {}
    problems = LabelProblems()
    count = 0
    for where, data in samples:
        count += 1
        with options.record():
            sample = _sample(where, data, options.max_mb)
            place = f"{path}, sample {sample.id!r}, epoch {sample.epoch}"
            run = _evaluation(place, sample, header, path, scorer)
            if sample.id not in waiting:
                waiting[sample.id] = (_question(place, sample, header, options, problems), [])
            question, runs = waiting[sample.id]
            runs.append(run)
            if len(runs) == epochs:
                del waiting[sample.id]
                yield Found(question, {llm: mean(runs)})
    yield from (Found(question, {llm: mean(runs)}) for question, runs in waiting.values())
    problems.note(path.name, options.note)
    if not count:
        raise InputError(
            f"{path} has no samples: it was written without them (log_samples), or the run ended before the first."
        )
    if (status := _status(fields)) != "success":
        options.note(f"{path.name}: the run ended with status {status!r}: the samples that it had scored are imported")


def _log(path: Path, max_mb: int) -> tuple[Fields, Iterator[tuple[str, bytes | None]]]:
    try:
        import inspect_ai.log  # noqa: F401 - said here, not at the first sample
    except ImportError as error:
        raise InputError(f"{path}: Inspect logs need another package: pip install 'smacs[inspect]'") from error
    if is_zip_log(path) or path.suffix == ".eval":
        return zip_log(path, max_mb)
    return json_log(path, max_mb)


def _header(path: Path, fields: Fields) -> "EvalSpec":
    from inspect_ai.log import EvalSpec

    try:
        return EvalSpec.model_validate(decode(bytes(fields["eval"]), dict[str, Any]))
    except Exception as error:  # whatever its types stumble over
        raise InputError(f"{path} is no whole log of Inspect: {type(error).__name__} {_first_lines(error)}") from error


def _status(fields: Fields) -> str:
    """How the run ended; a log without a status is of one that was killed."""
    try:
        return decode(bytes(fields["status"]), str) if "status" in fields else "started"
    except msgspec.DecodeError:
        return "unknown"


def _sample(where: str, data: bytes | None, max_mb: int) -> "EvalSample":
    """Raises UnusableError, and UnscoredError for one that nobody has graded."""
    from inspect_ai.log import EvalSample

    if data is None:
        raise UnusableError(f"{where} has more than {max_mb} MB. Raise --max-mb to read it.", "too long")
    fields = fields_of(where, data)
    apart = _attachments(fields)
    try:
        known = {name: bytes(fields[name]) for name in _READ if name in fields}
        resolved = known | {name: _resolved(where, known[name], apart, max_mb) for name in _RESOLVED if name in known}
        values = {name: decode(value, object) for name, value in resolved.items()}
        sample = EvalSample.model_validate(_with_nan(values))
    except UnusableError:
        raise
    except Exception as error:  # whatever its types stumble over
        message = f"{where} is no sample of Inspect: {type(error).__name__} {_first_lines(error)}"
        raise UnusableError(message, "of another form") from error
    if sample.error or not sample.scores:
        raise UnscoredError(f"{where} has no score: {sample.error.message if sample.error else 'it was not graded'}.")
    if sample.invalidation is not None:
        raise UnscoredError(f"{where} was declared invalid.")
    return sample


def _with_nan(sample: dict[str, Any]) -> dict[str, Any]:
    """A score that a scorer could not give is NaN, null or not there; its types want a number."""
    for score in (sample.get("scores") or {}).values():
        if isinstance(score, dict) and score.get("value") is None:
            score["value"] = float("nan")
    return sample


def _attachments(fields: Fields) -> Mapping[str, msgspec.Raw]:
    """Texts that are kept apart; old logs have them in `transcript`."""
    if "attachments" in fields:
        return fields_of("attachments", bytes(fields["attachments"]))
    if "transcript" in fields:
        transcript = fields_of("transcript", bytes(fields["transcript"]))
        return fields_of("content", bytes(transcript["content"])) if "content" in transcript else {}
    return {}


def _resolved(where: str, data: bytes, apart: Mapping[str, msgspec.Raw], max_mb: int) -> bytes:
    """JSON with the texts put in that are kept apart; a short text that repeats a long one is bounded too."""
    names = [match[1].decode() for match in _ATTACHMENT.finditer(data)]
    if len(data) + sum(len(bytes(apart[name])) for name in names if name in apart) > max_mb * MB:
        raise UnusableError(f"{where} has more than {max_mb} MB with its attachments.", "too long")
    return _ATTACHMENT.sub(lambda match: bytes(apart.get(match[1].decode(), msgspec.Raw(match[0]))), data)


def _first_lines(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _question(
    place: str, sample: "EvalSample", header: "EvalSpec", options: ImportOptions, problems: LabelProblems
) -> Question:
    text = sample.input if isinstance(sample.input, str) else _last_of_user(sample.input)
    target = sample.target if isinstance(sample.target, str) else sample.target[0] if len(sample.target) == 1 else None
    metadata = sample.metadata or {}
    if options.text is not None:
        text = field_text(place, options.text, {"input": text, "choices": sample.choices, **metadata})
    if not text.strip():
        raise UnusableError(f"{place}: expected an input with a text of the user.", "without a question")
    subject = next((metadata[key] for key in ("subject", "category") if isinstance(metadata.get(key), str)), "")
    dataset = options.dataset or header.task.rpartition("/")[2]
    return make_question(
        text,
        options=sample.choices or (),
        target=target,
        row=metadata,
        dataset=dataset,
        subject=subject,
        problems=problems,
    )


def _last_of_user(messages: "Sequence[ChatMessage]") -> str:
    """What the user said last; "" where the user said nothing."""
    return next((message.text for message in reversed(messages) if message.role == "user"), "")


class _Scorer:
    """The score that is the grade: the user's, else the first one of the first sample, for all samples alike."""

    def __init__(self, options: ImportOptions) -> None:
        self.options = options
        self.default: str | None = None

    def __call__(self, place: str, sample: "EvalSample") -> tuple[str, float]:
        """Its name, and the grade. Raises UnscoredError for a sample without it, UnusableError, InputError."""
        scores = sample.scores or {}
        values = {key: value for name, score in scores.items() for key, value in _values(name, score.value)}
        wanted = self.options.metric
        if wanted is None and self.default is not None and self.default not in values:
            raise UnscoredError(f"{place}: it has no score {self.default!r}; it has {', '.join(values)}.")
        preferred = [self.default] if self.default else list(values)[:1] if len(scores) == len(values) else []
        chosen = choose_metric(place, list(values), preferred, wanted)
        self.default = chosen
        return chosen, self.options.grade(place, chosen, values[chosen], WORDS)


def _evaluation(place: str, sample: "EvalSample", header: "EvalSpec", path: Path, scorer: _Scorer) -> Evaluation:
    chosen, grade = scorer(place, sample)
    scores = sample.scores or {}
    usage = (sample.model_usage or {}).get(header.model)
    return evaluation(
        grade,
        sample.output.completion,
        f"inspect: {path.name}",
        reasoning=_reasoning(sample),
        answer=scores[chosen if chosen in scores else chosen.partition(".")[0]].answer or None,
        tokens=usage.output_tokens if usage else 0,
        seconds=sample.working_time or sample.total_time or 0.0,
        when=str(sample.completed_at or ""),
    )


def _values(name: str, value: Any) -> list[tuple[str, Any]]:
    """The scores of one scorer; those that come as a table are called scorer.key."""
    if isinstance(value, Mapping):
        return [(f"{name}.{key}", part) for key, part in value.items()]
    return [(name, value)]


def _reasoning(sample: "EvalSample") -> str:
    content = sample.output.message.content if sample.output.choices else ""
    parts = [] if isinstance(content, str) else content
    return "\n".join(part.reasoning for part in parts if part.type == "reasoning")


def tool_scores(path: Path) -> ToolScores | None:
    """The mean grades in the log's own results, by the names that `_values` gives to scores."""
    from inspect_ai.log import EvalResults

    fields, _ = _log(path, RECORD)
    try:
        results = EvalResults.model_validate(decode(bytes(fields["results"]), dict[str, Any]))
    except Exception:  # a log without results, or with others than its types know: nothing is reported
        return None
    return ToolScores(scores=dict(_means(results)), where="the log's results")


def _means(results: "EvalResults") -> Iterator[tuple[str, float]]:
    for score in results.scores:
        value = next((score.metrics[name].value for name in _MEANS if name in score.metrics), None)
        if value is not None and score.reducer in (None, "mean"):
            yield score.name, float(value)
            yield f"{score.scorer}.{score.name}", float(value)


FORMAT = Format(
    name="inspect",
    looks="a log of Inspect: an .eval file (a zip file with header.json), or a .json file with version, status, eval",
    recognises=recognises,
    read=read,
    tool_scores=tool_scores,
    suffix=".eval",
    uses=frozenset({"llm", "metric", "scale", "text"}),
)
