"""What is measured of the server: in its own process, against the graph in another one."""

import pytest

from tools.served import ServedSmacs
from tools.speed import serving

Row = tuple[float, float, float]


def rounds(*pairs: tuple[Row, Row]) -> list[serving.Round]:
    """(seconds alone, questions/s, CPU seconds) of both sides for each round."""
    names = ("alone", "questions_per_second", "cpu_seconds")
    return [
        {side: dict(zip(names, row, strict=True)) for side, row in zip(serving.SIDES, pair, strict=True)}
        for pair in pairs
    ]


def test_the_middle_round_counts():
    """Added: 2, 5 and 20 ms. Throughput: 19/20, 16/20 and 18/20. CPU: 40/50, 45/50 and 50/50."""
    found = rounds(
        ((0.040, 20, 0.040), (0.042, 19, 0.050)),
        ((0.040, 20, 0.045), (0.045, 16, 0.050)),
        ((0.040, 20, 0.050), (0.060, 18, 0.050)),
    )
    (added,) = serving._added(found)
    rate, by_cpu = serving._throughput(found)
    assert added.value == pytest.approx(5.0)
    assert rate.value == pytest.approx(0.9)
    assert by_cpu.value == pytest.approx(0.9)
    assert [figure.verdict for figure in (added, by_cpu)] == ["passed", ""]
    assert serving._first([0.004, 0.06, 0.002]).value == pytest.approx(4.0)


@pytest.mark.slow
def test_the_server_is_measured_in_a_process_of_its_own(monkeypatch):
    for name, count in [("ROUNDS", 1), ("QUESTIONS", 2), ("ALONE", 2), ("STREAMS", 2)]:
        monkeypatch.setattr(serving, name, count)
    added, rate, by_cpu, first = serving.measure()
    assert set(added.details["rounds"][0]) == set(serving.SIDES)
    assert rate.value > 0
    assert by_cpu.value > 0
    assert len(first.details["seconds"]) == 2


@pytest.mark.slow
def test_a_server_that_does_not_start_says_why(tmp_path):
    (tmp_path / "pool.toml").write_text("nonsense")
    with pytest.raises(RuntimeError, match=r"smacs serve is not up \(exit 2\): .*no valid TOML"), ServedSmacs(tmp_path):
        pytest.fail("it is up")
