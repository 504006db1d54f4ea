"""The pool file: which LLMs there are, how to talk to each, how to start those that run here.

A TOML file; `pools/local.toml` is an example of every part. This file is the schema, `smacs.pool.pool` loads it.
"""

from collections.abc import Collection
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit, urlunsplit

from pydantic import BeforeValidator, Field, field_validator, model_validator

from smacs.pool.calls.urls import address_of
from smacs.pool.launch.engines import ByEngine
from smacs.pool.launch.table import Launch, Table

AnyLaunch = Annotated[Launch, ByEngine()]  # the table of the engine that it names
STYLES = ("auto", "none", "tags", "harmony", "field", "headings")


def _style(value: Any) -> Any:
    """A style, or pairs of marks; one pair counts as a list of one."""
    pairs = [value] if isinstance(value, list | tuple) and any(isinstance(mark, str) for mark in value) else value
    if value in STYLES or (isinstance(pairs, list | tuple) and pairs and all(map(_is_pair, pairs))):
        return value if isinstance(value, str) else tuple(map(tuple, pairs))
    raise ValueError(
        f"expected one of {', '.join(STYLES)}, or the two different marks around the thinking, "
        f'like ["<plan>", "</plan>"], or a list of such pairs; got {value!r}'
    )


def _is_pair(value: Any) -> bool:
    marks = isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(m, str) and m.strip() for m in value)
    return marks and value[0].lower() != value[1].lower()


Style = Annotated[str | tuple[tuple[str, str], ...], BeforeValidator(_style)]


class Sampling(Table):
    """Sampling of one LLM; what is unset comes from the question's settings, then from the server."""

    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: int | None = Field(default=None, gt=0)
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    stop: list[str] | None = None


class LLMSpec(Table):
    """One LLM of the pool."""

    endpoint: str | None = Field(default=None, description="Base URL of an OpenAI-compatible server, ending in /v1.")
    endpoints: list[str] = Field(default_factory=list, description="Further servers of the same LLM: its replicas.")
    model: str | None = Field(default=None, description="Name the server knows it by; default: its name in the pool.")
    api_key_env: str | None = Field(default=None, description="Environment variable that holds the key.")
    context: int = Field(
        default=32768, gt=0, description="Context window in tokens; default: what the server says, else this."
    )
    system: str = Field(default="", description="Put before every system prompt it gets, say to make it think.")
    sampling: Sampling = Field(default_factory=Sampling)
    extra_body: dict[str, Any] = Field(default_factory=dict, description="Sent with every request, unchanged.")
    leave_out: list[str] = Field(
        default_factory=list, description="Parameters that its endpoint refuses; they are never sent."
    )
    rename: dict[str, str] = Field(
        default_factory=dict, description="Other names that its endpoint has for parameters."
    )
    system_role: bool = Field(
        default=True, description="Whether it takes system messages; else their text goes before the first question."
    )
    thinking: Style = Field(
        default="auto",
        description="Where the thinking is: in tags, in Harmony's channels, in a field of its own, under headings, "
        "nowhere, or find out; or a pair of marks that stand around it, or several.",
    )
    logprobs: bool = Field(default=True, description="Whether the endpoint gives log-probabilities.")
    top_logprobs: int = Field(default=0, ge=0, le=20, description="top_logprobs to send: 1 for llama.cpp, else 0.")
    in_flight: int = Field(default=32, gt=0, description="Calls at once at each endpoint, over all questions.")
    deadline: float = Field(default=300.0, gt=0, description="Seconds for one call, waiting for a slot included.")
    retries: int = Field(default=2, ge=0, description="Further tries on connection errors, 408, 409, 429 and 5xx.")
    reply_limit: float = Field(
        default=32.0, gt=0, description="MiB of a reply, decompressed; a longer one is a failure."
    )
    launch: AnyLaunch | None = None

    @field_validator("endpoint")
    @classmethod
    def _http(cls, value: str | None) -> str | None:
        return _base_url(value) if value is not None else None

    @field_validator("endpoints")
    @classmethod
    def _all_http(cls, value: list[str]) -> list[str]:
        return [_base_url(url) for url in value]

    @model_validator(mode="after")
    def _reachable(self) -> "LLMSpec":
        if not self.urls and self.launch is None:
            raise ValueError("expected `endpoint` or `endpoints` (running servers) or `launch` (how to start one)")
        return self

    @field_validator("leave_out", "rename")
    @classmethod
    def _droppable(cls, value: Collection[str]) -> Collection[str]:
        needed = [name for name in value if name in ("model", "messages")]
        if needed:
            raise ValueError(f"expected parameters that a request can do without, {needed[0]!r} is not one of them")
        return value

    @model_validator(mode="after")
    def _one_login(self) -> "LLMSpec":
        if self.api_key_env and any(address_of(url).authorization for url in self.urls):
            raise ValueError("expected either a login in the endpoint's URL or `api_key_env`: both are one header")
        return self

    @property
    def window(self) -> int | None:
        """Its context window in tokens, if the pool file says it: in `context`, or in the `launch` of its server."""
        if "context" in self.model_fields_set:
            return self.context
        return self.launch.context if self.launch else None

    @property
    def urls(self) -> tuple[str, ...]:
        """Base URLs of its running servers: `endpoint` first, then `endpoints`, each once."""
        return tuple(dict.fromkeys([*([self.endpoint] if self.endpoint else []), *self.endpoints]))


