"""The span that is open here, whoever has opened it: FastAPI's, an application's, or one of ours."""

from smacs.pool.telemetry import Value, collected, without_none


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
