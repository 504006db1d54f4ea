"""How much GPU memory a server needs: plain arithmetic over its shape.

    weights       = parameters x bytes per weight
    KV per token  = 2 x layers x KV heads x head dimension x bytes         (2: keys and values)
    KV            = KV per token x tokens that are held at once
    on each GPU   = weights / tp + KV x share of the KV heads + reserve

Tensor parallelism splits the KV heads; with more GPUs than KV heads each GPU holds one head, so that the KV cache stops
shrinking. A sliding layer (Gemma) keeps its window of each sequence and no more.
"""

from dataclasses import dataclass

from smacs.errors import InputError
from smacs.pool.launch.engines import Order
from smacs.pool.launch.table import GpuLaunch, Shape

GB = 1e9  # the G of `--gpus 8x80G`: 80G cards have 85.5e9 bytes, so that a plan errs on the safe side
# Of one server on one GPU: CUDA context and graphs, NCCL buffers, activations of a batch of 8,192 tokens.
RESERVE = 4 * GB
MEAN = 4096  # tokens of a call in the KV cache, prompt and half of the reply: the paper's replies have up to 8,192
EMBEDDER_CALLS = 4  # an embedding is done with its KV cache after one pass


@dataclass(frozen=True, slots=True)
class Server:
    """One server of an LLM, or of the embedder: `model` is what clients call it; window and KV cache in tokens."""

    name: str
    llm: str
    model: str
    launch: GpuLaunch
    shape: Shape
    window: int
    sequences: int
    tokens: int
    port: int
    pinned: bool = False  # belongs into the first round: aggregation needs it

    @classmethod
    def of(
        cls, order: Order[GpuLaunch], source: str, *, mean: int = MEAN, in_flight: int | None = None, pinned: bool
    ) -> "Server":
        """The server of an order. Its KV cache holds `in_flight` calls of `mean` tokens each, at least one window.

        `in_flight` is the LLM's own number by default. `source` names the pool.

        Raises:
            InputError: the shape of the model is missing.
        """
        launch = order.launch
        if launch.shape is None:
            raise InputError(f"{source}: {order.name} has no `shape` in its `launch`, so its memory is not known.")
        calls = EMBEDDER_CALLS if launch.is_embedder else in_flight or order.in_flight
        window = launch.context or order.context
        return cls(
            name=order.name,
            llm=order.llm,
            model=order.alias,
            launch=launch,
            shape=launch.shape,
            window=window,
            sequences=calls,
            tokens=max(window, calls * min(mean, window)),
            port=order.port,
            pinned=pinned,
        )

    @property
    def weights(self) -> float:
        """Bytes of its weights."""
        return weight_bytes(self.shape)

    @property
    def kv(self) -> float:
        """Bytes of its KV cache."""
        return kv_bytes(self.shape, self.tokens, self.sequences)

    def need(self, parallel: int) -> float:
        """Bytes on each of `parallel` GPUs."""
        return self.weights / parallel + self.kv * kv_share(self.shape, parallel) + RESERVE


def weight_bytes(shape: Shape) -> float:
    """Bytes of the weights, over all GPUs."""
    return shape.parameters * 1e9 * shape.weight_bytes


def kv_bytes_per_token(shape: Shape) -> float:
    """Bytes of keys and values that one more token needs in all layers, sliding ones included."""
    return shape.layers * _layer(shape)


def kv_bytes(shape: Shape, tokens: int, sequences: int) -> float:
    """Bytes of the KV cache that holds `tokens` tokens of `sequences` sequences."""
    kept = min(tokens, sequences * shape.sliding_window)
    return _layer(shape) * ((shape.layers - shape.sliding_layers) * tokens + shape.sliding_layers * kept)


def kv_share(shape: Shape, parallel: int) -> float:
    """Share of the KV cache that each of `parallel` GPUs holds."""
    return max(1.0, shape.kv_heads / parallel) / shape.kv_heads


def parallel_sizes(shape: Shape, most: int) -> list[int]:
    """Tensor parallel sizes up to `most`: powers of two that divide the attention heads and go with the KV heads."""
    powers = [1 << exponent for exponent in range(most.bit_length()) if 1 << exponent <= most]
    return [size for size in powers if divides(shape, size)]


def divides(shape: Shape, parallel: int) -> bool:
    """Whether vLLM can split the heads over `parallel` GPUs; KV heads are split, or copied if there are too few."""
    whole = shape.kv_heads % parallel == 0 or parallel % shape.kv_heads == 0
    return shape.heads % parallel == 0 and whole


def _layer(shape: Shape) -> float:
    return 2 * shape.kv_heads * shape.head_dim * shape.kv_bytes
