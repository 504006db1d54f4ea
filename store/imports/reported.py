"""What lm-evaluation-harness and evalscope themselves have reported for a file of samples, in files beside it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from smacs.errors import InputError
from smacs.store.imports.format import ToolScores
from smacs.store.io.foreign import decode, stem, whole

T = TypeVar("T")
_SAMPLES = re.compile(r"samples_(?P<task>.+)_(?P<date>\d{4}-\d\d-\d\dT[\d.:-]+)")


class _Results(msgspec.Struct):
    results: dict[str, dict[str, Any]] = {}


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


def lm_eval_results(path: Path) -> ToolScores | None:
    """The scores of the file's task in `results_<date>.json`, called SCORE,FILTER; None where there are none."""
    name = _SAMPLES.fullmatch(stem(path).stem)
    file = path.with_name(f"results_{name['date']}.json") if name else None
    found = _read(file, _Results) if file else None
    if name is None or file is None or found is None:
        return None
    numbers = {key: value for key, value in found.results.get(name["task"], {}).items() if _is_number(value)}
    return ToolScores(scores=numbers, where=file.name)


def evalscope_report(path: Path) -> ToolScores | None:
    """The scores of the file's subset in `reports/<model>/<dataset>.json`; None where there are none."""
    folder = path.absolute().parent
    name = stem(path).stem
    reports = folder.parent.parent / "reports" / folder.name
    files = [file for file in reports.glob("*.json") if name.startswith(f"{file.stem}_")]
    file = max(files, key=lambda file: len(file.stem), default=None)
    found = _read(file, _Report) if file else None
    if file is None or found is None:
        return None
    return ToolScores(scores=dict(_of_subset(found, name[len(file.stem) + 1 :])), where=f"reports/{file.name}")


def _of_subset(report: _Report, subset: str) -> Iterator[tuple[str, float]]:
    for metric in report.metrics:
        names = [metric.name, metric.legacy_name or "", metric.identity.name if metric.identity else ""]
        parts = [part for category in metric.categories for part in category.subsets if part.name == subset]
        for part in parts[:1]:
            yield from ((name, part.score) for called in names for name in _called(called) if part.score is not None)


def _called(name: str) -> list[str]:
    """A report calls the mean of the score `acc` by that name, or by AverageAccuracy or mean_acc; samples say acc."""
    short = {"accuracy": "acc", "averageaccuracy": "acc"}.get(name.casefold(), name.removeprefix("mean_"))
    return [each for each in dict.fromkeys((name, short)) if each]


def _read(file: Path, kind: type[T]) -> T | None:
    """None for a file that is not there, or another one than expected: a report is no part of the import."""
    try:
        return decode(whole(file), kind) if file.is_file() else None
    except (InputError, msgspec.DecodeError, ValueError, RecursionError):
        return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value
