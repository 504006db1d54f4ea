"""Reviews of evalscope, `outputs/<time>/reviews/<model>/<dataset>_<subset>.jsonl`, as version 1 writes them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from smacs.store.imports.format import Format, ImportOptions, ToolScores
from smacs.store.imports.formats._evalscope_review import Frame, Review, Timing, common_frame, split_options
from smacs.store.imports.lines import first_keys, optional_document, read_lines
from smacs.store.imports.question import LabelProblems, field_text, make_question
from smacs.store.imports.report import Tally, UnscoredError
from smacs.store.imports.scores import choose_metric, evaluation, mean
from smacs.store.io.foreign import stem
from smacs.store.merge import Found
from smacs.store.records import Evaluation, Question

LOOKS = 'a review of evalscope with "index", "messages", "target" and "sample_score"'
_NO_SUBJECT = ("default", "main", "test")  # subsets that only say that there is one


class _Subset(msgspec.Struct):
    name: str
    score: float | None


class _Category(msgspec.Struct):
    subsets: list[_Subset] = []


class _Identity(msgspec.Struct):
    name: str = ""


class _Metric(msgspec.Struct):
    """Up to version 1.3 it is called by its `name`, later by an identity, and sometimes by the name it had."""

    categories: list[_Category] = []
    name: str = ""
    identity: _Identity | None = None
    legacy_name: str | None = None


class _Report(msgspec.Struct):
    metrics: list[_Metric] = []


def recognises(path: Path) -> bool:
    """Whether the first line is a review."""
    keys = set(first_keys(path))
    return {"index", "sample_score"} <= keys and bool({"messages", "input"} & keys)


def read(path: Path, options: ImportOptions) -> Iterator[Found]:
    """A question with one evaluation for each sample: the mean over its repeats. Reads the file twice.

    The prompts are in the log, not the questions: what all of them begin and end with is taken off.
    """
    dataset, subset = _names(path)
    dataset, subject = options.dataset or dataset, "" if subset in _NO_SUBJECT else subset
    sizes: dict[int | str, int] = {}
    frame = common_frame(_prompts(path, sizes, replace(options, omissions=Tally())))
    waiting: dict[int | str, list[Evaluation]] = {}
    problems = LabelProblems()
    for place, review in _reviews(path, options):
        runs = waiting.setdefault(review.group, [])
        sizes[review.group] = sizes.get(review.group, 0) - 1
        with options.record():
            if not review.prompt and options.text is None:
                message = f"{place}: it has no prompt, neither in `messages` nor in its metadata."
                raise UnscoredError(message, "without a prompt")
            runs.append(_evaluation(place, review, path, options))
        if sizes[review.group] <= 0 and waiting.pop(review.group):
            with options.record():
                question = _question(place, review, frame, dataset, subject, options.text, problems)
                yield Found(question, {_llm(review, path, options): mean(runs)})
    problems.note(path.name, options.note)


def _reviews(path: Path, options: ImportOptions) -> Iterator[tuple[str, Review]]:
    return read_lines(path, Review, LOOKS, options)


def _prompts(path: Path, sizes: dict[int | str, int], options: ImportOptions) -> Iterator[str]:
    """The prompts; the number of repeats of each sample goes to `sizes`."""
    for _, review in _reviews(path, options):
        sizes[review.group] = sizes.get(review.group, 0) + 1
        if prompt := review.prompt:
            yield prompt


def _question(
    place: str, review: Review, frame: Frame, dataset: str, subject: str, wanted: str | None, problems: LabelProblems
) -> Question:
    """The question in the prompt, or with `wanted` in fields of the sample's metadata. Raises InputError."""
    text, choices = split_options(frame.inside(review.prompt))
    if wanted is not None:
        text = field_text(place, wanted, {"prompt": review.prompt, **review.metadata})
    elif not choices:
        text = review.inner or text
    targets: Sequence[str] = [review.target] if isinstance(review.target, str) else review.target or []
    return make_question(
        text,
        options=choices,
        target=targets[0] if len(targets) == 1 else None,
        row=review.metadata,
        dataset=dataset,
        subject=subject,
        problems=problems,
    )


def _evaluation(place: str, review: Review, path: Path, options: ImportOptions) -> Evaluation:
    """Raises UnscoredError for a review without a score, and InputError."""
    score = review.sample_score.score
    names = list(score.value)
    if not names:
        raise UnscoredError(f"{place}: it has no score.")
    chosen = choose_metric(place, names, [score.main_score_name or names[0]], options.metric)
    reply = next((message for message in reversed(review.messages) if message.role == "assistant"), None)
    timing = (reply.perf_metrics if reply else None) or Timing()
    return evaluation(
        options.grade(place, chosen, score.value[chosen]),
        reply.text if reply else score.prediction or "",
        f"evalscope: {path.parent.name}/{path.name}",
        reasoning=reply.reasoning if reply else "",
        answer=score.extracted_prediction,
        tokens=timing.output_tokens or 0,
        seconds=timing.latency or 0.0,
    )


def _llm(review: Review, path: Path, options: ImportOptions) -> str:
    """The name that the endpoint was asked for; the folder has only the last part of it."""
    models = [message.model for message in review.messages if message.role == "assistant" and message.model]
    return options.llm or (models[-1] if models else path.absolute().parent.name)


def _names(path: Path) -> tuple[str, str]:
    """Data set and subset: the reports of the same run say where the one ends."""
    name, report = stem(path).stem, _report_file(path)
    dataset = report.stem if report else name
    return dataset, name[len(dataset) + 1 :]


def _report_file(path: Path) -> Path | None:
    """`reports/<model>/<dataset>.json` of the same run; None where there is none for the file's data set."""
    folder, name = path.absolute().parent, stem(path).stem
    reports = folder.parent.parent / "reports" / folder.name
    files = [file for file in reports.glob("*.json") if name.startswith(f"{file.stem}_")]
    return max(files, key=lambda file: len(file.stem), default=None)


def tool_scores(path: Path) -> ToolScores | None:
    """The scores of the file's subset in the report of the same run; None where there are none."""
    file = _report_file(path)
    found = optional_document(file, _Report) if file else None
    if file is None or found is None:
        return None
    _, subset = _names(path)
    return ToolScores(scores=dict(_of_subset(found, subset)), where=f"reports/{file.name}")


def _of_subset(report: _Report, subset: str) -> Iterator[tuple[str, float]]:
    for metric in report.metrics:
        names = [metric.name, metric.legacy_name or "", metric.identity.name if metric.identity else ""]
        parts = [part for category in metric.categories for part in category.subsets if part.name == subset]
        for part in parts[:1]:
            yield from ((alias, part.score) for name in names for alias in _aliases(name) if part.score is not None)


def _aliases(name: str) -> list[str]:
    """A report calls the mean of the score `acc` by that name, or by AverageAccuracy or mean_acc; samples say acc."""
    short = {"accuracy": "acc", "averageaccuracy": "acc"}.get(name.casefold(), name.removeprefix("mean_"))
    return [each for each in dict.fromkeys((name, short)) if each]


FORMAT = Format(
    name="evalscope",
    looks=f"reviews/*.jsonl of evalscope: each line {LOOKS}",
    recognises=recognises,
    read=read,
    tool_scores=tool_scores,
    uses=frozenset({"llm", "metric", "scale", "text"}),
)
