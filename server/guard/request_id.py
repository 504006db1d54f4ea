"""Request id, the outermost middleware: the client's own where it is sane, else a new one; told in the reply."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from smacs.request_id import HEADER, accept, request_id
from smacs.server.guard.exchange import Exchange, begin
from smacs.server.guard.paths import is_outside
from smacs.telemetry import REQUEST_ID, label


class RequestId:
    """Begin an `Exchange` for each request; it is also `request.state.exchange`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer under a request id."""
        if not is_outside(scope):
            return await self.app(scope, receive, send)
        headers = MutableHeaders(scope=scope)
        mine = headers[HEADER] = accept(headers.get(HEADER))
        exchange = Exchange(mine)
        scope.setdefault("state", {})["exchange"] = exchange

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = mine
            await send(message)

        label(**{REQUEST_ID: mine})
        token = request_id.set(mine)
        try:
            with begin(exchange):
                await self.app(scope, receive, tell)
        finally:
            request_id.reset(token)
        return None
