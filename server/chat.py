"""`POST /v1/chat/completions`."""

from contextlib import aclosing

from fastapi import APIRouter, Request, Response

from smacs.server.chat_request import ChatRequest
from smacs.server.engine import Engine
from smacs.server.errors import DOCUMENTED, OpenAIRoute
from smacs.server.guard.refusal import refusal_response
from smacs.server.job import Job, events_of, job_of, unless_hung_up
from smacs.server.lines import json_line
from smacs.server.replies import EventStream, Result, completion, in_order, stream

router = APIRouter(route_class=OpenAIRoute)


@router.post("/v1/chat/completions", summary="Ask a system, or one LLM", responses=DOCUMENTED)
async def chat_completions(body: ChatRequest, request: Request) -> Response:
    """OpenAI's chat completion, streamed or not, with `smacs` as an extension of request and reply."""
    state = request.app.state
    job = job_of(body, state.engine, state.settings.max_n)
    exchange = request.state.exchange
    exchange.model = job.model
    if refusal := exchange.reserve(job.most_tokens, state.settings.retry_after):
        return refusal_response(request.scope, refusal)
    if body.stream:
        return EventStream(stream(job, state.engine))
    results = await unless_hung_up(request.receive, _answer(job, state.engine))
    return Response(json_line(completion(job, results)), media_type="application/json")


async def _answer(job: Job, engine: Engine) -> list[Result]:
    """The result of each run."""
    results: dict[int, Result] = {}
    async with aclosing(events_of(job, engine)) as events:
        async for index, event in events:
            if event["event"] == "result":
                results[index] = event["result"]
    return in_order(results)
