"""API keys: hashed at rest, compared in constant time, read again when the file changes, and never passed on."""

import asyncio
import hmac
import logging
import os
import shutil
import stat
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp, Receive, Scope, Send

from smacs.errors import InputError
from smacs.server.guard.exchange import RequestId
from smacs.server.guard.keys import Keyring, RequireKey
from smacs.server.keyfile import Key, KeyFile, Limits, create_key, hash_of, read_keys, revoke_key
from tests.server.asgi import Call, answering

KEY = "sk-smacs-right"
RING = KeyFile(format=1, salt="s", keys=tuple(
    Key(name=name, hash=hash_of(key, "s"), created="2026-01-01")
    for name, key in [("alice", KEY.encode()), ("bob", b"sk-smacs-other"), ("carol", b"sk-smacs-third")]
))  # fmt: skip
PROTECTED = [
    ("GET", "/v1/models"), ("POST", "/v1/chat/completions"), ("GET", "/metrics"), ("GET", "/docs"), ("GET", "/ok"),
    ("GET", "/openapi.json"), ("POST", "/runs/wait"), ("GET", "/info"), ("OPTIONS", "/v1/models"), ("POST", "/"),
    ("POST", "/health"), ("GET", "/health/"), ("GET", "//health"), ("GET", "/healthy"), ("GET", "/page"),
    ("GET", "/page/\n"), ("DELETE", "/page/x"),
]  # fmt: skip


class Fixed(Keyring):
    """The ring above."""

    def __init__(self) -> None:
        self._file, self._looked, self._reload = RING, 0.0, float("inf")


async def show(scope: Scope, _: Receive) -> bytes:
    seen = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
    return msgspec.json.encode({"key": scope["state"]["exchange"].key, "headers": seen})


def guarded(ring: Keyring | None = None) -> ASGIApp:
    return RequestId(RequireKey(answering(show), keyring=ring or Fixed()))


def ask(given: str | None = None, method: str = "POST", path: str = "/v1/chat/completions", root: str = "") -> Call:
    headers = {} if given is None else {"Authorization": given}
    return asyncio.run(Call(guarded(), path=path, method=method, root=root, headers=headers).run())


@pytest.mark.parametrize("given", [f"Bearer {KEY}", f"bearer {KEY}", f"BEARER   {KEY} "])
def test_with_a_key_it_is_answered_and_the_key_goes_no_further(given: str) -> None:
    call = ask(given)
    assert call.status == 200
    seen = msgspec.json.decode(call.body)
    assert (seen["key"], list(seen["headers"])) == ("alice", ["x-request-id"])


@settings(max_examples=40)
@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_with_anything_else_it_is_not(given: str) -> None:
    call = ask(given)
    assert call.status == 401
    assert call.header("www-authenticate") == 'Bearer realm="smacs"'
    assert call.error["code"] == "invalid_api_key"
    assert call.error["type"] == "authentication_error"


@pytest.mark.parametrize("given", ["Bearer", "Bearer ", KEY, f"Basic {KEY}", f"Bearer {KEY}x", f"Bearer {KEY[:-1]}"])
def test_nearly_a_key_is_none(given: str) -> None:
    assert ask(given).status == 401


def test_two_keys_are_none() -> None:
    call = Call(guarded())
    both = [(b"authorization", f"Bearer {KEY}".encode())] * 2

    async def twice() -> None:
        await call.app({**call.scope, "headers": both}, call._receive(), call._send)

    asyncio.run(twice())
    assert call.status == 401


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_without_a_key_nothing_is_answered(method: str, path: str) -> None:
    assert ask(method=method, path=path).status == 401


@pytest.mark.parametrize("path", ["/", "/health", "/health/ready", "/page/page.js", "/page/parts/a.js"])
def test_but_health_and_the_files_of_the_page(path: str) -> None:
    assert [ask(method=method, path=path).status for method in ("GET", "HEAD")] == [200, 200]


def test_a_browser_may_ask_whether_it_may_ask() -> None:
    call = Call(guarded(), method="OPTIONS", headers={"Origin": "http://a", "Access-Control-Request-Method": "POST"})
    assert asyncio.run(call.run()).status == 200


def test_langgraph_calling_itself_needs_no_key_and_nobody_else_is_taken_for_it() -> None:
    inside: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        inside.append(scope)

    guard = RequestId(RequireKey(app, keyring=Fixed()))
    asyncio.run(Call(guard, path="/runs/wait", root="/noauth").run())
    assert len(inside) == 1
    assert ask(path="/noauth/runs/wait").status == 401
    assert ask(path="/runs/wait", root="/noauthority").status == 401


def test_a_websocket_needs_a_key_too() -> None:
    sent: list[Any] = []

    async def play() -> None:
        scope = {"type": "websocket", "path": "/threads/t/stream/events", "headers": [], "extensions": {}}

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "websocket.connect"}

        await guarded()(scope, receive, send)

    asyncio.run(play())
    assert [message["type"] for message in sent] == ["websocket.http.response.start", "websocket.http.response.body"]
    assert sent[0]["status"] == 401


