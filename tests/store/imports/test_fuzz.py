"""Mutated logs: an import of one either says what is wrong with it, or makes a bank that opens and is sound."""

import bz2
import gzip
import json
import random
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from smacs.errors import SmacsError
from smacs.store.bank import QuestionBank
from smacs.store.imports import import_
from smacs.store.verify import verify

SAMPLES = Path(__file__).parent / "samples"
WORDS = [
    b"NaN",
    b"null",
    b"-1",
    b"1e999",
    b"[]",
    b"{}",
    b'""',
    b"true",
    b'"\\ud800"',
    b"\xff",
    b"\x00",
    b"\n",
    b"'",
    b"[",
]
TABLE = b'question,llm,correct,label,grader\nWhat is 7 + 5?,a,1,12,number\n"Two\nlines",a,0.5,,\nWhy?,b,true,,\n'


def logs(folder: Path) -> list[Path]:
    """A copy of each sample, and what they are as JSON, tables, arrays and compressed files."""
    shutil.copytree(SAMPLES, folder)
    plain = (folder / "plain" / "answers.jsonl").read_bytes()
    made = {
        "table.csv": TABLE,
        "array.json": b"[" + b",".join(plain.splitlines()) + b"]",
        "packed.jsonl.gz": gzip.compress(plain),
        "packed.csv.bz2": bz2.compress(TABLE),
        "utf16.jsonl": plain.decode().encode("utf-16"),
    }
    for name, content in made.items():
        (folder / "plain" / name).write_bytes(content)
    inspect = pytest.importorskip("inspect_ai.log", reason="the extra `inspect` is not installed")
    for file in sorted((folder / "inspect").glob("*.eval")):
        inspect.write_eval_log(inspect.read_eval_log(file), file.with_suffix(".json"), format="json")
    return sorted(f for f in folder.rglob("*") if f.is_file() and f.suffix != ".md" and "results_" not in f.name)


def mutated(content: bytes, rng: random.Random) -> bytes:
    """One to four changes: bytes flipped, cut, doubled or swapped, values of JSON replaced."""
    for _ in range(rng.randint(1, 4)):
        at, size = rng.randrange(len(content) or 1), rng.randint(1, 40)
        change = rng.randrange(6)
        if change == 0:
            content = content[:at] + bytes([rng.randrange(256)]) + content[at + 1 :]
        elif change == 1:
            content = content[:at] + content[at + size :]
        elif change == 2:
            content = content[:at]
        elif change == 3:
            content = content[:at] + content[at : at + size] * 3 + content[at + size :]
        elif change == 4:
            content = content[:at] + rng.choice(WORDS) + content[at + size :]
        else:
            content = _with_another_value(content, rng)
    return content


def _with_another_value(content: bytes, rng: random.Random) -> bytes:
    """One value somewhere in one of the lines of JSON becomes another one."""
    lines = content.split(b"\n")
    number = rng.randrange(len(lines))
    try:
        value = json.loads(lines[number])
    except ValueError:
        return content
    at = value
    while isinstance(at, dict | list) and at:
        key = rng.choice(list(at)) if isinstance(at, dict) else rng.randrange(len(at))
        if not isinstance(at[key], dict | list) or not at[key] or rng.random() < 0.3:
            at[key] = rng.choice([None, -1, 7, 0.5, "", "x", [], {}, [[1]], {"a": [None]}, 10**30, True, float("nan")])
            break
        at = at[key]
    lines[number] = json.dumps(value).encode()
    return b"\n".join(lines)


def mutated_zip(file: Path, rng: random.Random) -> None:
    """One of the members of a zip file is mutated, and not the bytes around them."""
    with zipfile.ZipFile(file) as log:
        names = log.namelist()
        chosen = rng.choice([name for name in names if name.endswith(".json")])
        parts = {name: log.read(name) for name in names}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as log:
        for name, content in parts.items():
            log.writestr(name, mutated(content, rng) if name == chosen else content)


def rounds(folder: Path, count: int) -> Iterator[tuple[int, Path, random.Random]]:
    originals = {file: file.read_bytes() for file in logs(folder)}
    for number in range(count):
        rng = random.Random(number)
        file = rng.choice(list(originals))
        if file.suffix == ".eval" and rng.random() < 0.7:
            mutated_zip(file, rng)
        else:
            file.write_bytes(mutated(originals[file], rng))
        yield number, file, rng
        file.write_bytes(originals[file])


@pytest.mark.parametrize(
    "total", [pytest.param(200, marks=pytest.mark.slow), pytest.param(2_000, marks=pytest.mark.soak)]
)
def test_mutated_logs(tmp_path: Path, total: int) -> None:
    made = 0
    for number, file, rng in rounds(tmp_path / "logs", total):
        bank = tmp_path / f"bank{number}"
        try:
            import_([file], bank, skip_invalid=rng.random() < 0.5)
        except SmacsError as error:
            assert str(error)
            assert not bank.exists()
            continue
        made += 1
        opened = QuestionBank.open(bank)
        assert opened.correctness(opened.llms).shape == (len(opened.questions), len(opened.llms))
        assert [problem for problem in verify(bank) if not problem.harmless] == [], f"seed {number}: {file}"
        shutil.rmtree(bank)
    assert 0.2 * total < made < total  # some are refused, and many can still be used
