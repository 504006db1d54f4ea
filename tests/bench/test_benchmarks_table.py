"""Where a table is looked for, and what is said where it is not there or is something else."""

import json

import msgspec
import pytest

from smacs.bench.benchmarks import find_benchmark
from smacs.bench.benchmarks.table import Table
from smacs.errors import InputError

README = """---
configs:
- config_name: full
  data_files:
  - split: train
    path: full/train-*
  - split: test
    path: full/test-*
---
"""


class Row(msgspec.Struct, rename={"name": "The Name"}):
    name: str


TABLE = Table(("one", "other/one"), "owner/set/full", "test+train")


@pytest.mark.parametrize("place", ["one.jsonl", "other/one.json", "benchmarks/one.ndjson"])
def test_a_file_is_found_by_its_names(tmp_path, place):
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text('{"The Name": "x"}\n')
    assert [row.name for row in TABLE.rows(tmp_path, Row)] == ["x"]


@pytest.mark.slow  # the library takes seconds to import
@pytest.mark.parametrize("place", ["set", "owner/set", "benchmarks/set"])
def test_a_copy_of_the_hubs_data_set_is_read(tmp_path, place):
    pytest.importorskip("datasets")
    from pyarrow import Table as Arrow
    from pyarrow.parquet import write_table

    (tmp_path / place / "full").mkdir(parents=True)
    (tmp_path / place / "README.md").write_text(README)
    for split in ("train", "test"):
        file = tmp_path / place / "full" / f"{split}-00000-of-00001.parquet"
        write_table(Arrow.from_pylist([{"The Name": split}]), file)
    assert [row.name for row in TABLE.rows(tmp_path, Row)] == ["test", "train"]


def test_a_missing_file_is_answered_with_its_names_and_the_hub(tmp_path):
    with pytest.raises(
        InputError, match=r"has no one\.\* or other/one\.\* .*jsonl.* owner/set/full called owner/set\."
    ):
        TABLE.rows(tmp_path, Row)
    with pytest.raises(InputError, match=r"no livecodebench\*\.jsonl or .* test\.jsonl to test6\.jsonl of the hub's"):
        find_benchmark("livecodebench").test(tmp_path)


def test_other_columns_and_broken_lines_are_named(tmp_path):
    (tmp_path / "one.jsonl").write_text('{"The Name": "x"}\n{"name": "x"}\n')
    with pytest.raises(InputError, match=r"one\.jsonl, line 2: .*`The Name`.* Expected the columns The Name\."):
        TABLE.rows(tmp_path, Row)
    (tmp_path / "one.jsonl").write_text('{"The Name": "x"}\n{"The Name"')
    with pytest.raises(InputError, match=r"one\.jsonl, line 2: is not JSON"):
        TABLE.rows(tmp_path, Row)
    (tmp_path / "livecodebench.jsonl").write_text(json.dumps({"question_id": "x"}) + "\n")
    with pytest.raises(InputError, match=r"livecodebench\.jsonl, line 1: .*question_content"):
        find_benchmark("livecodebench").bank(tmp_path)


def test_without_the_hub_a_folder_is_proposed(monkeypatch):
    def read(source):
        raise InputError(f"{source.where} ({source.split}) cannot be loaded.")

    monkeypatch.setattr("smacs.bench.benchmarks.table.read_source", read)
    with pytest.raises(InputError, match=r"^google/IFEval \(train\) cannot be loaded\. .*hf auth login.*--data DIR"):
        find_benchmark("ifeval").test(None)
