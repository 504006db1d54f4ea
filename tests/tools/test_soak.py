"""The parts of the soak test: what counts as a clean reply, when endpoints fall ill, and what is made of it all."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.soak import __main__ as command
from tools.soak.faults import KINDS, draw
from tools.soak.load import UNEXPECTED, Ending, judge, wishes
from tools.soak.run import Schedule, Seen, errors_in, rate
from tools.soak.verdict import by_minute, verdict
from tools.soak.vitals import Rest

JSON, EVENTS = {"content-type": "application/json"}, {"content-type": "text/event-stream; charset=utf-8"}


def answer(text: str = "Eight.", **about: Any) -> bytes:
    return msgspec.json.encode({"choices": [{"message": {"content": text}}], "smacs": {"degraded": [], **about}})


def error(message: str = "No.", code: str | None = None) -> bytes:
    return msgspec.json.encode({"error": {"message": message, "type": "t", "param": None, "code": code}})


def stream(*chunks: dict[str, Any], end: bytes = b"data: [DONE]\n\n") -> bytes:
    return b": working\n\n" + b"".join(b"data: " + msgspec.json.encode(chunk) + b"\n\n" for chunk in chunks) + end


FIRST = {"choices": [{"delta": {"role": "assistant", "content": ""}}]}
TEXT = {"choices": [{"delta": {"content": "Eight."}}]}
LAST = {"choices": [{"delta": {}, "finish_reason": "stop"}], "smacs": {"degraded": []}}


@pytest.mark.parametrize(
    ("status", "headers", "body", "kind"),
    [
        (200, JSON, answer(), "answer"),
        (200, JSON, answer(degraded=["the embedder is down"]), "degraded"),
        (200, JSON, answer(""), "an empty answer"),
        (200, JSON, b"{}", "200 with a broken body"),
        (200, JSON, b"<html>", "200 with a broken body"),
        (200, EVENTS, stream(FIRST, TEXT, LAST), "answer"),
        (200, EVENTS, stream(FIRST, TEXT, LAST | {"smacs": {"degraded": ["why"]}}), "degraded"),
        (200, EVENTS, stream(FIRST, LAST), "an empty answer"),
        (200, EVENTS, stream(FIRST, TEXT, LAST, end=b""), "a stream that broke off"),
        (200, EVENTS, stream(FIRST, msgspec.json.decode(error("No LLM answered."))), "unavailable"),
        (200, EVENTS, stream(FIRST, msgspec.json.decode(error("Late.", "deadline"))), "504 in a stream"),
        (200, EVENTS, stream(FIRST, msgspec.json.decode(error("Late.", "deadline_exceeded"))), "504 in a stream"),
        (200, EVENTS, stream(FIRST, msgspec.json.decode(error(f"{UNEXPECTED}; its log says why."))), "500 in a stream"),
        (429, {"retry-after": "2"}, error(), "busy"),
        (429, {}, error(), "429 without Retry-After"),
        (503, {}, error(), "unavailable"),
        (503, {}, b"Service Unavailable", "503 with a broken body"),
        (504, {}, error("Too late."), "504: Too late."),
        (500, {}, b"Internal Server Error", "500 with a broken body"),
    ],
)  # fmt: skip
def test_how_a_reply_is_judged(status: int, headers: dict[str, str], body: bytes, kind: str) -> None:
    assert judge(status, headers, body) == kind


@given(endpoints=st.integers(1, 8), seconds=st.floats(1, 900), seed=st.integers(0, 99))
def test_an_endpoint_has_one_spell_at_a_time_and_all_end_in_time(endpoints: int, seconds: float, seed: int) -> None:
    spells = draw(endpoints, seconds, seed)
    assert spells == draw(endpoints, seconds, seed)
    for endpoint in range(endpoints):
        own = [spell for spell in spells if spell.endpoint == endpoint]
        ends = [spell.start + spell.seconds for spell in own]
        assert all(end <= after.start for end, after in zip(ends, own[1:], strict=False))
        assert all(end <= seconds + 1e-6 for end in ends)
        assert len({spell.kind for spell in own[: len(KINDS)]}) == min(len(own), len(KINDS))


def test_ten_minutes_have_every_fault_at_every_endpoint() -> None:
    plan = command.plan_of(10, seed=0)
    assert plan.seconds == 600
    assert {(spell.endpoint, spell.kind) for spell in plan.spells} == {(e, kind) for e in range(6) for kind in KINDS}


def test_the_requests_of_a_seed_are_the_same_and_of_all_sorts() -> None:
    first, again = (wishes(3) for _ in range(2))
    found = [next(first) for _ in range(300)]
    assert found == [next(again) for _ in range(300)]
    assert {(wish.key, wish.stream) for wish in found} == {
        (key, s) for key in ("large", "small") for s in (True, False)
    }
    assert 0 < sum(wish.patience is not None for wish in found) < 60


def test_the_rate_is_that_of_the_answers_after_the_warm_up() -> None:
    """Ten seconds, of which three are warm-up. Answers end at 3, 4, ..., 13: 11 of them in 13 - 3 seconds."""
    outcomes = [Ending("answer", float(start), 1.0) for start in range(13)] + [Ending("busy", 5.0, 0.1)]
    assert rate(outcomes, 10) == pytest.approx(11 / 10)
    with pytest.raises(RuntimeError, match=r"no answers without faults: \['busy'\]"):
        rate(outcomes[-1:], 10)


def test_errors_are_found_in_a_log_of_json_lines() -> None:
    lines = ['{"level": "info", "message": "error"}', '{"time": "", "level": "error", "message": "x"}']
    assert errors_in("\n".join(lines)) == lines[1:]


REST = Rest(connections=0, descriptors=19, requests=0, memory=10)


def seen(**changed: Any) -> Seen:
    """Four minutes from 100 on, ten answers a second, none in the 60 s of faults and the 4 s after them."""
    plan = Schedule(calibration=1, calm=30, ill=60, after=150, spells=[])
    times = [100 + tenth / 10 for tenth in range(2400) if not 300 <= tenth < 940]
    whole: dict[str, Any] = {
        "plan": plan,
        "capacity": 5.0,
        "offered": 10.0,
        "began": 100.0,
        "well": 190.0,
        "outcomes": [Ending("answer", time, 0.0) for time in times] + [Ending("busy", 150.0, 0.5)] * 640,
        "memory": [(100.0 + second, 100 + second // 60) for second in range(240)],
        "before": REST,
        "after": REST,
        "errors": [],
    }
    return Seen(**(whole | changed))


def values(what: Seen) -> dict[str, float]:
    return {figure.name: figure.value for figure in verdict(what)}


def missed(what: Seen) -> list[str]:
    return [figure.name for figure in verdict(what) if figure.missed]


def test_all_is_well() -> None:
    """Memory: 101 in the second minute, 103 in the last. From 3.5 s on five seconds have nine tenths of the answers."""
    found = values(seen())
    assert missed(seen()) == []
    assert found["memory, last minute over second"] == pytest.approx(103 / 101)
    assert found["throughput is back after"] == 3.5
    assert found["offered load over what it can take"] == pytest.approx(2.0)
    assert found["answers during the faults"] == 0
    assert [row["kinds"].get("busy", 0) for row in by_minute(seen())] == [640, 0, 0, 0]


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"outcomes": [*seen().outcomes, Ending("500: No.", 200.0, 0.1)]}, "neither an answer nor a clean 429 or 503"),
        ({"outcomes": [*seen().outcomes, Ending("answer", 200.0, 26.1)]}, "slowest reply, deadline 25 s"),
        ({"capacity": 6.0}, "offered load over what it can take"),
        ({"errors": ["x"]}, "errors in the log"),
        ({"memory": [(100.0 + s, 100 + 6 * (s // 60)) for s in range(240)]}, "memory, last minute over second"),
        ({"after": Rest(1, 19, 0, 10)}, "connections left open"),
        ({"after": Rest(0, 20, 0, 10)}, "file descriptors more than before"),
        ({"after": Rest(0, 19, 1, 10)}, "requests that never ended"),
        ({"well": 180.0}, "throughput is back after"),
    ],
)
def test_each_fault_is_seen(changed: dict[str, Any], name: str) -> None:
    assert missed(seen(**changed)) == [name]


def test_without_answers_after_the_faults_the_throughput_is_never_back() -> None:
    early = [outcome for outcome in seen().outcomes if outcome.end < 190]
    assert values(seen(outcomes=early))["throughput is back after"] == float("inf")


def test_a_missed_target_is_the_exit_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    file = tmp_path / "soak.json"
    for what, code in [(seen(), 0), (seen(errors=["x"]), 1)]:
        monkeypatch.setattr(command, "soak", lambda plan, say, what=what: what)
        assert command.main(["--minutes", "1", "--json", str(file)]) == code
    assert len(msgspec.json.decode(file.read_bytes())["minutes"]) == 4
    with pytest.raises(SystemExit):
        command.main(["--minutes", "0.5"])
