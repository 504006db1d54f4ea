"""Which variables turn spans on, and where to."""

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from smacs.errors import InputError
from smacs.exporters import export_spans

VARIABLES = ("OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER", "OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES")
ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL")


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> list[TracerProvider]:
    """The providers that are set while this test runs; no variable is."""
    for name in (*VARIABLES, *ENDPOINTS):
        monkeypatch.delenv(name, raising=False)
    providers: list[TracerProvider] = []
    monkeypatch.setattr(trace, "get_tracer_provider", trace.ProxyTracerProvider)
    monkeypatch.setattr(trace, "set_tracer_provider", providers.append)
    return providers


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"},
        {"OTEL_SDK_DISABLED": "true", "OTEL_TRACES_EXPORTER": "console"},
    ],
)
def test_off_unless_asked_for(
    variables: dict[str, str], made: list[TracerProvider], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert export_spans() is False
    assert made == []


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({}, "smacs"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=theirs"}, "theirs"),
        ({"OTEL_SERVICE_NAME": "mine", "OTEL_RESOURCE_ATTRIBUTES": "service.name=theirs"}, "mine"),
    ],
)
def test_an_endpoint_is_enough_and_the_service_has_a_name(
    variables: dict[str, str], name: str, made: list[TracerProvider], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    assert export_spans() is True
    (provider,) = made
    assert provider.resource.attributes["service.name"] == name
    provider.shutdown()


def test_a_provider_that_is_there_stays(made: list[TracerProvider], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")
    theirs = TracerProvider()
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: theirs)
    assert export_spans() is True
    assert made == []


@pytest.mark.parametrize(
    ("variables", "lacking"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "'zipkin'"),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, "'http/json'"),
    ],
)
def test_an_exporter_that_is_not_there_is_said(
    variables: dict[str, str], lacking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=f"the exporter {lacking} is not installed; there are .*console"):
        export_spans()
