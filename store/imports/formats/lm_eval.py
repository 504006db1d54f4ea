"""`samples_*.jsonl` of lm-evaluation-harness (`lm_eval --log_samples`), read as version 0.4 writes them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from smacs.errors import InputError
from smacs.store.imports.format import Format, ImportOptions, ToolScores
from smacs.store.imports.formats._lm_eval_sample import Sample, SampleQuestion, first_text, read_sample
from smacs.store.imports.lines import convert, first_keys, optional_document, read_lines
from smacs.store.imports.question import LabelProblems
from smacs.store.imports.report import UnusableError
from smacs.store.imports.scores import choose_metric, evaluation
from smacs.store.io.foreign import stem
from smacs.store.merge import Found
from smacs.store.records import Evaluation

LOOKS = 'a sample of lm-evaluation-harness with "doc_id", "doc", "target", "arguments", "resps", "filtered_resps"'
_METRICS = (
    *("math_verify", "exact_match", "acc", "pass@1", "pass_at_1", "prompt_level_strict_acc"),
    *("em", "exact", "acc_norm", "acc_bytes", "score", "f1"),
)
# These describe the text or the run, not the answer.
_NO_GRADE = re.compile(r"perplexity|per_byte|brier|percent_|likelihood|entropy")
_FILE = re.compile(r"samples_(?P<task>.+)_(?P<date>\d{4}-\d\d-\d\dT[\d.:-]+)")


class _Model(msgspec.Struct):
    """The part of a results file that names the LLM."""

    model_name: str = ""


class _Results(msgspec.Struct):
    """The part of a results file that has the scores, by task."""

    results: dict[str, dict[str, Any]] = {}


def recognises(path: Path) -> bool:
    """Whether the first line is a sample."""
    return {"doc_id", "doc", "target", "resps", "filtered_resps"} <= set(first_keys(path))


def read(path: Path, options: ImportOptions) -> Iterator[Found]:
    """A question with one evaluation for each sample, graded after one of the filters."""
    llm = options.llm or _llm(path)
    name = _FILE.fullmatch(stem(path).stem)
    dataset = options.dataset or (name["task"] if name else stem(path).stem)
    metric, _, wanted = (options.metric or "").partition(",")
    filters: dict[str, None] = {}
    chosen, lost, problems = metric, 0, LabelProblems()
    for place, line in read_lines(path, dict[str, Any], LOOKS, options):
        with options.record():
            sample = convert(place, line, Sample, LOOKS)
            filters[sample.filter] = None
            if sample.filter == (wanted or next(iter(filters))):
                item = read_sample(place, sample, options.text, dataset, problems)
                lost += item.without_options
                there = sample.metrics or [key for key in line if key not in Sample.__struct_fields__]
                chosen = _choose(place, there, line, metric or None)
                grade = options.grade(place, chosen, line.get(chosen), alias=f"{chosen},{sample.filter}")
                yield Found(item.question, {llm: _evaluation(sample, item, grade, path, chosen)})
    problems.note(path.name, options.note)
    if lost:
        options.note(
            f"{path.name}: {lost} questions were answered by letter and their options are nowhere in the file: without "
            "options and label. Where a field has them, say --text '{question}\\n{field}'"
        )
    _check_filters(path, list(filters), wanted, chosen, options)


def _check_filters(path: Path, filters: Sequence[str], wanted: str, metric: str, options: ImportOptions) -> None:
    """Note the filters that were not taken. Raises InputError where the wanted one is not there."""
    if wanted and wanted not in filters:
        raise InputError(f"{path}: no sample has the filter {wanted!r}; there are {', '.join(filters)}.")
    if len(filters) > 1 and not wanted:
        taken, *others = filters
        options.note(
            f"{path.name}: graded after the filter {taken}; there is also {', '.join(others)} "
            f"(--metric {metric},{others[0]})"
        )


def _llm(path: Path) -> str:
    """From the results file of the same run, else from the folder, which lm-eval names owner__model."""
    results = _results_file(path)
    if results and results.is_file():
        try:
            found = msgspec.json.decode(results.read_bytes(), type=_Model).model_name
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InputError(f"{results} is broken: {error}. Mend it, or name the LLM with --llm.") from error
        if found:
            return found
    folder = path.absolute().parent.name
    if "__" in folder:
        return folder.replace("__", "/", 1)
    raise InputError(f"{path}: no results file beside it and no folder says which LLM this is. Name it with --llm.")


def _results_file(path: Path) -> Path | None:
    """Where the results of the same run are; None where the name of the samples has no date."""
    name = _FILE.fullmatch(stem(path).stem)
    return path.with_name(f"results_{name['date']}.json") if name else None


def _choose(place: str, there: Sequence[str], line: Mapping[str, Any], wanted: str | None) -> str:
    """The score that is the grade. Raises InputError where no sample has one of its own."""
    graded = [name for name in there if not isinstance(line.get(name), list | dict)]
    if there and (not graded or (wanted in there and wanted not in graded)):
        raise UnusableError(
            f"{place}: {wanted or ', '.join(there)}: lm-evaluation-harness computes this over the whole set, and the "
            "samples hold no grade of their own. "
            f"{'Choose another score with --metric.' if graded else 'Leave this file out.'}",
            "without a grade of their own",
        )
    likely = [name for name in graded if name == wanted or not _NO_GRADE.search(name)]
    return choose_metric(place, likely or graded, _METRICS, wanted)


def _evaluation(sample: Sample, item: SampleQuestion, grade: float, path: Path, metric: str) -> Evaluation:
    """A log-likelihood is no reply: the likeliest of several continuations is one, a single one is none."""
    source, requests = f"lm_eval: {path.name}", item.requests
    if not requests.continuations:
        answer = first_text(sample.filtered_resps)
        return evaluation(grade, first_text(sample.resps), source, answer=None if answer == "[invalid]" else answer)
    several = len(requests.continuations) > 1
    best = requests.likeliest(sample.resps, by_length=metric == "acc_norm") if several else None
    if best is None:
        return evaluation(grade, "", source)
    continuation = requests.continuations[best]
    letter = item.letters[best] if item.letters else continuation
    return evaluation(grade, continuation if requests.choosing else letter, source, answer=letter)


def tool_scores(path: Path) -> ToolScores | None:
    """The scores of the file's task in `results_<date>.json`, called SCORE,FILTER; None where there are none."""
    name, file = _FILE.fullmatch(stem(path).stem), _results_file(path)
    found = optional_document(file, _Results) if file else None
    if name is None or file is None or found is None:
        return None
    numbers = {key: value for key, value in found.results.get(name["task"], {}).items() if _is_number(value)}
    return ToolScores(scores=numbers, where=file.name)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


FORMAT = Format(
    name="lm_eval",
    looks=f"samples_*.jsonl of lm-evaluation-harness: each line {LOOKS}",
    recognises=recognises,
    read=read,
    tool_scores=tool_scores,
    uses=frozenset({"llm", "metric", "scale", "text"}),
)
