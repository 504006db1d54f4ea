"""What an endpoint is told of the request that it is asked for."""

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from smacs.pool.calls.llm import LLM
from smacs.pool.calls.replies import Reply
from smacs.pool.config import LLMSpec
from smacs.telemetry import request_id, request_id_from
from tests.support.sink import Sink, sink

REPLY = b'{"choices": [{"message": {"content": "Eight."}, "finish_reason": "stop"}]}'


async def ask(kept: Sink) -> dict[str, str]:
    llm = LLM("a", LLMSpec(endpoint=f"{kept.url}/v1"))
    reply = await llm.call([{"role": "user", "content": "How many?"}])
    await llm.aclose()
    assert isinstance(reply, Reply)
    return kept.requests[-1].headers


async def test_each_call_has_an_id_of_its_own_that_begins_with_the_requests() -> None:
    """vLLM breaks over two calls with one id."""
    token = request_id.set("mine")
    with sink(REPLY) as kept:
        ids = [(await ask(kept))["x-request-id"] for _ in range(2)]
    request_id.reset(token)
    assert all(one.startswith("mine-") and request_id_from(one) == one for one in ids)
    assert ids[0] != ids[1]


async def test_without_a_request_and_a_collector_nothing_is_told() -> None:
    with sink(REPLY) as kept:
        headers = await ask(kept)
    assert not {"x-request-id", "traceparent"} & headers.keys()


async def test_the_endpoints_spans_become_children_of_the_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = TracerProvider()
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    with sink(REPLY) as kept, provider.get_tracer("x").start_as_current_span("outside") as outside:
        told = (await ask(kept))["traceparent"]
    context = outside.get_span_context()
    assert told.split("-")[1] == f"{context.trace_id:032x}"
    assert told.split("-")[2] != f"{context.span_id:016x}"  # the call's own span


@pytest.mark.parametrize(("given", "kept"), [("a.B-3_", True), ("x" * 128, True), ("x" * 129, False), ("", False)])
def test_an_id_is_kept_where_it_is_sane(given: str, kept: bool) -> None:
    assert (request_id_from(given) == given) == kept
    assert not any(request_id_from(bad) == bad for bad in ("a b", "a\n", "ä", "a/b"))
    assert request_id_from(None) != request_id_from(None)
