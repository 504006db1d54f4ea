"""The folder of a run: where its files are, what `run.json` says of it, and whether a run may go on in it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import numpy as np

from smacs import __version__
from smacs.bench.benchmarks import find_benchmark
from smacs.bench.run.records import VERSION, BankInfo, BenchmarkInfo, PoolInfo, RunInfo
from smacs.errors import InputError
from smacs.pool.pool import Pool
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.io.files import writing
from smacs.store.io.jsonl import encode_lines, read_jsonl
from smacs.store.records import Question

_FIXED = ("seed", "pool", "bank", "settings", "prompts")  # what a run that goes on must have in common with before


def results_file(folder: Path, spec: str, benchmark: str) -> Path:
    """Where the results of a system on a benchmark are."""
    return folder / "results" / quote(spec, safe="") / f"{benchmark}.jsonl"


def replies_folder(folder: Path) -> Path:
    """Where the replies of all LLMs are."""
    return folder / "replies"


def read_info(folder: Path) -> RunInfo:
    """What was run. Raises InputError where there is no run, or one of another version."""
    file = folder / "run.json"
    try:
        info = msgspec.json.decode(file.read_bytes(), type=RunInfo)
    except OSError as error:
        raise InputError(f"{folder} holds no run: {file} cannot be read ({error.strerror}).") from error
    except msgspec.DecodeError as error:
        raise InputError(f"{file} is no run's description: {error}.") from error
    if info.version != VERSION:
        raise InputError(f"{file}: expected version {VERSION}, got {info.version}.")
    return info


def read_questions(folder: Path, benchmark: str) -> list[Question]:
    """The questions that are asked of a benchmark."""
    return list(read_jsonl(folder / "questions" / f"{benchmark}.jsonl", Question))


def describe(
    systems: Sequence[str],
    questions: Mapping[str, Sequence[Question]],
    pool: Pool,
    bank: QuestionBank,
    prompts: Prompts,
    settings: dict[str, Any],
    *,
    seed: int,
) -> RunInfo:
    """What `run.json` says of a run that is about to start; files are named without their folders."""
    return RunInfo(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        seed=seed,
        pool=PoolInfo(Path(pool.source).name, list(pool.llms), list(pool.file.aggregators)),
        bank=_bank(bank),
        settings={name: value for name, value in {**pool.settings, **settings}.items() if name != "seed"},
        prompts={task: prompts.id(task) for task in prompts.tasks},
        benchmarks={name: BenchmarkInfo(find_benchmark(name).title, len(some)) for name, some in questions.items()},
        systems=list(systems),
        smacs=__version__,
    )


def _bank(bank: QuestionBank) -> BankInfo:
    cells = int(np.sum(~np.isnan(bank.correctness(bank.llms))))
    return BankInfo(bank.path.name, bank.manifest.uid, len(bank.questions), bank.llms, cells)


def start(folder: Path, info: RunInfo, questions: Mapping[str, Sequence[Question]]) -> RunInfo:
    """Write the run down, or go on with the one that is there: its systems and benchmarks stay.

    Raises InputError where the run that is there had another seed, pool, bank, settings or prompts.
    """
    if (folder / "run.json").exists():
        before = read_info(folder)
        _same(folder, before, info)
        systems = [*before.systems, *(name for name in info.systems if name not in before.systems)]
        benchmarks = {**before.benchmarks, **info.benchmarks}
        info = msgspec.structs.replace(info, created=before.created, systems=systems, benchmarks=benchmarks)
    for name, chosen in questions.items():
        _replace(folder / "questions" / f"{name}.jsonl", encode_lines(chosen))
    _replace(folder / "run.json", msgspec.json.format(msgspec.json.encode(info), indent=1) + b"\n")
    return info


def _same(folder: Path, before: RunInfo, now: RunInfo) -> None:
    for name in _FIXED:
        old, new = _nameless(getattr(before, name)), _nameless(getattr(now, name))
        if old != new:
            raise InputError(
                f"{folder} holds a run with another {name}: {_short(old)}; this one has {_short(new)}. "
                "Name another folder, or run with the same."
            )


def _nameless(value: object) -> object:
    """Without the file or folder that it was read from: that may be another one."""
    if isinstance(value, PoolInfo):
        return msgspec.structs.replace(value, source="")
    return msgspec.structs.replace(value, path="") if isinstance(value, BankInfo) else value


def _short(value: object) -> str:
    return msgspec.json.encode(value).decode()[:200]


def _replace(file: Path, content: bytes) -> None:
    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_suffix(".new")
        new.write_bytes(content)
        new.replace(file)
