import pytest

from tools.mock.process import MockServer
from tools.speed import busy


@pytest.mark.slow
def test_a_run_is_measured_against_llms_that_take_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(busy, "QUESTIONS", 3)
    monkeypatch.setattr(busy, "LATENCY", 0.1)
    monkeypatch.setattr(busy, "JITTER", 0.1)
    share, cpu = busy.measure()
    assert 0 < share.value <= 1
    assert cpu.value > 0
    assert share.details["calls"] >= 3  # each question has at least one subset


def test_its_questions_are_no_more_than_the_benchmark_has(tmp_path, mock: MockServer) -> None:
    from smacs.bench.benchmarks import test_questions

    busy.prepare(tmp_path, mock)
    questions = test_questions("math500", tmp_path, limit=None, seed=0)
    assert len(questions) == busy.QUESTIONS
    assert len({question.text for question in questions}) == busy.QUESTIONS
