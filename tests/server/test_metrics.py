"""`/metrics` over real HTTP: what was asked, what it cost, what failed, and no label from a client."""

from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.server.conftest import QUESTION, Served
from tools.mock.process import MockServer


def figures(http: httpx2.Client) -> dict[tuple[str, ...], float]:
    """(name, label values in order of their names) -> value."""
    families = text_string_to_metric_families(http.get("/metrics").raise_for_status().text)
    return {
        (sample.name, *(sample.labels[label] for label in sorted(sample.labels))): sample.value
        for family in families
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


class Change:
    """By how much figures have grown since."""

    def __init__(self, http: httpx2.Client) -> None:
        self._http = http
        self._before = figures(http)

    def all(self, prefix: str) -> dict[tuple[str, ...], float]:
        now = figures(self._http)
        grown = {key: value - self._before.get(key, 0.0) for key, value in now.items() if key[0].startswith(prefix)}
        return {key: value for key, value in grown.items() if value}


def test_a_question_is_counted_with_every_call_it_made(server: Served) -> None:
    change = Change(server.http)
    usage = server.ask().raise_for_status().json()["usage"]
    assert change.all("smacs_requests_total")["smacs_requests_total", "smacs", "200"] == 1
    calls = change.all("smacs_llm_calls_total")
    assert set(calls) == {("smacs_llm_calls_total", f"llm-{i}") for i in range(4)}
    assert [calls["smacs_llm_calls_total", f"llm-{i}"] for i in range(3)] == [1, 1, 1]
    assert calls["smacs_llm_calls_total", "llm-3"] >= 2  # a reference, and at least one call for the candidates
    tokens = change.all("smacs_llm_tokens_total")
    kinds = {kind: sum(value for key, value in tokens.items() if key[1] == kind) for kind in ("prompt", "completion")}
    assert kinds == {"prompt": usage["prompt_tokens"], "completion": usage["completion_tokens"]}
    assert change.all("smacs_request_seconds_count") == {("smacs_request_seconds_count", "smacs"): 1}
    assert change.all("smacs_first_progress_seconds_count") == {("smacs_first_progress_seconds_count",): 1}
    assert change.all("smacs_degraded_total") == {}


def test_a_failed_llm_and_the_degraded_answer_are_counted_by_kind(server: Served, mock: MockServer) -> None:
    mock.set("llm-1", fault="500")
    change = Change(server.http)
    server.ask().raise_for_status()
    assert change.all("smacs_llm_failures_total") == {("smacs_llm_failures_total", "overloaded", "llm-1"): 1}
    assert change.all("smacs_degraded_total") == {
        ("smacs_degraded_total", "referencer_failed"): 1,
        ("smacs_degraded_total", "references_missing"): 1,
    }


@pytest.mark.parametrize("model", ["nobody", "x" * 500, 'a"b\n'])
def test_what_a_client_writes_is_no_label(server: Served, model: str) -> None:
    change = Change(server.http)
    server.http.get(f"/v1/{'y' * 100}")
    assert server.http.post("/v1/chat/completions", json={"model": model, "messages": [QUESTION]}).status_code == 404
    assert {key[1] for key in change.all("smacs_requests_total")} == {"none"}


def test_a_refused_request_is_counted_by_its_reason(server: Served) -> None:
    change = Change(server.http)
    assert server.http.post("/v1/chat/completions", content=b"x" * 1_000_001).status_code == 413
    assert change.all("smacs_refused_total") == {("smacs_refused_total", "size"): 1}
    assert change.all("smacs_requests_total")["smacs_requests_total", "none", "413"] == 1


def test_gauges_come_back_to_zero(server: Served) -> None:
    server.ask().raise_for_status()
    now: dict[Any, float] = figures(server.http)
    assert (now["smacs_queue_running",], now["smacs_queue_waiting",]) == (0, 0)
    assert now["smacs_requests_in_flight",] == 1  # the scrape itself
