"""How far the reply to a request has got."""

from starlette.datastructures import Headers
from starlette.types import Message, Send

HUNG_UP = 499  # the client was gone before there was a reply
FAILED = 500


class Reply:
    """A `send` that notes what passes: the status (0: nothing was sent yet), whether it streams, whether it is over."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        self.streams = False
        self.finished = False

    async def __call__(self, message: Message) -> None:
        """Send a message."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.streams = Headers(scope=message).get("content-type", "").startswith("text/event-stream")
        elif message["type"] == "http.response.body":
            self.finished = not message.get("more_body", False)
        await self._send(message)
