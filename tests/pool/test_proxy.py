"""What the environment says about the way to a server."""

import asyncio
from pathlib import Path

import pytest

from smacs.bench.mock.handle import MockServer
from smacs.pool.config import LLMSpec
from smacs.pool.llm import LLM
from smacs.pool.replies import Reply

HELLO = [{"role": "user", "content": "Hello?"}]


async def test_calls_go_through_the_proxy_of_the_environment(mock: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    heads: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(proxy, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        monkeypatch.setenv("http_proxy", f"http://me:secret@127.0.0.1:{port}")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        far, near = (LLM("model", LLMSpec(endpoint=url)) for url in ("http://gpu.invalid/v1", mock.url))
        await far.call(HELLO)
        assert isinstance(await near.call(HELLO), Reply)
        await far.aclose()
        await near.aclose()
    assert len(heads) == 1
    assert heads[0].startswith(b"POST http://gpu.invalid/v1/chat/completions ")
    assert b"Proxy-Authorization: Basic bWU6c2VjcmV0\r\n" in heads[0]  # me:secret


async def test_a_password_file_for_the_host_does_not_get_in_the_way_of_the_key(
    mock: MockServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("KEY", "the-key")
    llm = LLM("model", LLMSpec(endpoint=mock.url, api_key_env="KEY", retries=0))
    assert isinstance(await llm.call(HELLO), Reply)
    assert mock.stats().received[-1].authorization == "Bearer the-key"
    await llm.aclose()
