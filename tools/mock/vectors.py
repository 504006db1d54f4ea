"""Embeddings replies: a unit vector for each text that depends on nothing but the text."""

import base64
import hashlib
from functools import lru_cache

import numpy as np
import orjson


@lru_cache(maxsize=4096)
def vector(text: str, dimension: int, as_base64: bool) -> bytes:
    """The text's unit vector as JSON: a list of floats, or the base64 of little-endian float32."""
    seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
    drawn = np.random.default_rng(seed).standard_normal(dimension)
    unit = (drawn / np.linalg.norm(drawn)).astype("<f4")
    return orjson.dumps(base64.b64encode(unit.tobytes()).decode() if as_base64 else unit.tolist())


def embeddings(model: str, texts: list[str], dimension: int, as_base64: bool) -> bytes:
    """An embeddings reply with one vector for each text."""
    rows = (
        b'{"object":"embedding","index":%d,"embedding":%b}' % (index, vector(text, dimension, as_base64))
        for index, text in enumerate(texts)
    )
    tokens = sum(map(len, texts)) // 4
    head = b'{"object":"list","model":%b,"data":[' % orjson.dumps(model)
    return head + b",".join(rows) + b'],"usage":{"prompt_tokens":%d,"total_tokens":%d}}' % (tokens, tokens)
