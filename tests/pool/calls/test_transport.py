"""What comes over the wire: how much of it is read, where it is not followed to, and what is tried again."""

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from smacs.pool.calls.llm import LLM
from smacs.pool.calls.replies import Failure, Reply
from smacs.pool.config import LLMSpec
from tests.support.raw import http, server

HELLO = [{"role": "user", "content": "Hello?"}]
GOOD = json.dumps({"choices": [{"message": {"content": "Eight."}, "finish_reason": "stop"}]}).encode()
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
MIB = 1 << 20


async def call(url: str, **spec: Any) -> Reply | Failure:
    llm = LLM("mine", LLMSpec.model_validate({"endpoint": f"{url}/v1", "retries": 0, "deadline": 20, **spec}))
    try:
        return await llm.call(HELLO)
    finally:
        await llm.aclose()


async def failed(url: str, **spec: Any) -> Failure:
    result = await call(url, **spec)
    assert isinstance(result, Failure), result
    return result


async def test_a_reply_without_end_is_read_up_to_the_limit() -> None:
    piece = b"%x\r\n%s\r\n" % (MIB, b" " * MIB)
    async with server(CHUNKED, endless=piece) as raw:
        result = await failed(raw.url, reply_limit=2)
        assert (result.kind, raw.sent < 16 * MIB) == ("garbage", True)
        assert "longer than 2 MiB, the rest of it was not read; raise `reply_limit`" in result.message


@pytest.mark.parametrize(("encoding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
async def test_the_limit_holds_after_decompression(encoding: str, compress: Callable[[bytes], bytes]) -> None:
    packed = compress(b" " * 16 * MIB)
    assert len(packed) < MIB
    async with server(http(packed, "200 OK", f"content-encoding: {encoding}")) as raw:
        assert "longer than 1 MiB" in (await failed(raw.url, reply_limit=1)).message


async def test_a_compressed_reply_is_read() -> None:
    async with server(http(gzip.compress(GOOD), "200 OK", "content-encoding: gzip")) as raw:
        assert isinstance(await call(raw.url), Reply)


async def test_of_a_refusal_without_end_only_the_first_words_are_read() -> None:
    head = b"HTTP/1.1 400 Bad\r\ntransfer-encoding: chunked\r\n\r\n"
    async with server(head, endless=b"5\r\nwords\r\n" * 1000) as raw:
        result = await failed(raw.url)
        assert (result.kind, len(result.message) < 600) == ("rejected", True)
        assert "HTTP 400: wordswords" in result.message


@pytest.mark.parametrize("line", [b"x-%d: y\r\n" % 7, b"x: " + b"y" * 4000 + b"\r\n"])
async def test_headers_without_end_are_no_reply(line: bytes) -> None:
    async with server(b"HTTP/1.1 200 OK\r\n", endless=line * 20) as raw:
        result = await failed(raw.url)
        assert (result.kind, raw.sent < 16 * MIB) == ("unreachable", True)
        assert "is no HTTP" in result.message


async def test_a_drip_ends_with_the_deadline() -> None:
    async with server(b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n ") as raw:
        assert (await failed(raw.url, deadline=0.3)).kind == "late"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 Moved", "308 Moved"])
async def test_redirects_are_said_and_not_followed(status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "the-very-secret-key")
    async with server(http(GOOD)) as elsewhere:
        where = f"location: http://me:pass@{elsewhere.url.removeprefix('http://')}/v1"
        async with server(http(b"", status, where)) as raw:
            result = await failed(raw.url, api_key_env="MY_KEY")
    assert elsewhere.heads == []
    assert f"HTTP {status[:3]}, it redirects to http://***@127.0.0.1:" in result.message
    assert "name it in `endpoint`" in result.message


async def test_an_error_inside_a_reply_is_tried_again() -> None:
    busy = http(json.dumps({"error": {"message": "rate limited upstream", "code": 429}}).encode())
    async with server(busy, http(GOOD)) as raw:
        assert isinstance(await call(raw.url, retries=1), Reply)
        assert len(raw.heads) == 2


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("429 Too Many", "You exceeded your current quota, please check your plan and billing details."),
        ("500 Error", "the request exceeds the available context size, try increasing it"),
        ("400 Bad", "no such field"),
    ],
)
async def test_what_trying_again_cannot_help_is_asked_once(status: str, message: str) -> None:
    async with server(http(json.dumps({"error": {"message": message}}).encode(), status)) as raw:
        result = await failed(raw.url, retries=2)
        assert (len(raw.heads), message in result.message) == (1, True)


async def test_a_pause_that_is_no_number_is_not_waited_for() -> None:
    async with server(http(b"{}", "503 Slow", "retry-after: nan"), http(GOOD)) as raw:
        assert isinstance(await call(raw.url, retries=1), Reply)


@pytest.mark.parametrize(
    ("name", "declared"), [("latin-1", "iso-8859-1"), ("utf-8", "iso-8859-1"), ("cp1252", "windows-1252")]
)
async def test_a_reply_in_another_charset_is_read(name: str, declared: str) -> None:
    told = '{"choices": [{"message": {"content": "Größe: 8 µm"}}]}'.encode(name)
    reply = http(told).replace(b"application/json", f"application/json; charset={declared}".encode())
    async with server(reply) as raw:
        result = await call(raw.url)
    assert isinstance(result, Reply)
    assert result.choices[0].text == "Größe: 8 µm"


async def test_any_status_of_success_may_bring_a_reply() -> None:
    async with server(http(GOOD, "201 Created")) as raw:
        assert isinstance(await call(raw.url), Reply)


@pytest.mark.parametrize("asked", [1, 3])
async def test_only_as_many_choices_count_as_were_asked_for(asked: int) -> None:
    choices = [{"index": i, "message": {"content": f"c{i}"}, "finish_reason": "stop"} for i in range(10)]
    async with server(http(json.dumps({"choices": choices}).encode())) as raw:
        llm = LLM("mine", LLMSpec(endpoint=f"{raw.url}/v1"))
        reply = await llm.call(HELLO, n=asked)
        await llm.aclose()
    assert isinstance(reply, Reply)
    assert [choice.text for choice in reply.choices] == [f"c{i}" for i in range(asked)]
    assert "10 choices came" in reply.notes[0]
