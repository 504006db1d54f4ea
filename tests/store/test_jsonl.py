"""JSONL files: round trips, truncation at any byte, damage that must be said."""

import tempfile
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smacs.errors import BankError
from smacs.store.io.jsonl import JsonlWriter, encode_lines, read_jsonl
from smacs.store.records import Evaluation, Question
from smacs.store.verify.truth import every_line

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


@given(st.lists(st.lists(evaluations, max_size=3), max_size=3))
def test_what_was_appended_is_read_back(groups: list[list[Evaluation]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "deep" / "e.jsonl"
        for group in groups:
            append(file, *group)
        assert list(read_jsonl(file, Evaluation)) == [record for group in groups for record in group]


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


@pytest.mark.parametrize("tail", [b"\0\0\0\0", b'{"question":"a"', b'{"question":"\xff","correct":1}', b"\n \n"])
def test_a_last_line_without_its_end_is_skipped_and_cut_off(tmp_path: Path, tail: bytes) -> None:
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


DEEP = b'{"question":"a","correct":1,"sampling":{"a":' + b"[" * 10**5 + b"]" * 10**5 + b"}}\n"


@pytest.mark.parametrize("tail", [b'{"question":"a"\n', b'{"question":"\xff","correct":1}\n', b"\0\0\n", DEEP])
def test_a_broken_last_line_with_its_end_was_written_whole_and_is_damaged(tmp_path: Path, tail: bytes) -> None:
    file = tmp_path / "evaluations" / "e.jsonl"
    append(file, NEW)
    file.write_bytes(file.read_bytes() + tail)
    for read in (lambda: list(read_jsonl(file, Evaluation)), lambda: JsonlWriter(file, Evaluation)):
        with pytest.raises(BankError, match=r"e\.jsonl, line 2 is .*sed -i 2d .*the next evaluation asks"):
            read()
    assert file.read_bytes().endswith(tail)


def test_a_line_carries_the_crc_of_all_before_it(tmp_path: Path) -> None:
    body = b'{"question":"new","correct":1.0'
    assert encode_lines([NEW]) == body + b',"crc32":"%08x"}\n' % zlib.crc32(body)


@pytest.mark.parametrize("at", range(2 * len(encode_lines([NEW]))))
def test_no_flipped_bit_changes_what_is_read(tmp_path: Path, at: int) -> None:
    whole, file = encode_lines([NEW, msgspec.structs.replace(NEW, correct=0.0)]), tmp_path / "e.jsonl"
    for bit in range(8):
        body = bytearray(whole)
        body[at] ^= 1 << bit
        file.write_bytes(body)
        try:
            assert encode_lines(read_jsonl(file, Evaluation)) == whole
        except BankError as error:
            assert f"{file}, line {1 + at // (len(whole) // 2)}" in str(error) or body.count(b"\n") != 2
        else:
            assert any(line.bare for line in every_line(file, Evaluation))  # the checksum's own key was hit


def test_a_line_edited_by_hand_says_how_to_keep_the_edit(tmp_path: Path) -> None:
    file = tmp_path / "e.jsonl"
    append(file, NEW)
    file.write_bytes(file.read_bytes().replace(b"1.0", b"0.5"))
    with pytest.raises(BankError, match=r"line 1 has a wrong checksum.*delete its field 'crc32'.*--accept-edits"):
        list(read_jsonl(file, Evaluation))
    file.write_bytes(file.read_bytes().partition(b',"crc32"')[0] + b"}\n")
    assert [item.correct for item in read_jsonl(file, Evaluation)] == [0.5]


def test_what_is_no_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "e.jsonl").mkdir()
    with pytest.raises(BankError, match=r"e\.jsonl cannot be read \(Is a directory\)"):
        list(read_jsonl(tmp_path / "e.jsonl", Evaluation))


def test_a_line_that_is_no_such_record_is_never_skipped(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text('{"id": "a", "text": "x", "label": 1}\n{"id": 7, "text": "x", "label": 1}\n')
    with pytest.raises(BankError, match=r"questions\.jsonl, line 2: Expected `str`, got `int` - at `\$\.id`"):
        list(read_jsonl(file, Question))


def test_a_missing_file_is_empty(tmp_path: Path) -> None:
    assert list(read_jsonl(tmp_path / "none.jsonl", Evaluation)) == []
