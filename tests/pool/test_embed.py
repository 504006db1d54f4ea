"""Embedders: templates, normalisation, and what a question is sent as."""

import base64
import json
import math
from collections.abc import Sequence

import numpy as np
import pytest

from smacs.errors import EmbedderDownError, EmbedderMismatchError
from smacs.pool.config import EmbedderSpec
from smacs.pool.embed import in_template, make_embedder, normalise
from tests.support.raw import http, server
from tools.mock.process import MockServer


def spec(mock: MockServer, **fields: object) -> EmbedderSpec:
    base = {"kind": "openai", "model": "mock-embedder", "endpoint": mock.url, "dimension": 16}
    return EmbedderSpec.model_validate(base | fields)


def test_queries_and_documents_have_templates_of_their_own() -> None:
    one = EmbedderSpec(query_template="Find: {text}", document_template="{text} {braces}")
    assert in_template(one, ["a {x}"], query=True) == ["Find: a {x}"]
    assert in_template(one, ["a"], query=False) == ["a {braces}"]


def test_rows_are_normalised_however_large_they_are() -> None:
    rows = normalise(np.array([[3.0, 4.0], [1.5e38, 2e38]], dtype=np.float32), EmbedderSpec(dimension=2))
    assert rows.tolist() == [pytest.approx([0.6, 0.8]), pytest.approx([0.6, 0.8])]
    assert rows.dtype == np.float32


@pytest.mark.parametrize(
    ("row", "what"), [([math.nan, 1.0], "NaN or infinity"), ([0.0, math.inf], "NaN or infinity"), ([0.0, 0.0], "zeros")]
)
def test_rows_without_a_direction_are_refused_by_the_embedders_name(row: list[float], what: str) -> None:
    with pytest.raises(EmbedderDownError, match=f"Embedder mine: .* got 1 of 2 that cannot .*{what}"):
        normalise(np.array([[3.0, 4.0], row]), EmbedderSpec(model="mine", dimension=2))


async def test_a_question_is_sent_in_the_query_template(mock: MockServer) -> None:
    embedder = make_embedder(spec(mock, query_template="Find: {text}", document_template="Doc: {text}"))
    await embedder.embed(["spider"], query=True)
    await embedder.embed(["spider"])
    sent = [body["input"] for body in mock.stats().bodies("mock-embedder")]
    assert sent == [["Find: spider"], ["Doc: spider"]]


async def test_many_texts_go_in_batches_and_come_back_in_order(mock: MockServer) -> None:
    texts = [f"text {i}" for i in range(10)]
    whole = await make_embedder(spec(mock)).embed(texts)
    batched = await make_embedder(spec(mock, batch=3)).embed(texts)
    assert np.array_equal(whole, batched)
    assert np.allclose(np.linalg.norm(whole, axis=1), 1)


async def test_another_dimension_is_refused(mock: MockServer) -> None:
    with pytest.raises(EmbedderMismatchError, match="expected vectors of 32 dimensions, got 16"):
        await make_embedder(spec(mock, dimension=32)).embed(["a"])


async def test_an_endpoint_that_is_no_embedder_is_named(mock: MockServer) -> None:
    mock.set("mock-embedder", fault="garbage")
    with pytest.raises(EmbedderDownError, match=r"mock-embedder at http://127\.0\.0\.1:"):
        await make_embedder(spec(mock)).embed(["a"])


def vectors(*rows: object, indices: Sequence[int | None] | None = None) -> bytes:
    numbers = range(len(rows)) if indices is None else indices
    items = [{"index": number, "embedding": row} for number, row in zip(numbers, rows, strict=True)]
    return json.dumps({"data": items}).encode()


def packed(*numbers: float) -> str:
    return base64.b64encode(np.array(numbers, "<f4").tobytes()).decode()


@pytest.mark.parametrize(
    "reply",
    [
        vectors([3.0, 4.0], [1, 0]),
        vectors([1.0, 0.0], [3.0, 4.0], indices=[1, 0]),
        vectors([3.0, 4.0], [1.0, 0.0], indices=[None, None]),
        vectors(packed(3, 4), packed(1, 0)),
    ],
)
async def test_vectors_are_read_in_the_order_of_the_texts(reply: bytes) -> None:
    async with server(http(reply)) as raw:
        rows = await make_embedder(EmbedderSpec(kind="openai", endpoint=f"{raw.url}/v1")).embed(["a", "b"])
    assert rows.tolist() == [pytest.approx([0.6, 0.8]), pytest.approx([1.0, 0.0])]


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (vectors([1.0, 0.0]), "expected 2 vectors, one for each text, got 1"),
        (vectors([1.0, 0.0], [1.0, 0.0], [1.0, 0.0]), "got 3"),
        (vectors([1.0, 0.0], [0.0, 1.0], indices=[0, 0]), "got 2 numbered 0, 0"),
        (vectors([1.0, 0.0], [0.0, 1.0], indices=[1, 2]), "got 2 numbered 1, 2"),
        (vectors([1.0, 0.0], [1.0]), "expected vectors of one length, got 1, 2"),
        (vectors([1.0, 0.0], [math.nan, 1.0]), "got 1 of 2 that cannot (the first has NaN or infinity in it)"),
        (vectors([1.0, 0.0], [math.inf, 1.0]), "NaN or infinity"),
        (vectors(packed(1, 0), packed(math.nan, 1)), "NaN or infinity"),
        (vectors(packed(1, 0), packed(0, 0)), "nothing but zeros"),
        (vectors([], []), "nothing but zeros"),
        (vectors(packed(1, 0), "AAA"), "no base64 of 32-bit floats"),
        (vectors([1.0, 0.0], None), "holds no embeddings"),
        (vectors([1.0, 0.0], [[1.0, 0.0]]), "holds no embeddings"),
        (b'{"data": null}', "holds no embeddings"),
        (b'{"error": {"message": "model is overloaded", "code": 429}}', "model is overloaded"),
        (b"<html><title>Sign in</title>", "holds no embeddings"),
    ],
)
async def test_vectors_that_cannot_be_compared_are_refused_by_name(
    reply: bytes, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smacs.pool.embed._RETRIES", 0)
    async with server(http(reply)) as raw:
        embedder = make_embedder(EmbedderSpec(kind="openai", model="mine", endpoint=f"{raw.url}/v1"))
        with pytest.raises(EmbedderDownError) as caught:
            await embedder.embed(["a", "b"])
    assert f"Embedder mine at {raw.url}/v1" in str(caught.value)
    assert said in str(caught.value)


async def test_an_embedders_own_words_are_shown_and_its_replies_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smacs.pool.embed._RETRIES", 0)
    async with server(http(b'{"detail": "no such model"}', "404 Not")) as raw:
        with pytest.raises(EmbedderDownError, match="HTTP 404: no such model"):
            await make_embedder(EmbedderSpec(kind="openai", endpoint=f"{raw.url}/v1")).embed(["a"])
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    async with server(head, endless=b"10000\r\n" + b" " * 65536 + b"\r\n") as raw:
        with pytest.raises(EmbedderDownError, match="longer than"):
            await make_embedder(EmbedderSpec(kind="openai", endpoint=f"{raw.url}/v1", dimension=2)).embed(["a"])


@pytest.mark.slow
async def test_the_carried_minilm_knows_what_is_alike() -> None:
    embedder = make_embedder(EmbedderSpec(dimension=384))
    rows = await embedder.embed(["A cat sits on a mat.", "A kitten rests on a rug.", "Interest rates rose again."])
    assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.2
