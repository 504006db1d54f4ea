"""`.eval` logs of Inspect, through its own reader: the layout inside has changed more than once."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, ZipFile

from smacs.pool.errors import InputError
from smacs.store.imports.format import Format, Options
from smacs.store.imports.grades import choose_metric, evaluation, grade_of, mean
from smacs.store.imports.question import make_question
from smacs.store.merge import Found
from smacs.store.records import Evaluation, Question

if TYPE_CHECKING:
    from inspect_ai.log import EvalSample, EvalSpec

WORDS = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}  # correct, incorrect, partial, no answer
_SINGLE = "smacs/llm:"  # under Inspect an LLM of a pool is a model of this name
_UNREAD = {"events", "store"}


def recognises(path: Path) -> bool:
    """Whether it is a zip file with the parts of a log."""
    try:
        with ZipFile(path) as log:
            return bool({"header.json", "_journal/start.json"} & set(log.namelist()))
    except (OSError, BadZipFile):
        return False


def read(path: Path, options: Options) -> Iterator[Found]:
    """A question with one evaluation for each sample, the mean over its epochs; unscored samples are left out."""
    header, samples = _log(path)
    epochs, llm = header.config.epochs or 1, options.llm or header.model.removeprefix(_SINGLE)
    waiting: dict[int | str, tuple[Question, list[Evaluation]]] = {}
    unscored = 0
    for sample in samples:
        place = f"{path}, sample {sample.id!r}, epoch {sample.epoch}"
        question, runs = waiting.setdefault(sample.id, (_question(place, sample, header, options), []))
        if sample.error or not sample.scores:
            unscored += 1
            continue
        runs.append(_run(place, sample, header, path, options.metric))
        if len(runs) == epochs:
            del waiting[sample.id]
            yield Found(question, {llm: mean(runs)})
    for question, runs in waiting.values():
        if runs:
            yield Found(question, {llm: mean(runs)})
    if unscored:
        options.note(f"{path.name}: {unscored} samples have no score (errors, or a run that was stopped): left out")


def _log(path: Path) -> "tuple[EvalSpec, Iterator[EvalSample]]":
    try:
        from inspect_ai.log import read_eval_log, read_eval_log_samples
    except ImportError as error:
        raise InputError(f"{path}: Inspect logs need a package more: pip install 'smacs[inspect]'") from error
    try:
        header = read_eval_log(path, header_only=True).eval
    except Exception as error:  # whatever its reader stumbles over
        raise _broken(path, error) from error

    def samples() -> "Iterator[EvalSample]":
        try:
            yield from read_eval_log_samples(
                path, all_samples_required=False, resolve_attachments="core", exclude_fields=_UNREAD
            )
        except Exception as error:
            raise _broken(path, error) from error

    return header, samples()


def _broken(path: Path, error: Exception) -> InputError:
    return InputError(f"{path} is no whole log of Inspect: {type(error).__name__} {error}")


def _question(place: str, sample: "EvalSample", header: "EvalSpec", options: Options) -> Question:
    if isinstance(sample.input, str):
        text = sample.input
    else:
        said = [message.text for message in sample.input if message.role == "user"]
        text = said[-1] if said else ""
    if not text.strip():
        raise InputError(f"{place}: expected an input with a text of the user.")
    target = sample.target if isinstance(sample.target, str) else sample.target[0] if len(sample.target) == 1 else None
    metadata = sample.metadata or {}
    subject = next((metadata[key] for key in ("subject", "category") if isinstance(metadata.get(key), str)), "")
    dataset = options.dataset or header.task.rpartition("/")[2]
    return make_question(text, options=sample.choices or (), target=target, dataset=dataset, subject=subject)


def _run(place: str, sample: "EvalSample", header: "EvalSpec", path: Path, metric: str | None) -> Evaluation:
    scores = sample.scores or {}
    values = {key: value for name, score in scores.items() for key, value in _values(name, score.value)}
    chosen = choose_metric(place, list(values), list(values)[:1] if len(scores) == len(values) else (), metric)
    usage = (sample.model_usage or {}).get(header.model)
    return evaluation(
        grade_of(place, chosen, values[chosen], WORDS),
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


FORMAT = Format(
    name="inspect",
    looks="an .eval log of Inspect (a zip file with header.json)",
    recognises=recognises,
    read=read,
    uses=frozenset({"llm", "metric"}),
)
