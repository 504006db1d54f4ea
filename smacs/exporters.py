"""Where spans are sent: set up by the standard variables of OpenTelemetry, most of which the SDK reads itself.

Nothing is sent unless OTEL_TRACES_EXPORTER or an OTLP endpoint is set. OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES,
OTEL_TRACES_SAMPLER, OTEL_BSP_* and OTEL_EXPORTER_OTLP_* are the SDK's and the exporter's own.
"""

import os
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from smacs.errors import InputError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_OTLP = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}
_GROUP = "opentelemetry_traces_exporter"


def export_spans(service: str = "smacs") -> bool:
    """Send spans where the environment says; whether there is such a place. A provider that is set already stays.

    `service` is the name where OTEL_SERVICE_NAME gives none. Raises InputError for an exporter that is not installed.
    """
    names = _exporters()
    if not names:
        return False
    from opentelemetry import trace
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    if not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return True
    resource = Resource.create({"service.name": service}).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=resource)
    for name in names:
        provider.add_span_processor(BatchSpanProcessor(_exporter(name)))
    trace.set_tracer_provider(provider)
    return True


def _exporters() -> list[str]:
    """The names in OTEL_TRACES_EXPORTER; `otlp` where only an endpoint is set; none where spans are off."""
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return []
    named = os.environ.get("OTEL_TRACES_EXPORTER") or ("otlp" if any(map(os.environ.get, _ENDPOINTS)) else "none")
    return [name for part in named.split(",") if (name := part.strip().lower()) not in ("", "none")]


def _exporter(name: str) -> "SpanExporter":
    if name == "otlp":
        protocol = next(filter(None, map(os.environ.get, _PROTOCOLS)), "http/protobuf")
        name = _OTLP.get(protocol.strip(), protocol)
    installed = {entry.name: entry for entry in entry_points(group=_GROUP)}
    if name not in installed:
        raise InputError(
            f"OTEL_TRACES_EXPORTER: the exporter {name!r} is not installed; there are {', '.join(sorted(installed))}. "
            "`otlp` over HTTP comes with `pip install 'smacs[serve]'`, others with their own packages. Set it to "
            "`none` to go without."
        )
    exporter: SpanExporter = installed[name].load()()
    return exporter
