"""Scores on other scales than 0 to 1."""

import json
from pathlib import Path

import pytest

from smacs.errors import InputError
from smacs.store.bank import QuestionBank
from smacs.store.imports import import_

SAMPLES = Path(__file__).parent / "samples"


def answers(path: Path, *scores: float) -> Path:
    """Answers of `a` to "q0", "q1", ... with these scores."""
    rows = [json.dumps({"question": f"q{i}", "llm": "a", "correct": score}) for i, score in enumerate(scores)]
    path.write_text("\n".join(rows) + "\n")
    return path


def grades(folder: Path) -> list[float]:
    bank = QuestionBank.open(folder)
    return [float(row[0]) for row in bank.correctness(bank.llms)]


@pytest.mark.parametrize(
    ("scale", "values", "expected"),
    [
        ("100", [63.5, 0, 100], [0.635, 0.0, 1.0]),
        ("10", [7, 1, 10], [0.7, 0.1, 1.0]),
        ("1-10", [1, 10, 5.5], [0.0, 1.0, 0.5]),
        ("-1:1", [0, -1, 1], [0.5, 0.0, 1.0]),
    ],
)
def test_scores_on_another_scale(tmp_path: Path, scale: str, values: list[float], expected: list[float]) -> None:
    import_([answers(tmp_path / "x.jsonl", *values)], tmp_path / "bank", scale=scale)
    assert grades(tmp_path / "bank") == pytest.approx(expected)


@pytest.mark.parametrize("scale", ["0", "much", "10-1", "", "nan"])
def test_a_scale_that_is_none(tmp_path: Path, scale: str) -> None:
    with pytest.raises(InputError, match="expected the best value of the score"):
        import_([answers(tmp_path / "x.jsonl", 1)], tmp_path / "bank", scale=scale)


def test_a_metric_with_its_scale(tmp_path: Path) -> None:
    source = next((SAMPLES / "lm_eval" / "acme__tiny-7b-instruct").glob("samples_*"))
    rows = [json.loads(line) for line in source.read_text().splitlines()]
    path = tmp_path / "acme__x" / "samples_eq.jsonl"
    path.parent.mkdir()
    path.write_text("".join(json.dumps(row | {"metrics": ["eqbench"], "eqbench": 63.5}) + "\n" for row in rows))
    import_([path], tmp_path / "bank", metric="eqbench/100")
    assert grades(tmp_path / "bank") == pytest.approx([0.635] * 3)
    with pytest.raises(InputError, match="Give one of them"):
        import_([path], tmp_path / "bank", metric="eqbench/100", scale="100")
