"""`samples_*.jsonl` of lm-evaluation-harness (`lm_eval --log_samples`), read as version 0.4 writes them."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from smacs.pool.errors import InputError
from smacs.store.imports.format import Format, Options
from smacs.store.imports.grades import choose_metric, evaluation
from smacs.store.imports.lines import convert, first_keys, read_lines
from smacs.store.imports.lm_eval_doc import Sample, question_of
from smacs.store.imports.question import letter_of
from smacs.store.imports.reported import lm_eval_results
from smacs.store.merge import Found
from smacs.store.packed import stem
from smacs.store.records import Evaluation

LOOKS = 'a sample of lm-evaluation-harness with "doc_id", "doc", "target", "arguments", "resps", "filtered_resps"'
_METRICS = ("math_verify", "exact_match", "acc", "pass@1", "pass_at_1", "prompt_level_strict_acc")
_FILE = re.compile(r"samples_(?P<task>.+)_(?P<date>\d{4}-\d\d-\d\dT[\d.-]+)")


class _Results(msgspec.Struct):
    model_name: str = ""


def recognises(path: Path) -> bool:
    """Whether the first line is a sample."""
    return {"doc_id", "doc", "target", "resps", "filtered_resps"} <= set(first_keys(path))


def read(path: Path, options: Options) -> Iterator[Found]:
    """A question with one evaluation for each sample, graded after one of the filters."""
    llm = options.llm or _llm(path)
    name = _FILE.fullmatch(stem(path).stem)
    dataset = options.dataset or (name["task"] if name else stem(path).stem)
    metric, _, wanted = (options.metric or "").partition(",")
    filters: dict[str, None] = {}
    chosen = metric
    for place, line in read_lines(path, dict[str, Any], LOOKS, options):
        with options.record():
            sample = convert(place, line, Sample, LOOKS)
            filters[sample.filter] = None
            if sample.filter == (wanted or next(iter(filters))):
                question, letters = question_of(place, sample, options.text, dataset)
                there = sample.metrics or [key for key in line if key not in Sample.__struct_fields__]
                chosen = choose_metric(place, there, _METRICS, metric or None)
                grade = options.grade(place, chosen, line.get(chosen), called=f"{chosen},{sample.filter}")
                yield Found(question, {llm: _cell(sample, grade, letters, path)})
    if wanted and wanted not in filters:
        raise InputError(f"{path}: no sample has the filter {wanted!r}; there are {', '.join(filters)}.")
    if len(filters) > 1 and not wanted:
        taken, *others = filters
        options.note(
            f"{path.name}: graded after the filter {taken}; there is also {', '.join(others)} "
            f"(--metric {chosen},{others[0]})"
        )


def _llm(path: Path) -> str:
    """From the results file of the same run, else from the folder, which lm-eval names owner__model."""
    name = _FILE.fullmatch(stem(path).stem)
    results = path.with_name(f"results_{name['date']}.json") if name else None
    if results and results.is_file():
        try:
            found = msgspec.json.decode(results.read_bytes(), type=_Results).model_name
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InputError(f"{results} is broken: {error}. Mend it, or name the LLM with --llm.") from error
        if found:
            return found
    folder = path.absolute().parent.name
    if "__" in folder:
        return folder.replace("__", "/", 1)
    raise InputError(f"{path}: no results file beside it and no folder says which LLM this is. Name it with --llm.")


def _cell(sample: Sample, grade: float, options: Sequence[str], path: Path) -> Evaluation:
    source = f"lm_eval: {path.name}"
    if options:
        return evaluation(grade, "", source, answer=_likeliest(sample.resps, options))
    response, answer = _first(sample.resps), _first(sample.filtered_resps)
    return evaluation(grade, response, source, answer=None if answer == "[invalid]" else answer)


def _likeliest(replies: Sequence[Any], options: Sequence[str]) -> str | None:
    """The letter of the option with the highest log-likelihood; each reply is [[log-likelihood, is_greedy]]."""
    try:
        scores = [float(_first(reply)) for reply in replies]
    except ValueError:
        return None
    best = options[max(range(len(scores)), key=scores.__getitem__)] if len(scores) == len(options) else ""
    return letter_of(best, options)


def _first(value: Any) -> str:
    """The first text in lists within lists."""
    while isinstance(value, list) and value:
        value = value[0]
    return "" if isinstance(value, list) or value is None else str(value)


FORMAT = Format(
    name="lm_eval",
    looks=f"samples_*.jsonl of lm-evaluation-harness: each line {LOOKS}",
    recognises=recognises,
    read=read,
    reported=lm_eval_results,
    uses=frozenset({"llm", "metric", "scale", "text"}),
)
