"""How much GPU memory a model needs: plain arithmetic over its shape.

    weights       = parameters x bytes per weight
    KV per token  = 2 x layers x KV heads x head dimension x bytes         (2: keys and values)
    KV            = KV per token x tokens that are held at once
    on each GPU   = weights / tp + KV x share of the KV heads + reserve

Tensor parallelism splits the KV heads; with more GPUs than KV heads each GPU holds one head, so that the KV cache stops
shrinking. A sliding layer (Gemma) keeps its window of each sequence and no more.
"""

from smacs.pool.launch.table import Shape
from smacs.pool.plan.gpus import GB

# Of one server on one GPU: CUDA context and graphs, NCCL buffers, activations of a batch of 8,192 tokens.
RESERVE = 4 * GB


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
    """Whether vLLM can split the heads over so many GPUs; KV heads are split, or copied as often."""
    whole = shape.kv_heads % parallel == 0 or parallel % shape.kv_heads == 0
    return shape.heads % parallel == 0 and whole


def _layer(shape: Shape) -> float:
    return 2 * shape.kv_heads * shape.head_dim * shape.kv_bytes
