"""The id of the request that is being answered, and spans of OpenTelemetry around the work done for it.

The id is set once, where the request comes in, and read by logs, spans and LLM calls. It is a context variable: every
task that the request starts carries it, and no task of another request does.

Spans are recorded only where somebody collects them, and cost next to nothing elsewhere. Whoever has set a tracer
provider gets them: the application that SMACS is part of, `opentelemetry-instrument`, or `smacs.exporters`. By default
none of them says what was asked or answered.
"""

import re
import sys
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar, Token
from functools import lru_cache
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer, TracerProvider

REQUEST_ID_HEADER = "X-Request-ID"
REQUEST_ID = "smacs.request.id"  # the attribute of spans

Value = str | bool | int | float | Sequence[str] | None
Kind = Literal["INTERNAL", "CLIENT"]

_SANE = re.compile(r"[A-Za-z0-9._-]{1,128}")

request_id: ContextVar[str] = ContextVar("smacs_request_id", default="")
"""Empty where nobody asked over HTTP."""


def request_id_from(given: str | None) -> str:
    """The id that a client gave where it is sane (1 to 128 of A-Z a-z 0-9 . _ -), else a new one."""
    return given if given is not None and _SANE.fullmatch(given) else uuid.uuid4().hex


def request_id_headers() -> dict[str, str]:
    """The header that tells an endpoint for which request it is called; empty where nobody asked over HTTP.

    Each call gets an id of its own that begins with the request's: vLLM takes the header for the id of the call, and
    fails when two calls have the same one.
    """
    mine = request_id.get()
    return {REQUEST_ID_HEADER: f"{mine}-{uuid.uuid4().hex[:8]}"} if mine else {}


class Span:
    """A span that is recorded nowhere, and the base of those that are."""

    recorded = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def set(self, **attributes: Value) -> None:
        """Add attributes; None adds nothing."""

    def count(self, attribute: str) -> None:
        """Add 1 to an attribute."""

    def fail(self, error: str) -> None:
        """Say that it failed, and with what kind of error."""


NOTHING = Span()
_open: ContextVar[Span | None] = ContextVar("smacs_span", default=None)


class _Recorded(Span):
    recorded = True

    def __init__(self, manager: AbstractContextManager[Any]) -> None:
        self._manager = manager
        self._counts: dict[str, int] = {}
        self._span: Any
        self._token: Token[Span | None]

    def __enter__(self) -> Self:
        self._span = self._manager.__enter__()
        self._token = _open.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.fail(kind.__name__)  # never its message, which may repeat what was asked
        _open.reset(self._token)
        self._manager.__exit__(None, None, None)

    def set(self, **attributes: Value) -> None:
        self._span.set_attributes(without_none(attributes))

    def count(self, attribute: str) -> None:
        self._counts[attribute] = self._counts.get(attribute, 0) + 1
        self._span.set_attribute(attribute, self._counts[attribute])

    def fail(self, error: str) -> None:
        from opentelemetry.trace import StatusCode

        self._span.set_attribute("error.type", error)
        self._span.set_status(StatusCode.ERROR)


def span(name: str, kind: Kind = "INTERNAL", /, **attributes: Value) -> Span:
    """A span around a `with` block, child of the one that is open here.

    Attributes with dots in their names are passed as `**{"gen_ai.request.model": ...}`.
    """
    tracer = _tracer()
    if tracer is None:
        return NOTHING
    from opentelemetry.trace import SpanKind

    attributes[REQUEST_ID] = request_id.get() or None
    manager = tracer.start_as_current_span(
        name,
        kind=SpanKind[kind],
        attributes=without_none(attributes),
        record_exception=False,
        set_status_on_exception=False,
    )
    return _Recorded(manager)


def collected() -> bool:
    """Whether anybody collects spans."""
    return _tracer() is not None


def current() -> Span | None:
    """The span of ours that is open here."""
    return _open.get()


def _tracer() -> "Tracer | None":
    trace = sys.modules.get("opentelemetry.trace")  # nobody has set a provider without importing it
    if trace is None:
        return None
    provider = trace.get_tracer_provider()
    return None if isinstance(provider, trace.ProxyTracerProvider) else _tracer_of(provider)


@lru_cache(maxsize=4)
def _tracer_of(provider: "TracerProvider") -> "Tracer":
    return provider.get_tracer("smacs")


def without_none(attributes: Mapping[str, Value]) -> dict[str, Any]:
    """The attributes that have a value."""
    return {name: value for name, value in attributes.items() if value is not None}


def label(**attributes: Value) -> None:
    """Add attributes to the open span, whoever has opened it."""
    if collected():
        from opentelemetry.trace import get_current_span

        get_current_span().set_attributes(without_none(attributes))


def trace_id() -> str:
    """The id of the open span's trace, in hexadecimal; empty where nobody collects any."""
    if not collected():
        return ""
    from opentelemetry.trace import get_current_span

    known = get_current_span().get_span_context()
    return f"{known.trace_id:032x}" if known.is_valid else ""


def trace_headers() -> dict[str, str]:
    """The headers that make the other side's spans children of the open one; none where nobody collects any."""
    headers: dict[str, str] = {}
    if collected():
        from opentelemetry.propagate import inject

        inject(headers)
    return headers
