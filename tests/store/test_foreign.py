"""Files as others save them, and what may come out of them at most."""

import bz2
import gzip
import io
import json
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from smacs.errors import InputError
from smacs.store.bank import QuestionBank
from smacs.store.create.sources import Source, read_source
from smacs.store.imports import import_
from smacs.store.io import foreign
from smacs.store.io.foreign import MB, TooLargeError, bounded_lines, unpacked, whole

LINES = b'{"question": "\xc3\x9cber?", "llm": "a", "correct": true}\n{"question": "b", "llm": "a", "correct": 0.5}\n'
TABLE = "question,llm,correct,label,grader\r\nÜber?,a,true,,\r\nb,a,0.5,12,number\r\n".encode()
ARRAY = b"[" + b",\n".join(LINES.splitlines()) + b"]"
BOM = b"\xef\xbb\xbf"


def zstd(data: bytes) -> bytes:
    compressed: bytes = pytest.importorskip("zstandard").compress(data)
    return compressed


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd, lambda data: data])
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.jsonl", LINES),
        ("x.jsonl", BOM + LINES.replace(b"\n", b"\r\n")),
        ("x.jsonl", LINES.decode().encode("utf-16")),
        ("x.jsonl", LINES.decode().encode("utf-16-be")),
        ("x.jsonl", LINES.decode().encode("utf-32")),
        ("x.jsonl", ARRAY),
        ("x.json", json.dumps(json.loads(ARRAY), indent=2).encode()),
        ("x.csv", TABLE),
        ("x.csv", BOM + TABLE.replace(b",", b";")),
        ("x.tsv", TABLE.decode().replace(",", "\t").encode("utf-16")),
    ],
)
def test_one_content_in_many_forms(tmp_path: Path, name: str, data: bytes, pack: Callable[[bytes], bytes]) -> None:
    file = tmp_path / f"{name}.gz"  # the content says how it is compressed
    file.write_bytes(pack(data))
    report = import_([file], tmp_path / "bank")
    opened = QuestionBank.open(tmp_path / "bank")
    assert (report.cells_new, [question.text for question in opened.questions]) == (2, ["Über?", "b"])
    assert opened.correctness(["a"])[:, 0].tolist() == [1.0, 0.5]
    rows = read_source(Source(where=str(file))).rows
    assert [row.values["question"] for row in rows] == ["Über?", "b"]
    assert Source(where=str(file)).name == "x"


@pytest.mark.parametrize("cut", [3, 20, -4])
def test_a_compressed_file_that_is_cut_off(tmp_path: Path, cut: int) -> None:
    (tmp_path / "x.jsonl.gz").write_bytes(gzip.compress(LINES)[:cut])
    with pytest.raises(InputError, match=r"damaged or cut off|of no known kind"):
        import_([tmp_path / "x.jsonl.gz"], tmp_path / "bank")


def test_a_compressed_file_gives_no_more_than_its_bound(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(gzip.compress(b"a" * (3 * MB)))
    with unpacked(tmp_path / "x.gz", bound_mb=3) as file:
        assert len(file.read()) == 3 * MB
    with unpacked(tmp_path / "x.gz", bound_mb=2) as file, pytest.raises(TooLargeError, match="more than 2 MB"):
        file.read()
    (tmp_path / "y").write_bytes(b"a" * (3 * MB))
    with unpacked(tmp_path / "y", bound_mb=2) as file:  # what lies there unpacked is the user's own
        assert len(file.read()) == 3 * MB


def test_a_value_that_is_read_at_once_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "WHOLE", 2)
    (tmp_path / "x.json").write_bytes(b" " * (2 * MB + 1))
    with pytest.raises(TooLargeError, match=r"one value of more than 2 MB.*--max-mb"):
        whole(tmp_path / "x.json", 1)


def test_a_long_line_is_passed_over_and_not_kept() -> None:
    file = io.BytesIO(b"first\n" + b"x" * (2 * MB) + b"\nlast")
    assert list(bounded_lines(file, 1)) == [(1, b"first\n"), (2, None), (3, b"last")]


def test_a_long_record_costs_itself_alone(tmp_path: Path) -> None:
    long = json.dumps({"question": "x" * (2 * MB), "llm": "a", "correct": 1}).encode()
    (tmp_path / "x.jsonl").write_bytes(LINES + long + b"\n")
    with pytest.raises(InputError, match=r"line 3 has more than 1 MB. Raise --max-mb"):
        import_([tmp_path / "x.jsonl"], tmp_path / "bank", max_mb=1)
    assert import_([tmp_path / "x.jsonl"], tmp_path / "bank", max_mb=1, skip_invalid=True).cells_new == 2
    assert import_([tmp_path / "x.jsonl"], tmp_path / "bank").cells_new == 1


@pytest.mark.parametrize("label", ["[" * 100_000 + "]" * 100_000, "[" * 60 + "]" * 60])
def test_deep_values_are_no_labels(tmp_path: Path, label: str) -> None:
    deep = f'{{"question": "c", "llm": "a", "correct": 1, "grader": "number", "label": {label}}}\n'
    (tmp_path / "x.jsonl").write_bytes(LINES + deep.encode())
    report = import_([tmp_path / "x.jsonl"], tmp_path / "bank", skip_invalid=True)
    assert report.cells_new in (2, 3)  # a label that its grader cannot use is not stored
    assert all(question.label in (None, "12") for question in QuestionBank.open(tmp_path / "bank").questions)


def test_samples_that_unpack_to_too_much(tmp_path: Path) -> None:
    log = pytest.importorskip("inspect_ai.log", reason="the extra `inspect` is not installed")
    source = next((Path(__file__).parent / "imports" / "samples" / "inspect").glob("*sums*"))
    content = log.read_eval_log(source)
    content.samples[0].output.choices[0].message.content = "a" * (3 * MB)
    log.write_eval_log(content, tmp_path / "x.eval")
    assert (tmp_path / "x.eval").stat().st_size < 100_000
    with pytest.raises(InputError, match=r"a_epoch_1.json' has more than 2 MB. Raise --max-mb"):
        import_([tmp_path / "x.eval"], tmp_path / "bank", max_mb=2)
    assert import_([tmp_path / "x.eval"], tmp_path / "bank", max_mb=2, skip_invalid=True).cells_new == 1


def test_names_of_members_reach_no_file(tmp_path: Path) -> None:
    pytest.importorskip("inspect_ai", reason="the extra `inspect` is not installed")
    source = next((Path(__file__).parent / "imports" / "samples" / "inspect").glob("*sums*"))
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "x.eval").write_bytes(source.read_bytes())
    with zipfile.ZipFile(tmp_path / "logs" / "x.eval", "a") as log:
        log.writestr("../../out", "x")
        log.writestr("samples/../../out_epoch_1.json", "no sample")
    report = import_([tmp_path / "logs"], tmp_path / "bank", skip_invalid=True)
    assert (report.cells_new, sorted(file.name for file in tmp_path.iterdir())) == (2, ["bank", "logs"])
