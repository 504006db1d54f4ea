"""JSONL files: round trips, truncation at any byte, damage that must be said."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smacs.pool.errors import BankError
from smacs.store.jsonl import JsonlWriter, encode_lines, read_jsonl
from smacs.store.records import Evaluation, Question

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
evaluations = st.builds(
    Evaluation,
    question=texts,
    correct=st.floats(0, 1),
    answer=st.none() | texts,
    response=texts,
    tokens=st.integers(0, 10**6),
    sampling=st.dictionaries(texts, st.none() | st.integers(-5, 5) | texts, max_size=2),
)
NEW = Evaluation(question="new", correct=1.0)


def append(file: Path, *records: Evaluation) -> None:
    with JsonlWriter(file, Evaluation) as writer:
        writer.append(records)


@settings(deadline=None)  # files
@given(st.lists(st.lists(evaluations, max_size=3), max_size=3))
def test_what_was_appended_is_read_back(groups: list[list[Evaluation]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "deep" / "e.jsonl"
        for group in groups:
            append(file, *group)
        assert list(read_jsonl(file, Evaluation)) == [record for group in groups for record in group]


@settings(deadline=None)  # files
@given(st.lists(evaluations, min_size=1, max_size=4), st.data())
@pytest.mark.slow
def test_a_file_cut_at_any_byte_loses_only_the_half_line(records: list[Evaluation], data: Any) -> None:
    whole = encode_lines(records)
    cut = data.draw(st.integers(0, len(whole)))
    ends = [len(encode_lines(records[: i + 1])) for i in range(len(records))]
    kept = [record for record, end in zip(records, ends, strict=True) if end - 1 <= cut]  # its newline may be missing
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "e.jsonl"
        file.write_bytes(whole[:cut])
        assert list(read_jsonl(file, Evaluation)) == kept
        append(file, NEW)
        assert list(read_jsonl(file, Evaluation)) == [*kept, NEW]
        assert file.read_bytes() == encode_lines([*kept, NEW])


@pytest.mark.parametrize("tail", [b"\0\0\0\0", b'{"question":"a"\n', b'{"question":"\xff","correct":1}\n', b"\n \n"])
def test_a_broken_last_line_is_skipped_and_cut_off(tmp_path: Path, tail: bytes) -> None:
    file = tmp_path / "e.jsonl"
    good = encode_lines([NEW])
    file.write_bytes(good + tail)
    assert list(read_jsonl(file, Evaluation)) == [NEW]
    append(file, NEW)
    assert file.read_bytes() == good + good


def test_a_broken_line_in_the_middle_names_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "e.jsonl"
    good = encode_lines([NEW])
    file.write_bytes(good + good[:9] + b"\n\n" + good)
    for read in (lambda: list(read_jsonl(file, Evaluation)), lambda: JsonlWriter(file, Evaluation)):
        with pytest.raises(BankError, match=r"e\.jsonl, line 2 is not JSON"):
            read()
    assert file.read_bytes().endswith(good)  # nothing was cut off


def test_a_line_that_is_no_such_record_is_never_skipped(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text('{"id": "a", "text": "x", "label": 1}\n{"id": 7, "text": "x", "label": 1}\n')
    with pytest.raises(BankError, match=r"questions\.jsonl, line 2: Expected `str`, got `int` - at `\$\.id`"):
        list(read_jsonl(file, Question))


def test_a_missing_file_is_empty(tmp_path: Path) -> None:
    assert list(read_jsonl(tmp_path / "none.jsonl", Evaluation)) == []
