"""A server that sends, byte for byte, what a test says."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Raw:
    """Where it is, and the heads and bodies of what it was asked."""

    url: str = ""
    heads: list[bytes] = field(default_factory=list)
    sent: int = 0


def http(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """A whole reply."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", "content-type: application/json", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def server(*replies: bytes, endless: bytes = b"") -> AsyncIterator[Raw]:
    """Answer the first request with the first reply and so on, the last one over and over; then `endless` for ever."""
    raw = Raw()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
                await reader.readexactly(int(length[1]) if length else 0)
                raw.heads.append(head)
                writer.write(replies[min(len(raw.heads), len(replies)) - 1])
                await writer.drain()
                while endless:
                    writer.write(endless)
                    raw.sent += len(endless)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1") as served:
        raw.url = f"http://127.0.0.1:{served.sockets[0].getsockname()[1]}"
        yield raw
