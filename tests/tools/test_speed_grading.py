"""The figure of grading, on a small file of the same schema."""

import json

import pytest

from tools.speed import grading


def test_without_the_test_set_there_is_no_figure(tmp_path, monkeypatch):
    monkeypatch.setenv("SMACS_DATA", str(tmp_path))
    assert grading.measure() == []


@pytest.mark.slow
def test_three_responses_are_graded_for_each_problem(tmp_path, monkeypatch):
    monkeypatch.setenv("SMACS_DATA", str(tmp_path))
    rows = [
        {"unique_id": answer, "problem": "?", "solution": f"So $\\boxed{{{answer}}}$.", "answer": answer}
        for answer in ("2x", "\\frac{1}{3}")
    ]
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "math500.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (figure,) = grading.measure()
    assert figure.name == "grading 6 responses to MATH-500"
    assert figure.details == {"right": 4}  # each solution and each answer; the other problem's answer is wrong
    assert not figure.missed
