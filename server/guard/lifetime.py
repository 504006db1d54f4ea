"""The life of a request: none begins while the server stops, and each one that calls LLMs has a deadline."""

from starlette.types import ASGIApp, Receive, Scope, Send

from smacs.server.guard.drain import Drain
from smacs.server.guard.paths import asks, is_health, is_outside
from smacs.server.guard.refusal import Refusal, cut_off, refuse
from smacs.server.guard.reply import Reply


class Lifetime:
    """Refuse with 503 while draining; cut off after `deadline` seconds (504) or at the end of the grace (503)."""

    def __init__(self, app: ASGIApp, *, drain: Drain, deadline: float, retry_after: float) -> None:
        self.app = app
        self.drain = drain
        self.deadline = deadline
        text = "The server is stopping. Ask again: another one takes over, or this one is back soon."
        self._stopping = Refusal(503, "draining", text, "server_stopping", retry_after)
        text = f"There was no answer within {deadline:g} seconds, waiting included. Ask again when there is less load."
        self._late = Refusal(504, "deadline", text, "deadline_exceeded")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or say that there is no time."""
        if not is_outside(scope) or is_health(scope):
            return await self.app(scope, receive, send)
        if self.drain.draining:
            return await refuse(scope, receive, send, self._stopping)
        reply = Reply(send)
        limit = self.deadline if asks(scope) else None
        try:
            async with self.drain.request(limit) as timeout:
                return await self.app(scope, receive, reply)
        except TimeoutError:
            if not timeout.expired():
                raise
            refusal = self._stopping if self.drain.draining else self._late
            return await cut_off(scope, receive, reply, refusal)
