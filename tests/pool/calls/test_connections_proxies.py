"""What the environment says about the way to a server."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from langchain_core.load import dumpd

from smacs.pool.calls.connections import proxy_of
from smacs.pool.calls.llm import LLM
from smacs.pool.calls.replicas import answers
from smacs.pool.calls.replies import Failure, Reply
from smacs.pool.config import EmbedderSpec, LLMSpec
from smacs.pool.embed import make_embedder
from tools.mock.process import MockServer

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


Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(handle: Handle) -> AsyncIterator[int]:
    async with await asyncio.start_server(handle, "127.0.0.1") as server:
        yield server.sockets[0].getsockname()[1]


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


def socks_to(port: int, seen: list[bytes]) -> Handle:
    """A SOCKS5 proxy with user and password (RFC 1928, 1929) that connects everything to one port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(b"\x05\x02")
        _, length = await reader.readexactly(2)
        user = await reader.readexactly(length)
        password = await reader.readexactly((await reader.readexactly(1))[0])
        writer.write(b"\x01\x00")
        head = await reader.readexactly(5)
        host = await reader.readexactly(head[4])
        await reader.readexactly(2)
        seen.append(user + b":" + password + b"@" + host)
        writer.write(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pump(reader, back), pump(there, writer))

    return serve


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


async def test_calls_go_through_a_socks_proxy(mock: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are looked up by the proxy, as with a tunnel into a cluster."""
    seen: list[bytes] = []
    async with listening(socks_to(mock.port, seen)) as port:
        monkeypatch.setenv("ALL_PROXY", f"socks5h://me:secret@127.0.0.1:{port}")
        llm = LLM("model", LLMSpec(endpoint="http://gpu.invalid/v1", retries=0))
        assert isinstance(await llm.call(HELLO), Reply)
        assert (await llm.chat().ainvoke("Hello", timeout=30)).content  # the openai client's way
        await llm.aclose()
    assert seen == [b"me:secret@gpu.invalid"] * 2


async def test_a_socks_proxy_without_the_package_for_it_says_what_to_install(
    mock: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp_socks", None)
    monkeypatch.setenv("all_proxy", "socks5://me:secret@127.0.0.1:7890")
    failure = await LLM("model", LLMSpec(endpoint="http://gpu.invalid/v1", retries=0)).call(HELLO)
    assert isinstance(failure, Failure)
    assert "pip install 'smacs[socks]'" in failure.message
    assert "NO_PROXY" in failure.message
    assert "secret" not in failure.message
    assert not await answers("http://gpu.invalid/v1")


async def test_no_proxy_holds_for_socks_and_nothing_unused_is_made(
    mock: MockServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp_socks", None)
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:7890")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")
    made: list[object] = []
    monkeypatch.setattr("httpx2.AsyncHTTPTransport.__init__", lambda self, **_: made.append(self))
    llm = LLM("model", LLMSpec(endpoint=mock.url, retries=0))
    assert isinstance(await llm.call(HELLO), Reply)
    await llm.aclose()
    assert made == []
    assert "proxy" not in caplog.text


@pytest.mark.parametrize(
    ("listed", "url", "near"),
    [
        ("*", "http://gpu1/v1", True),
        ("gpu1", "http://gpu1:8000/v1", True),
        ("gpu1", "http://gpu12:8000/v1", False),
        ("gpu1:8000", "http://gpu1:8000/v1", True),
        ("gpu1:8000", "http://gpu1:8001/v1", False),
        ("gpu1:443", "https://gpu1/v1", True),
        (".lab.example", "http://a.lab.example/v1", True),
        ("lab.example", "http://a.lab.example/v1", True),
        ("*.lab.example", "http://a.lab.example/v1", True),
        ("lab.example", "http://collab.example/v1", False),
        ("10.0.0.0/8", "http://10.1.2.3:8000/v1", True),
        ("10.0.0.0/8", "http://11.1.2.3:8000/v1", False),
        ("localhost, 10.1.2.3", "http://10.1.2.3/v1", True),
        ("[::1]:8000", "http://[::1]:8000/v1", True),
        ("::1", "http://[::1]:8000/v1", True),
        ("fd00::/8", "http://[fd00::7]:8000/v1", True),
        ("GPU1", "http://gpu1/v1", True),
        ("", "http://gpu1/v1", False),
        ("nonsense:port,/,//,[", "http://gpu1/v1", False),
    ],
)
@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
def test_no_proxy_lists_hosts_ports_and_networks(
    monkeypatch: pytest.MonkeyPatch, name: str, listed: str, url: str, near: bool
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "proxy:3128")
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv(name, listed)
    assert proxy_of(url) == (None if near else "http://proxy:3128")


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("proxy:3128", "http://proxy:3128"),
        ("http://me:p/w#@proxy:3128", "http://me:p%2Fw%23@proxy:3128"),
        ("socks://proxy:1080", "socks5://proxy:1080"),
        ("SOCKS5H://proxy:1080", "socks5://proxy:1080"),
    ],
)
def test_a_proxy_may_be_written_in_many_ways(monkeypatch: pytest.MonkeyPatch, given: str, taken: str) -> None:
    monkeypatch.setenv("all_proxy", given)
    assert proxy_of("https://api.example/v1") == taken


@pytest.mark.parametrize("given", ["ftp://proxy:1", "http://", "http://me:secret@proxy:port"])
async def test_a_proxy_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("all_proxy", given)
    failure = await LLM("model", LLMSpec(endpoint="http://gpu.invalid/v1", retries=0)).call(HELLO)
    assert isinstance(failure, Failure)
    assert "the environment's proxy" in failure.message
    assert "secret" not in failure.message


async def test_a_login_in_the_url_is_used_and_not_shown(mock: MockServer) -> None:
    url = mock.url.replace("http://", "http://me:secret@")
    llm = LLM("model", LLMSpec(endpoint=url, retries=0))
    assert isinstance(await llm.call(HELLO), Reply)
    assert (await llm.chat().ainvoke("Hello", timeout=30)).content  # the openai client's way
    assert (await asyncio.to_thread(llm.chat().invoke, "Hello")).content
    embedder = make_embedder(EmbedderSpec(kind="openai", model="model", endpoint=url))
    await embedder.embed(["a"])
    received = mock.stats().received[-4:]
    assert [each.authorization for each in received] == ["Basic bWU6c2VjcmV0"] * 4  # me:secret
    assert await answers(url)
    mock.set("model", fault="400")
    failure = await llm.call(HELLO)
    mock.reset()
    assert isinstance(failure, Failure)
    assert "secret" not in failure.message
    assert "***@127.0.0.1" in failure.message
    assert "bWU6c2" not in repr(llm.chat()) + str(dumpd(llm.chat()))
    assert "me:" not in repr(llm.chat()) + str(dumpd(llm.chat()))
    await llm.aclose()
    await embedder.aclose()
