"""Reviews of evalscope, `outputs/<time>/reviews/<model>/<dataset>_<subset>.jsonl`, as version 1 writes them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from smacs.store.imports.format import Format, Options
from smacs.store.imports.formats._evalscope_review import Frame, Review, Timing, common_frame, split_options
from smacs.store.imports.lines import first_keys, read_lines
from smacs.store.imports.question import LabelProblems, make_question
from smacs.store.imports.report import Tally, UnscoredError
from smacs.store.imports.reported import evalscope_report
from smacs.store.imports.scores import choose_metric, evaluation, field_text, mean
from smacs.store.io.foreign import stem
from smacs.store.merge import Found
from smacs.store.records import Evaluation, Question

LOOKS = 'a review of evalscope with "index", "messages", "target" and "sample_score"'
_SILENT = "without a prompt"
_NO_SUBJECT = ("default", "main", "test")  # subsets that only say that there is one


def recognises(path: Path) -> bool:
    """Whether the first line is a review."""
    keys = set(first_keys(path))
    return {"index", "sample_score"} <= keys and bool({"messages", "input"} & keys)


def read(path: Path, options: Options) -> Iterator[Found]:
    """A question with one evaluation for each sample: the mean over its repeats. Reads the file twice.

    The prompts are in the log, not the questions: what all of them begin and end with is taken off.
    """
    dataset, subset = _names(path)
    dataset, subject = options.dataset or dataset, "" if subset in _NO_SUBJECT else subset
    sizes: dict[int | str, int] = {}
    frame = common_frame(_prompts(path, sizes, replace(options, left_out=Tally())))
    waiting: dict[int | str, list[Evaluation]] = {}
    refused = LabelProblems()
    for place, review in read_lines(path, Review, LOOKS, options):
        runs = waiting.setdefault(review.group, [])
        sizes[review.group] = sizes.get(review.group, 0) - 1
        with options.record():
            if not review.prompt and options.text is None:
                raise UnscoredError(f"{place}: it has no prompt, neither in `messages` nor in its metadata.", _SILENT)
            runs.append(_run(place, review, path, options))
        if sizes[review.group] <= 0 and waiting.pop(review.group):
            with options.record():
                question = _question(place, review, frame, dataset, subject, options.text, refused)
                yield Found(question, {_llm(review, path, options): mean(runs)})
    refused.tell(path.name, options.note)


def _prompts(path: Path, sizes: dict[int | str, int], options: Options) -> Iterator[str]:
    """The prompts; the number of repeats of each sample goes to `sizes`."""
    for _, review in read_lines(path, Review, LOOKS, options):
        sizes[review.group] = sizes.get(review.group, 0) + 1
        if prompt := review.prompt:
            yield prompt


def _question(
    place: str, review: Review, frame: Frame, dataset: str, subject: str, wanted: str | None, refused: LabelProblems
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
        refused=refused,
    )


def _run(place: str, review: Review, path: Path, options: Options) -> Evaluation:
    """Raises UnscoredError for a review without a score, and InputError."""
    score = review.sample_score.score
    names = list(score.value)
    if not names:
        raise UnscoredError(f"{place}: it has no score.")
    chosen = choose_metric(place, names, [score.main_score_name or names[0]], options.metric)
    said = next((message for message in reversed(review.messages) if message.role == "assistant"), None)
    timing = (said.perf_metrics if said else None) or Timing()
    return evaluation(
        options.grade(place, chosen, score.value[chosen]),
        said.text if said else score.prediction or "",
        f"evalscope: {path.parent.name}/{path.name}",
        reasoning=said.reasoning if said else "",
        answer=score.extracted_prediction,
        tokens=timing.output_tokens or 0,
        seconds=timing.latency or 0.0,
    )


def _llm(review: Review, path: Path, options: Options) -> str:
    """As the endpoint was asked for it; the folder has only the last part of the name."""
    said = [message.model for message in review.messages if message.role == "assistant" and message.model]
    return options.llm or (said[-1] if said else path.absolute().parent.name)


def _names(path: Path) -> tuple[str, str]:
    """Data set and subset: the reports of the same run say where the one ends."""
    folder = path.absolute().parent
    reports = folder.parent.parent / "reports" / folder.name
    name = stem(path).stem
    known = [file.stem for file in reports.glob("*.json") if name.startswith(f"{file.stem}_")]
    dataset = max(known, key=len, default=name)
    return dataset, name[len(dataset) + 1 :]


FORMAT = Format(
    name="evalscope",
    looks=f"reviews/*.jsonl of evalscope: each line {LOOKS}",
    recognises=recognises,
    read=read,
    reported=evalscope_report,
    uses=frozenset({"llm", "metric", "scale", "text"}),
)
