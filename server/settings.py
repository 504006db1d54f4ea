"""The operator's settings: environment variables `SMACS_SERVER_...`, or options of `smacs serve`."""

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from smacs.errors import InputError
from smacs.graph.ceilings import Ceilings
from smacs.pool.pool import describe

_ORIGIN = re.compile(r"\*|[a-z][a-z0-9+.-]*://[^/\s,]+")


def _listed(value: Any) -> Any:
    """Names separated by commas, as in an environment variable."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _origin(value: str) -> str:
    if not _ORIGIN.fullmatch(value):
        raise ValueError(f"expected an origin such as https://chat.example.org, without a path, or *; got {value!r}")
    return value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
Origins = Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], NoDecode, BeforeValidator(_listed)]


class ServerSettings(BaseSettings):
    """Limits and keys of the server, for example `SMACS_SERVER_RUNNING=64`."""

    model_config = SettingsConfigDict(env_prefix="SMACS_SERVER_", frozen=True)

    keys_file: Path | None = Field(default=None, description="File of API keys, hashed; without it nobody needs a key.")
    host: str = Field(default="", description="Address that `smacs serve` listens at, also a name of the server.")
    allow_host: Names = Field(default=(), description="Names of the server; `*.example.org`, `*`.")
    allow_origin: Origins = Field(default=(), description="Origins whose pages may ask; `*` is any.")
    max_body: int = Field(default=1_000_000, gt=0, description="Largest request body, in bytes.")
    running: int = Field(default=32, gt=0, description="Requests answered at once.")
    waiting: int = Field(default=64, ge=0, description="Requests that may wait for their turn; past it 429.")
    retry_after: int = Field(default=2, gt=0, description="Seconds that a refused client is told to wait.")
    deadline: float = Field(default=660.0, gt=0, description="Seconds for a whole request, waiting included.")
    max_head: int = Field(default=65_536, ge=1024, description="Largest request line with header fields, in bytes.")
    head: float = Field(default=10.0, gt=0, description="Seconds until the head of a request has arrived.")
    upload: float = Field(default=30.0, gt=0, description="Seconds until the body of a request has arrived.")
    stall: float = Field(default=30.0, gt=0, description="Seconds that a client may leave its reply unread.")
    keep_alive: int = Field(default=5, ge=0, description="Seconds that a connection without a request stays open.")
    connections: int = Field(default=1000, gt=0, description="Most connections; at most half of RLIMIT_NOFILE.")
    client_connections: int = Field(default=100, gt=0, description="Connections of one address with full times.")
    grace: float = Field(default=30.0, ge=0, description="Seconds that SIGTERM leaves requests to end.")
    max_n: int = Field(default=8, gt=0, description="Most answers (`n`) of one request.")
    max_k: int | None = Field(default=None, gt=0, description="Largest setting k; none: the size of the pool.")
    max_candidates: int = Field(default=64, gt=0, description="Largest setting n: candidates, or samples.")
    max_deadline: float = Field(default=3600.0, gt=0, description="Largest setting deadline, in seconds.")
    max_completions: int = Field(default=256, gt=0, description="Most completions of a request, over all LLMs.")
    max_tokens: int = Field(default=4_194_304, gt=0, description="Most tokens of a request: completions x max_tokens.")

    @property
    def ceilings(self) -> Ceilings:
        """What a request may ask of the LLMs at most."""
        return Ceilings(
            k=self.max_k,
            n=self.max_candidates,
            deadline=self.max_deadline,
            completions=self.max_completions,
            tokens=self.max_tokens,
        )


def load_settings(**given: Any) -> ServerSettings:
    """The settings of the environment; those `given` that are not None win. Raises InputError."""
    try:
        return ServerSettings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise InputError(f"Settings of the server (SMACS_SERVER_...): {describe(error)}") from error
