"""One POST to an OpenAI-compatible endpoint over aiohttp: a fifth of the CPU that the openai client takes for it.

What fails is raised as the openai client's own errors, so that callers need not know which way a call went.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import httpx2
import openai
import orjson
from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from smacs.pool.clients import tls
from smacs.pool.open_span import trace_headers
from smacs.pool.proxies import is_socks, proxy_of, socks_connector
from smacs.pool.refusals import is_settled
from smacs.pool.request import id_headers
from smacs.pool.spans import tell_attempt

T = TypeVar("T")

_ERRORS: dict[int, type[openai.APIStatusError]] = {
    400: openai.BadRequestError,
    401: openai.AuthenticationError,
    403: openai.PermissionDeniedError,
    404: openai.NotFoundError,
    409: openai.ConflictError,
    422: openai.UnprocessableEntityError,
    429: openai.RateLimitError,
}
_RETRIED = (408, 409, 429)
_CONNECT = 10.0  # seconds to connect; the rest of the deadline is the caller's
_LONGEST_WAIT = 60.0  # seconds; a longer Retry-After is not worth waiting for within a question
_LONGEST_BACKOFF = 8.0


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


async def post(session: ClientSession, url: str, headers: Mapping[str, str], body: Any, *, retries: int) -> bytes:
    """The body of a 200 reply. Retries connection errors, 408, 409, 429 and 5xx, honouring Retry-After.

    Raises openai.APIConnectionError, or the openai.APIStatusError of the status.
    """
    return await retried(partial(_once, session, url, headers, orjson.dumps(body)), retries)


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


async def _once(session: ClientSession, url: str, headers: Mapping[str, str], content: bytes) -> bytes:
    tell_attempt(url)
    known = {**headers, **id_headers(), **trace_headers()}
    try:
        async with session.post(url, data=content, headers=known) as response:
            received = await response.read()
    except (ClientError, OSError) as error:
        raise openai.APIConnectionError(request=httpx2.Request("POST", url)) from error
    if response.status == 200:
        return received
    reply = httpx2.Response(
        response.status, headers=dict(response.headers), content=received, request=httpx2.Request("POST", url)
    )
    raise _status_error(reply)


def _status_error(response: httpx2.Response) -> openai.APIStatusError:
    status = response.status_code
    kind = _ERRORS.get(status, openai.InternalServerError if status >= 500 else openai.APIStatusError)
    try:
        body = orjson.loads(response.content)
        body = body.get("error", body) if isinstance(body, dict) else body
    except ValueError:
        body = response.text[:200]
    return kind(f"Error code: {status}", response=response, body=body)


def helps(error: BaseException) -> bool:
    """Whether trying again may help."""
    if isinstance(error, openai.APIStatusError):
        return error.status_code in _RETRIED or (error.status_code >= 500 and not is_settled(error))
    return isinstance(error, openai.APIConnectionError)


def _wait(state: RetryCallState) -> float:
    return _pause(state.outcome.exception() if state.outcome else None, state.attempt_number + 1)


def _pause(error: BaseException | None, failed: int) -> float:
    """Seconds before the next try: what the server asks for in Retry-After, else exponential with jitter."""
    asked = error.response.headers.get("retry-after", "") if isinstance(error, openai.APIStatusError) else ""
    try:
        return min(max(float(asked), 0.0), _LONGEST_WAIT)
    except ValueError:
        return random.uniform(0, min(0.5 * 2**failed, _LONGEST_BACKOFF))
