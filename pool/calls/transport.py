"""One POST to an OpenAI-compatible endpoint over aiohttp: a fifth of the CPU that the openai client takes for it.

What fails is raised as the openai client's own errors, so that callers need not know which way a call went.
"""

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import httpx2
import openai
import orjson
from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, TCPConnector
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from smacs.pool.calls.clients import tls
from smacs.pool.calls.completion import Unreadable
from smacs.pool.calls.mend import utf8
from smacs.pool.calls.proxies import is_socks, proxy_of, socks_connector
from smacs.pool.calls.refusals import is_settled
from smacs.pool.calls.spans import tell_attempt
from smacs.pool.calls.words import READ, overflows, said, spent, status_error
from smacs.telemetry import request_id_headers, trace_headers

T = TypeVar("T")

_UTF8 = ("utf-8", "utf8")
_RETRIED = (408, 409, 429)
_CONNECT = 10.0  # seconds to connect; the rest of the deadline is the caller's
_LONGEST_WAIT = 60.0  # seconds; a longer Retry-After is not worth waiting for within a question
_LONGEST_BACKOFF = 8.0
MOST_BYTES = 32 << 20  # of a reply after decompression: ten choices of 32,000 tokens with log-probabilities


def new_session(connections: int, url: str) -> ClientSession:
    """A session of the running event loop with at most `connections` to the server at `url`.

    The environment's proxy is looked up here, once: aiohttp would do it in a thread for each request. Raises PoolError
    for one that cannot be used.
    """
    proxy = proxy_of(url)
    timeout = ClientTimeout(total=None, sock_connect=_CONNECT)
    if proxy is not None and is_socks(proxy):
        return ClientSession(connector=socks_connector(proxy, connections, tls()), timeout=timeout)
    connector = TCPConnector(limit=connections, ssl=tls())
    return ClientSession(connector=connector, timeout=timeout, proxy=proxy)


async def post(
    session: ClientSession,
    url: str,
    headers: Mapping[str, str],
    body: Any,
    *,
    retries: int,
    read: Callable[[bytes], T],
    most: int = MOST_BYTES,
) -> T:
    """What `read` makes of the body of a 200 reply of at most so many bytes.

    Retries connection errors, 408, 409, 429 and 5xx, honouring Retry-After, also where `read` raises the error of such
    a status. Raises openai.APIConnectionError, the openai.APIStatusError of the status (redirects are not followed:
    prompts and keys go where the pool file says), Unreadable, and what `read` raises.
    """
    return await retried(partial(_once, session, url, headers, orjson.dumps(body), read, most), retries)


async def retried(attempt: Callable[[], Awaitable[T]], retries: int) -> T:
    """What `attempt()` returns, tried again where that helps, up to `retries` times. Raises what the last one does."""
    try:
        return await attempt()  # the machinery of retries only where it is needed
    except openai.APIError as error:
        if retries == 0 or not helps(error):
            raise
        pause = _pause(error, 1)
    await asyncio.sleep(pause)
    attempts = AsyncRetrying(
        stop=stop_after_attempt(retries), retry=retry_if_exception(helps), wait=_wait, reraise=True
    )
    return await attempts(attempt)


async def _once(
    session: ClientSession, url: str, headers: Mapping[str, str], content: bytes, read: Callable[[bytes], T], most: int
) -> T:
    tell_attempt(url)
    known = {**headers, **request_id_headers(), **trace_headers()}
    try:
        async with session.post(url, data=content, headers=known, allow_redirects=False) as response:
            if response.status >= 300:
                raise status_error(response.status, await _start(response), response.headers)
            received = await _whole(response, most)
    except (ClientError, OSError) as error:
        raise openai.APIConnectionError(request=httpx2.Request("POST", url)) from error
    charset = response.charset
    return read(received if charset is None or charset.lower() in _UTF8 else utf8(received, charset))


async def _whole(response: ClientResponse, most: int) -> bytes:
    """The body. Raises Unreadable as soon as it has more than `most` bytes."""
    parts, size = list[bytes](), 0
    async for part in response.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > most:
            response.close()
            raise Unreadable(
                f"the reply is longer than {most / (1 << 20):g} MiB, the rest of it was not read; "
                "raise `reply_limit` in the pool file if that is what its LLM sends"
            )
    return b"".join(parts)


async def _start(response: ClientResponse) -> bytes:
    """The first bytes of the body of a refusal."""
    received = bytearray()
    async for part in response.content.iter_any():
        received += part
        if len(received) >= READ:
            response.close()
            break
    return bytes(received[:READ])


def helps(error: BaseException) -> bool:
    """Whether trying again may help: not with a prompt that is too long, nor at the end of an account's quota."""
    if isinstance(error, openai.APIStatusError):
        status, words = error.status_code, said(error.body)
        temporary = status in _RETRIED or (status >= 500 and not is_settled(error))
        return temporary and not overflows(status, words) and not (status == 429 and spent(words))
    return isinstance(error, openai.APIConnectionError)


def _wait(state: RetryCallState) -> float:
    return _pause(state.outcome.exception() if state.outcome else None, state.attempt_number + 1)


def _pause(error: BaseException | None, failed: int) -> float:
    """Seconds before the next try: what the server asks for in Retry-After, else exponential with jitter."""
    asked = error.response.headers.get("retry-after", "") if isinstance(error, openai.APIStatusError) else ""
    try:
        seconds = float(asked)
    except ValueError:
        seconds = math.nan
    if math.isnan(seconds):
        return random.uniform(0, min(0.5 * 2**failed, _LONGEST_BACKOFF))
    return min(max(seconds, 0.0), _LONGEST_WAIT)
