"""Reading sources: every format, and what is said about files that are broken."""

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smacs.errors import InputError
from smacs.store.create.sources import Row, Source, read_file, read_source, split_name


def rows_of(path: Path) -> list[Row]:
    return read_source(Source(where=str(path))).rows


def test_csv_with_bom_quotes_newlines_and_semicolons(tmp_path: Path) -> None:
    file = tmp_path / "q.csv"
    text = 'question;answer\r\n"He said ""two"";\r\nwhat is it?";2\r\n"Line\u2028separator";3\r\n\r\nplain;4\r\n'
    file.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert rows_of(file) == [
        Row(2, {"question": 'He said "two";\r\nwhat is it?', "answer": "2"}),
        Row(4, {"question": "Line\u2028separator", "answer": "3"}),
        Row(6, {"question": "plain", "answer": "4"}),
    ]


@given(st.lists(st.tuples(st.text(min_size=1), st.text()), min_size=1))
def test_csv_that_python_writes_comes_back(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str]]
) -> None:
    cells = [(a.replace("\0", ""), b.replace("\0", "")) for a, b in cells]
    file = tmp_path_factory.mktemp("csv") / "q.csv"
    try:
        with file.open("w", newline="", encoding="utf-8") as out:
            csv.writer(out).writerows([("question", "answer"), *cells])
    except UnicodeEncodeError:  # a lone surrogate is no text that a file can hold
        return
    assert [(row.values["question"], row.values["answer"]) for row in rows_of(file)] == cells


def test_tsv_and_a_cell_of_a_megabyte(tmp_path: Path) -> None:
    file = tmp_path / "q.tsv"
    file.write_text(f"question\tanswer\n{'x' * 1_000_000}\t1\n")
    assert len(rows_of(file)[0].values["question"]) == 1_000_000


def test_a_row_with_too_few_cells_is_a_problem_of_that_row(tmp_path: Path) -> None:
    file = tmp_path / "q.csv"
    file.write_text("question,answer\nonly one\ntwo,2\n")
    assert [row.problem for row in rows_of(file)] == ["expected 2 cells as in the header, got 1", ""]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("q.csv", b'question,answer\na,1\n"never closed,2\n', "record that begins on line 3 is broken"),
        ("q.csv", b"question,question\na,1\n", "'question' comes twice"),
        ("q.csv", b"question,,answer\na,b,1\n", "a column has no name"),
        ("q.csv", "question\nä".encode("latin-1"), r"not UTF-8 \(byte 9\)"),
        ("q.json", b'[{"question": 1}', "is not JSON"),
        ("q.parquet", b"PAR1 or not", "cannot be read as Parquet"),
        ("q.jsonl", b"\n\n", "is empty"),
        ("q.xlsx", b"", r"ends in \.jsonl"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=said):
        rows_of(tmp_path / name)


def test_json_lines_by_line_and_json_arrays_by_row(tmp_path: Path) -> None:
    lines = tmp_path / "q.jsonl"
    lines.write_text('{"a": 1}\n\n{"a": \n[1]\n')
    assert [(row.number, row.problem.split(":")[0]) for row in rows_of(lines)] == [
        (1, ""),
        (3, "is not JSON"),
        (4, "expected an object with named values, got '[1]'"),
    ]
    array = tmp_path / "q.json"
    array.write_text('[{"a": 1}, 2]')
    found = read_file(Source(where=str(array)))
    assert found.unit == "row"
    assert str(found.place(found.rows[1])) == f"{array}, row 2"


def test_parquet_with_lists_and_nulls(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow.parquet import write_table

    table = pyarrow.table({"question": ["a", None], "options": [["x", "y"], None]})
    write_table(table, tmp_path / "q.parquet")
    assert [row.values for row in rows_of(tmp_path / "q.parquet")] == [
        {"question": "a", "options": ["x", "y"]},
        {"question": None, "options": None},
    ]


def test_a_missing_file_is_not_looked_for_on_the_hub(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"No file .*none\.jsonl"):
        rows_of(tmp_path / "none.jsonl")


def test_names_of_hub_data_sets(tmp_path: Path) -> None:
    assert Source(where="openai/gsm8k/main").name == "gsm8k"
    assert Source(where="owner/name-v1.5").name == "name-v1.5"
    assert Source(where="some/file.v2.jsonl").name == "file.v2"
    assert Source(where=str(tmp_path)).name == tmp_path.name
    assert split_name("owner/name") == ("owner/name", None)
    assert split_name("owner/name/config") == ("owner/name", "config")
    assert split_name(str(tmp_path)) == (str(tmp_path), None)
    assert split_name(str(tmp_path / "config")) == (str(tmp_path), "config")


@pytest.mark.slow
def test_a_folder_in_hub_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    folder = tmp_path / "arc"
    (folder / "data").mkdir(parents=True)
    for split, names in {"train": "abc", "validation": "de"}.items():
        lines = [json.dumps({"question": name, "choices": {"text": ["x", "y"], "label": ["A", "B"]}}) for name in names]
        (folder / "data" / f"{split}.jsonl").write_text("\n".join(lines))
    with pytest.raises(InputError, match=r"several splits: name one of train, validation with --split.*never"):
        read_source(Source(where=str(folder)))
    found = read_source(Source(where=str(folder), split="validation"))
    assert [row.values["question"] for row in found.rows] == ["d", "e"]
    assert found.rows[0].values["choices"] == {"text": ["x", "y"], "label": ["A", "B"]}
    assert str(found.place(found.rows[1])) == f"{folder} (validation), row 2"
    with pytest.raises(InputError, match=r"cannot be loaded: ValueError: Unknown split"):
        read_source(Source(where=str(folder), split="test"))