def _base_url(value: str) -> str:
    parts = urlsplit(value.strip())
    if parts.scheme not in ("http", "https"):
        raise ValueError("expected a URL that begins with http:// or https://")
    try:
        there = bool(parts.hostname) and parts.port != 0
    except ValueError:
        there = False
    if not there:
        raise ValueError(
            "expected a URL with a host, such as http://host:8000/v1; `/` and `#` of a password as %2F and %23"
        )
    return urlunsplit(parts._replace(path=parts.path.rstrip("/"), fragment=""))


class EmbedderSpec(Table):
    """The embedder of questions and candidates."""

    kind: Literal["sentence-transformers", "openai"] = "sentence-transformers"
    model: str = Field(default="all-MiniLM-L6-v2", description="Model name, hub id or folder.")
    dimension: int | None = Field(default=None, gt=0, description="Length of its vectors, checked when set.")
    query_template: str = Field(default="{text}", description="How a question is put to the embedder.")
    document_template: str = Field(default="{text}", description="How bank questions and candidates are put to it.")
    endpoint: str | None = Field(default=None, description="Base URL, for kind openai.")
    api_key_env: str | None = None
    deadline: float = Field(default=60.0, gt=0)
    in_flight: int = Field(default=16, gt=0)
    batch: int = Field(default=64, gt=0, description="Texts per request.")

    @field_validator("endpoint")
    @classmethod
    def _http(cls, value: str | None) -> str | None:
        return _base_url(value) if value is not None else None

    @field_validator("query_template", "document_template")
    @classmethod
    def _has_text(cls, value: str) -> str:
        if "{text}" not in value:
            raise ValueError("expected a template that contains {text}")
        return value


class PoolFile(Table):
    """The whole pool file."""

    llms: dict[str, LLMSpec] = Field(min_length=1, description="The LLMs; their order breaks ties.")
    aggregators: list[str] = Field(min_length=1, description="Aggregator LLMs, the first one that works is used.")
    embedder: EmbedderSpec | None = Field(default=None, description="Default: the one the bank names.")
    embedder_launch: AnyLaunch | None = Field(default=None, description="How the embedder is served, for kind openai.")
    settings: dict[str, Any] = Field(default_factory=dict, description="Settings of the graph for this pool.")

    @field_validator("embedder_launch")
    @classmethod
    def _embeds(cls, value: Launch | None) -> Launch | None:
        if value and not value.on_gpus:
            raise ValueError(f"expected an engine that can serve embedders; {value.engine} cannot")
        return value

    @model_validator(mode="after")
    def _known(self) -> "PoolFile":
        unknown = [name for name in self.aggregators if name not in self.llms]
        if unknown:
            raise ValueError(f"aggregators names {unknown[0]!r}; the pool has {', '.join(self.llms)}")
        return self
