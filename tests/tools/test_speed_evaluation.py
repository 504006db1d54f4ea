import pytest

from smacs.store.graders import check_label
from tools.speed import evaluation


@pytest.mark.slow
def test_the_command_is_measured_against_a_server_of_its_own(monkeypatch):
    monkeypatch.setattr(evaluation, "CALLS", 40)
    busy, cpu, calls = evaluation.measure()
    assert 0 < busy.value <= 1
    assert cpu.value > 0
    assert calls.value == pytest.approx(40 / busy.details["seconds"])


def test_its_questions_can_be_graded():
    for number in range(4):
        check_label(evaluation.question(number))


def test_the_mock_knows_how_busy_it_was(mock):
    mock.set("m", latency=0.2, jitter=0.1)
    body = {"model": "m", "messages": [{"role": "user", "content": "Hello?"}]}
    for _ in range(3):
        mock.client.post("/v1/chat/completions", json=body)
    count = mock.stats().of("m")
    assert 0.6 <= count.busy <= count.last - count.first  # one at a time, with pauses in between
