"""Parquet files, and what may come out of them at most: a text that is there once can stand in each row."""

import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from smacs.errors import InputError
from smacs.store.create.sources import Source, read_source
from smacs.store.imports import import_
from smacs.store.io.foreign import MB, TooLargeError
from smacs.store.io.parquet import parquet_rows

parquet = pytest.importorskip("pyarrow.parquet", reason="the extra `data` is not installed")
pa = pytest.importorskip("pyarrow")
MANY = 100


def folded(*texts: str, of: list[int | None]) -> Any:
    """A column that has each text once."""
    return pa.DictionaryArray.from_arrays(pa.array(of, pa.int32()), pa.array(texts))


def written(file: Path, **columns: Any) -> Path:
    parquet.write_table(pa.table(columns), file, compression="zstd")
    return file


@pytest.mark.parametrize(
    ("column", "rows"),
    [
        (folded("a", "bc", of=[1, 0, 1]), ["bc", "a", "bc"]),
        (folded("a", "bc", of=[1, None, 0]), ["bc", None, "a"]),
        (pa.DictionaryArray.from_arrays(pa.array([0, None], pa.uint8()), pa.array(["a"])), ["a", None]),
        (pa.array(["é", None, "é"]), ["é", None, "é"]),
        (pa.array([b"\xff", None]), [b"\xff", None]),
        (pa.array(["a", None], pa.string_view()), ["a", None]),
        (pa.array([["a", "b"], [], None, ["b"]]), [["a", "b"], [], None, ["b"]]),
        (pa.array([["a", "b"], None], pa.list_(pa.string(), 2)), [["a", "b"], None]),
        (pa.array([{"x": "a", "y": 1}, None]), [{"x": "a", "y": 1}, None]),
        (pa.array([[("k", "v")], None], pa.map_(pa.string(), pa.string())), [[("k", "v")], None]),
        (pa.array([1.5, None]), [1.5, None]),
        (pa.array([[[1], []]]), [[[1], []]]),
    ],
)
def test_rows_of_every_type(tmp_path: Path, column: Any, rows: list[Any]) -> None:
    file = written(tmp_path / "x.parquet", c=column, number=list(range(len(rows))))
    assert list(parquet_rows(file)) == [{"c": value, "number": i} for i, value in enumerate(rows)]
    assert list(parquet_rows(file, ["c"])) == [{"c": value} for value in rows]


@pytest.mark.parametrize("kind", ["text", "list", "struct", "map"])
def test_a_row_that_unfolds_to_too_much_is_passed_over(tmp_path: Path, kind: str) -> None:
    texts = folded("short", "x" * (2 * MB), of=[0, 1, 0])
    columns = {
        "text": texts,
        "list": pa.ListArray.from_arrays([0, 1, 2, 3], texts),
        "struct": pa.StructArray.from_arrays([texts], ["x"]),
        "map": pa.MapArray.from_arrays([0, 1, 2, 3], pa.array(["a", "b", "c"]), texts.cast(pa.string())),
    }
    found = list(parquet_rows(written(tmp_path / "x.parquet", c=columns[kind]), record_mb=1))
    assert [row is None for row in found] == [False, True, False]


def test_a_bomb_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    file = written(tmp_path / "x.parquet", c=folded("x" * MB, of=[0] * MANY))
    assert file.stat().st_size < 10_000
    tracemalloc.start()
    try:
        assert sum(len(row["c"]) for row in parquet_rows(file, record_mb=2) if row) == MANY * MB
        assert tracemalloc.get_traced_memory()[1] < 8 * MB
    finally:
        tracemalloc.stop()


def test_all_rows_together_are_bounded(tmp_path: Path) -> None:
    file = written(tmp_path / "x.parquet", c=folded("x" * MB, of=[0] * MANY))
    with pytest.raises(TooLargeError, match=r"more than 99 MB\. Raise --max-mb"):
        list(parquet_rows(file, bound_mb=MANY - 1))
    assert len(list(parquet_rows(file, bound_mb=MANY + 1))) == MANY


def test_a_part_of_a_column_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smacs.store.io.parquet.WHOLE", 1)
    parquet.write_table(pa.table({"c": ["x" * (2 * MB)]}), tmp_path / "x.parquet", compression="zstd")
    with pytest.raises(TooLargeError, match="more than 1 MB in one part of a column"):
        list(parquet_rows(tmp_path / "x.parquet", record_mb=1))


@pytest.mark.slow
def test_a_new_bank_takes_no_more_than_fits_in_memory(tmp_path: Path) -> None:
    file = written(tmp_path / "x.parquet", text=["a"] * MANY, more=folded("x" * (32 * MB), of=[0] * MANY))
    with pytest.raises(InputError, match=r"more than 2,048 MB. Cut it into several files"):
        read_source(Source(where=str(file)))


def test_a_recorded_answer_that_is_too_long_costs_itself_alone(tmp_path: Path) -> None:
    ids = [1, 2]
    written(
        tmp_path / "questions.parquet",
        **{"question_id": ids, "question": ["a", "b"], "options": [["x", "y"]] * 2, "answer": ["A", "B"]},
        category=["law"] * 2,
    )
    written(
        tmp_path / "responses.parquet",
        **{"question_id": ids, "model": ["m"] * 2, "answer": ["A"] * 2, "correct": [True, False]},
        response=folded("(A)", "x" * (2 * MB), of=[0, 1]),
    )
    with pytest.raises(InputError, match=r"responses.parquet, row 2 has more than 1 MB. Raise --max-mb"):
        import_([tmp_path], tmp_path / "bank", max_mb=1)
    report = import_([tmp_path], tmp_path / "bank", max_mb=1, skip_invalid=True)
    assert (report.questions_new, report.cells_new) == (2, 1)
