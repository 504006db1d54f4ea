"""Errors as OpenAI's clients expect them: `{"error": {"message", "type", "param", "code"}}`.

A `SmacsError` is answered with its own status, and with its text where that is for clients. Anything unexpected is a
500 whose text reveals nothing; the log has it, with the request id.
"""

import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from smacs.errors import SmacsError
from smacs.pool.pool import describe_all
from smacs.server.lines import json_line
from smacs.visible import one_line

LONGEST = 4000  # characters of a message, whatever it repeats
HUNG_UP = 499  # the client was gone before there was a reply; nginx logs it so

logger = logging.getLogger("smacs.server")

DOCUMENTED: dict[int | str, dict[str, Any]] = {
    400: {"description": "A part of the request cannot be used; `param` says which"},
    401: {"description": "No key, or one that is not valid"},
    403: {"description": "The server is not known by the name in `Host`"},
    404: {"description": "No such model; the text lists those that exist"},
    408: {"description": "The body did not arrive in time"},
    413: {"description": "The body is too large"},
    429: {"description": "A limit of the key, or too many questions at once; Retry-After says when to ask again"},
    431: {"description": "The head is too large"},
    503: {"description": "No LLM answered, the bank or embedder cannot be used, or the server is stopping"},
    504: {"description": "No answer within the deadline"},
}

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class ApiError(SmacsError):
    """A request that cannot be answered: `status`, the field `param` it is about, and a `code` for programs."""

    def __init__(self, message: str, *, status: int = 400, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.public = None  # its text is for clients
        self.status = status
        self.param = param
        self.code = code


def error_body(error: Exception) -> tuple[int, dict[str, Any]]:
    """Status and body of an error; one that is neither ours nor HTTP's is logged, and its text is not sent."""
    match error:
        case ApiError():
            return error.status, _shape(error.status, str(error), error.param, error.code)
        case SmacsError():
            return error.status, _shape(error.status, _public_text(error))
        case RequestValidationError():
            return 400, _shape(400, *_describe(error.errors()))
        case HTTPException():
            return error.status_code, _shape(error.status_code, str(error.detail))
        case _:
            logger.error("unexpected error", exc_info=error)
            return 500, _shape(500, "The server failed in an unexpected way; its log says why, by the request id.")


def error_response(error: Exception, headers: Mapping[str, str] | None = None) -> Response:
    """The reply to an error, for example `error_response(ApiError("...", status=429), {"Retry-After": "2"})`."""
    status, body = error_body(error)
    own = error.headers if isinstance(error, HTTPException) else None
    return Response(json_line(body), status, {**(own or {}), **(headers or {})}, "application/json")


class OpenAIRequest(Request):
    """A request whose body is strict JSON: no NaN, no half of a surrogate pair."""

    async def json(self) -> Any:
        """The body. Raises JSONDecodeError."""
        return orjson.loads(await self.body())


class OpenAIRoute(APIRoute):
    """A route whose body is strict JSON and whose errors, unexpected ones too, have OpenAI's shape."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """See `APIRoute`."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await handler(OpenAIRequest(request.scope, request.receive))
            except Exception as error:
                return error_response(error)

        return handle


def install(app: FastAPI, *, shared: bool) -> None:
    """Give errors outside of our own routes the same shape; `shared`: other paths belong to LangGraph's server."""

    async def answer(request: Request, error: Exception) -> Response:
        if shared and isinstance(error, HTTPException) and not request.url.path.startswith("/v1/"):
            return await http_exception_handler(request, error)
        return error_response(error)

    for kind in (SmacsError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, answer)


def _shape(status: int, message: str, param: str | None = None, code: str | None = None) -> dict[str, Any]:
    kind = _TYPES.get(status) or ("server_error" if status >= 500 else "invalid_request_error")
    if len(message) > LONGEST:
        message = f"{message[:LONGEST]}... ({len(message) - LONGEST:,} characters more)"
    return {"error": {"message": message, "type": kind, "param": param and param[:80], "code": code}}


def _describe(problems: Sequence[Any]) -> tuple[str, str | None]:
    """The first problems of a body on one line, and the field that the first of them is about."""
    if isinstance(problems[0]["input"], bytes):
        return "Expected a body of JSON, announced by `Content-Type: application/json`.", None
    if problems[0]["type"] == "json_invalid":
        return f"The body is no valid JSON: {problems[0]['ctx']['error']}.", None
    fields = [".".join(map(str, problem["loc"][1:])) for problem in problems]
    return describe_all(problems, [field or "body" for field in fields]), fields[0] or None


def _public_text(error: SmacsError) -> str:
    """What clients may read of it; the rest goes to the log."""
    if error.public is None or str(error) == error.public:
        return str(error)
    logger.error("%s: %s", type(error).__name__, one_line(str(error)))
    return error.public