@pytest.mark.parametrize("key", [KEY, "sk-smacs-third", "wrong", ""])
def test_every_key_is_compared_whether_or_not_one_fits(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    real = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    RING.find(key.encode())
    assert compared == [(64, 64)] * 3


def test_the_file_holds_no_key_and_is_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "keys.json"
    keys = [create_key(path, name, Limits(running=2)) for name in ("alice", "bob")]
    text = path.read_text()
    assert all(key.startswith("sk-smacs-") and len(key) == 52 for key in keys)  # 9 + 43 characters for 32 bytes
    assert not any(key in text or key.removeprefix("sk-smacs-") in text for key in keys)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    file = read_keys(path)
    assert [found.name for key in keys if (found := file.find(key.encode()))] == ["alice", "bob"]
    assert file.keys[0].limits == Limits(running=2)
    assert [entry.name for entry in path.parent.iterdir() if entry.suffix != ".lock"] == ["keys.json"]


def test_a_name_is_given_once(tmp_path: Path) -> None:
    create_key(tmp_path / "keys.json", "alice", Limits())
    with pytest.raises(InputError, match="has a key 'alice' already"):
        create_key(tmp_path / "keys.json", "alice", Limits())


@pytest.mark.parametrize("name", ["", "a b", "a/b", "x" * 65, "\n", "ä"])
def test_a_name_that_would_be_trouble_in_a_log(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="Name of a key"):
        create_key(tmp_path / "keys.json", name, Limits())


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff", b'{"format": 2, "salt": ""}', b'{"format": 1, "salt": "", "key": []}',
     b'{"format":1,"salt":"","keys":[{"name":"a","hash":"","created":"","limits":{"running":0}}]}'],
)  # fmt: skip
def test_a_broken_file_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"file of keys .*keys\.json"):
        Keyring(path)


def test_a_missing_file_is_said_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Make it with: smacs keys create NAME --file .*keys\.json"):
        Keyring(tmp_path / "keys.json")


async def test_a_change_of_the_file_holds_for_a_server_that_runs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "keys.json"
    caplog.set_level(logging.DEBUG)
    alice = create_key(path, "alice", Limits())
    ring = Keyring(path, reload=0)
    bob = create_key(path, "bob", Limits())
    assert [await valid(ring, key) for key in (alice, bob)] == [True, True]
    revoke_key(path, "alice")
    assert [await valid(ring, key) for key in (alice, bob)] == [False, True]
    path.write_text("{")
    assert [await valid(ring, key) for key in (alice, bob)] == [False, True]  # as they were
    assert "the keys stay as they were" in caplog.text
    path.unlink()
    assert [await valid(ring, key) for key in (alice, bob)] == [False, False]
    assert "no key is valid" in caplog.text
    carol = create_key(path, "carol", Limits())
    assert await valid(ring, carol)
    assert not any(key in caplog.text for key in (alice, bob, carol))


async def test_a_file_is_not_looked_at_for_every_request(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    key = create_key(path, "alice", Limits())
    ring = Keyring(path, reload=3600)
    path.unlink()
    assert await valid(ring, key)


async def test_a_revoked_key_is_refused_from_the_first_request_on(tmp_path: Path) -> None:
    """However many come at once, and however long ago the last one was."""
    path = tmp_path / "keys.json"
    alice, bob = (create_key(path, name, Limits()) for name in ("alice", "bob"))
    ring = Keyring(path)
    assert await valid(ring, alice)
    revoke_key(path, "alice")
    assert await asyncio.gather(*(valid(ring, key) for key in [alice, bob] * 32)) == [False, True] * 32
    assert (await ring.named("alice"), (await ring.named("bob")) is not None) == (None, True)


async def test_who_comes_while_another_looks_does_not_take_an_older_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file changes after the first look at it has begun: the second request looks again."""
    path = tmp_path / "keys.json"
    key = create_key(path, "alice", Limits())
    ring, begun, go = Keyring(path), threading.Event(), threading.Event()
    refresh = ring._refresh

    def slowly() -> None:
        refresh()
        begun.set()
        assert go.wait(60)

    monkeypatch.setattr(ring, "_refresh", slowly)
    first = asyncio.create_task(valid(ring, key))
    assert await asyncio.to_thread(begun.wait, 60)
    revoke_key(path, "alice")
    second = asyncio.create_task(valid(ring, key))
    go.set()
    assert (await first, await second) == (True, False)


async def test_an_edit_that_keeps_size_and_date_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    key = create_key(path, "alice", Limits(running=2))
    ring = Keyring(path)
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b'"running": 2', b'"running": 7'))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    found = await ring.find(key.encode())
    assert found is not None
    assert (path.stat().st_size, found.limits.running) == (before.st_size, 7)


async def test_a_folder_that_is_gone_leaves_no_key(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "keys.json"
    key = create_key(path, "alice", Limits())
    ring = Keyring(path)
    shutil.rmtree(path.parent)
    path.parent.write_text("a file now")
    assert not await valid(ring, key)


def test_revoking_what_is_not_there(tmp_path: Path) -> None:
    create_key(tmp_path / "keys.json", "alice", Limits())
    with pytest.raises(InputError, match="no key 'bob'; expected one of: alice"):
        revoke_key(tmp_path / "keys.json", "bob")


async def valid(ring: Keyring, key: str) -> bool:
    return await ring.find(key.encode()) is not None
