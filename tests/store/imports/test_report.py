"""What cannot be imported: left out, counted and named, while the rest is imported."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from smacs.cli.bank import app
from smacs.errors import InputError
from smacs.store.bank import QuestionBank
from smacs.store.imports import import_
from smacs.store.imports.report import ImportReport

SAMPLES = Path(__file__).parent / "samples"


def lines(path: Path, *answers: Any) -> Path:
    """Answers of `a` to "q0", "q1", ... with these grades; a text is a line as it is."""
    rows = [
        answer if isinstance(answer, str) else json.dumps({"question": f"q{i}", "llm": "a", "correct": answer})
        for i, answer in enumerate(answers)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(rows) + "\n")
    return path


def grades(bank: Path) -> list[float]:
    opened = QuestionBank.open(bank)
    column: list[float] = opened.correctness(opened.llms)[:, 0].tolist()
    return column


def kinds(report: ImportReport) -> list[list[str]]:
    return [[str(entry) for entry in file.left_out] for file in report.by_file]


def test_what_nobody_has_graded_is_left_out_and_counted(tmp_path: Path) -> None:
    report = import_([lines(tmp_path / "x.jsonl", 1, float("nan"), None, 0)], tmp_path / "bank")
    assert grades(tmp_path / "bank") == [1.0, 0.0]
    assert kinds(report) == [["2 without a score"]]
    assert report.by_file[0].left_out[0].first.endswith("x.jsonl, line 2: `correct` is None: nobody has graded this.")
    assert (report.by_file[0].accuracy, report.refused) == (0.5, [])


def test_broken_records_cost_their_file_or_with_the_flag_themselves(tmp_path: Path) -> None:
    path = lines(tmp_path / "x.jsonl", 1, 7, '{"question": ', 0)
    with pytest.raises(InputError) as caught:
        import_([path], tmp_path / "bank")
    said = str(caught.value)
    assert "records that cannot be used: 1 with a score outside the scale, 1 no JSON" in said
    assert "--skip-invalid" in said
    assert "line 2: expected `correct` to be a grade within 0 and 1; got 7" in said
    assert "--scale" in said
    assert not (tmp_path / "bank").exists()
    report = import_([path], tmp_path / "bank", skip_invalid=True)
    assert grades(tmp_path / "bank") == [1.0, 0.0]
    assert kinds(report) == [["1 with a score outside the scale", "1 no JSON"]]


def test_one_file_of_a_folder_costs_no_other(tmp_path: Path) -> None:
    lines(tmp_path / "logs" / "a.jsonl", 1, 0)
    lines(tmp_path / "logs" / "b.jsonl", 1, 7)
    (tmp_path / "logs" / "cut.eval").write_bytes(b"PK\x03\x04 and no more")
    (tmp_path / "logs" / "other.jsonl").write_text('{"x": 1}\n')
    result = CliRunner().invoke(app, ["import", str(tmp_path / "logs"), "--bank", str(tmp_path / "bank")])
    assert result.exit_code == 1
    assert grades(tmp_path / "bank") == [1.0, 0.0]
    assert "other.jsonl" in result.stdout
    assert result.stdout.count("all of it") == 2
    again = ["import", str(tmp_path / "logs"), "--bank", str(tmp_path / "again"), "--skip-invalid"]
    assert CliRunner().invoke(app, again).exit_code == 0


def test_nothing_to_import_makes_no_bank(tmp_path: Path) -> None:
    lines(tmp_path / "logs" / "a.jsonl", 7)
    lines(tmp_path / "logs" / "b.jsonl", None)
    for skip in (False, True):
        with pytest.raises(InputError, match="None of the 2 files can be imported"):
            import_([tmp_path / "logs"], tmp_path / "bank", skip_invalid=skip)
        assert not (tmp_path / "bank").exists()


def test_different_samples_with_one_text_are_a_warning(tmp_path: Path) -> None:
    same = [json.dumps({"question": "**User**:", "llm": "a", "correct": grade}) for grade in (1, 0, 0)]
    report = import_([lines(tmp_path / "x.jsonl", *same)], tmp_path / "bank")
    assert (report.by_file[0].same_text, report.by_file[0].same_example) == (2, "**User**:")
    assert any("2 samples have the text of an earlier one ('**User**:')" in note for note in report.notes)
    assert any("--text" in note for note in report.notes)


def test_the_tools_own_accuracy_beside_what_was_imported(tmp_path: Path) -> None:
    shutil.copytree(SAMPLES, tmp_path / "logs")
    pytest.importorskip("inspect_ai", reason="the extra `inspect` is not installed")
    report = import_([tmp_path / "logs"], tmp_path / "bank")
    found = {Path(file.file).name.split("_")[0] + file.format: file for file in report.by_file}
    reported = [(f.format, f.accuracy, f.reported) for f in found.values() if f.reported is not None]
    assert {name for name, *_ in reported} == {"lm_eval", "inspect", "evalscope"}
    for _, accuracy, tools in reported:
        assert accuracy == pytest.approx(tools, abs=1e-4)
    assert not any(file.differs for file in report.by_file)


def test_another_accuracy_than_the_tool_has_reported_is_said(tmp_path: Path) -> None:
    shutil.copytree(SAMPLES / "lm_eval" / "acme__tiny-1b", tmp_path / "acme__tiny-1b")
    path = next((tmp_path / "acme__tiny-1b").glob("samples_*"))  # three samples, two of them right
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:2]))
    report = import_([path], tmp_path / "bank")
    file = report.by_file[0]
    assert file.differs
    assert file.reported == pytest.approx(2 / 3)
    assert any("% as its tool reported it (acc,none in results_2026" in note for note in report.notes)
