"""Reviews of evalscope, `outputs/<time>/reviews/<model>/<dataset>_<subset>.jsonl`, as version 1 writes them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from smacs.pool.errors import InputError
from smacs.store.imports.evalscope_review import Review, Timing
from smacs.store.imports.format import Format, Options
from smacs.store.imports.frame import Frame, common_frame, split_options
from smacs.store.imports.grades import choose_metric, evaluation, grade_of, mean
from smacs.store.imports.lines import first_keys, read_lines
from smacs.store.imports.question import Refused, make_question
from smacs.store.merge import Found
from smacs.store.records import Evaluation, Question

LOOKS = 'a review of evalscope with "index", "messages", "target" and "sample_score"'
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
    frame = common_frame(_prompts(path, sizes))
    if not sizes:
        raise InputError(f"{path}: no review has a prompt, neither in `messages` nor in `sample_metadata`.")
    waiting: dict[int | str, list[Evaluation]] = {}
    unscored = silent = 0
    refused = Refused()
    for place, review in read_lines(path, Review, LOOKS):
        if not review.prompt:
            silent += 1
            continue
        runs = waiting.setdefault(review.group, [])
        sizes[review.group] -= 1
        if review.sample_score.score.value:
            runs.append(_run(place, review, path, options.metric))
        else:
            unscored += 1
        if not sizes[review.group] and waiting.pop(review.group):
            yield Found(_question(review, frame, dataset, subject, refused), {_llm(review, path, options): mean(runs)})
    if unscored:
        options.note(f"{path.name}: {unscored} reviews have no score: left out")
    refused.tell(path.name, options.note)
    if silent:
        options.note(f"{path.name}: {silent} reviews have no prompt, so that nobody knows the question: left out")


def _prompts(path: Path, sizes: dict[int | str, int]) -> Iterator[str]:
    """The prompts; the number of repeats of each sample goes to `sizes`. Reviews without a prompt are passed over."""
    for _, review in read_lines(path, Review, LOOKS):
        if prompt := review.prompt:
            sizes[review.group] = sizes.get(review.group, 0) + 1
            yield prompt


def _question(review: Review, frame: Frame, dataset: str, subject: str, refused: Refused) -> Question:
    text, choices = split_options(frame.inside(review.prompt))
    targets: Sequence[str] = [review.target] if isinstance(review.target, str) else review.target or []
    return make_question(
        text if choices else review.inner or text,
        options=choices,
        target=targets[0] if len(targets) == 1 else None,
        row=review.metadata,
        dataset=dataset,
        subject=subject,
        refused=refused,
    )


def _run(place: str, review: Review, path: Path, metric: str | None) -> Evaluation:
    score = review.sample_score.score
    names = list(score.value)
    chosen = choose_metric(place, names, [score.main_score_name or names[0]], metric)
    said = next((message for message in reversed(review.messages) if message.role == "assistant"), None)
    timing = (said.perf_metrics if said else None) or Timing()
    return evaluation(
        grade_of(place, chosen, score.value[chosen]),
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
    known = [file.stem for file in reports.glob("*.json") if path.stem.startswith(f"{file.stem}_")]
    dataset = max(known, key=len, default=path.stem)
    return dataset, path.stem[len(dataset) + 1 :]


FORMAT = Format(
    name="evalscope",
    looks=f"reviews/*.jsonl of evalscope: each line {LOOKS}",
    recognises=recognises,
    read=read,
    uses=frozenset({"llm", "metric"}),
)
