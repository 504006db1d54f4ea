"""What the operator sets: by environment variables `SMACS_SERVER_...`, or as options of `smacs serve`."""

from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from smacs.graph.ceilings import Ceilings
from smacs.pool.errors import InputError
from smacs.pool.pool import describe


class ServerSettings(BaseSettings):
    """Limits and keys of the server, for example `SMACS_SERVER_RUNNING=64`."""

    model_config = SettingsConfigDict(env_prefix="SMACS_SERVER_", frozen=True)

    keys_file: Path | None = Field(default=None, description="API keys, hashed; none: nobody needs a key.")
    max_body: int = Field(default=1_000_000, gt=0, description="Largest request body, in bytes.")
    running: int = Field(default=32, gt=0, description="Requests answered at once.")
    waiting: int = Field(default=64, ge=0, description="Requests that may wait for their turn; past it 429.")
    retry_after: int = Field(default=2, gt=0, description="Seconds that a refused client is told to wait.")
    deadline: float = Field(default=660.0, gt=0, description="Seconds for a whole request, waiting included.")
    upload: float = Field(default=30.0, gt=0, description="Seconds until the body of a request has arrived.")
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
    """The settings of the environment, under those `given` that are not None. Raises InputError."""
    try:
        return ServerSettings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise InputError(f"Settings of the server (SMACS_SERVER_...): {describe(error)}") from error
