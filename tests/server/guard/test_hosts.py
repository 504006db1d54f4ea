"""Names that a server without keys answers to, origins whose pages may ask, and heads that are too large."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from smacs.errors import InputError
from smacs.server.guard import install_guard
from smacs.server.guard.hosts import CheckHost, name_of
from smacs.server.keyfile import Limits, create_key
from smacs.server.settings import ServerSettings, load_settings
from tests.server.asgi import Call, answering, echo
from tests.server.wild import Wild

PAGE = "http://localhost:3000"


def status(host: str, *allowed: str, at: str = "127.0.0.1", path: str = "/v1/models") -> int:
    call = At(CheckHost(answering(echo), allowed=allowed), path, "GET", headers={"Host": host})
    call.at = at
    return asyncio.run(call.run()).status


class At(Call):
    """A call that came in at an address of the server."""

    at = "127.0.0.1"

    @property
    def scope(self) -> Any:
        return {**super().scope, "server": (self.at, 8000)}


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8000", "localhost.", "127.0.0.1", "127.0.0.1:8000", "127.1.2.3", "[::1]", "[::1]:80"],
)
def test_loopback_is_always_known(host: str) -> None:
    assert status(host) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.com",
        "evil.com:8000",
        "localhost.evil.com",
        "127.0.0.1.evil.com",
        "evil.com.",
        "localhost:80@evil.com",
        "192.168.1.5",
        "0.0.0.0",
        "[fe80::1]",
        "",
        "[",
        "a" * 5000,
    ],
)
def test_any_other_name_is_refused_at_a_loopback_address(host: str) -> None:
    assert status(host) == 403
    assert status(host, path="/") == 403
    assert status(host, path="/health") == 200


def test_addresses_are_known_where_others_reach_the_server_and_names_are_not() -> None:
    assert status("192.168.1.5:8000", at="192.168.1.5") == 200
    assert status("10.0.0.1", at="172.17.0.2") == 200
    assert status("evil.com", at="192.168.1.5") == 403


def test_allowed_names_and_those_below() -> None:
    assert status("chat.example.org:443", "Chat.Example.org") == 200
    assert status("a.b.example.org", "*.example.org") == 200
    assert status("example.org", "*.example.org") == 403
    assert status("evil-example.org", "*.example.org") == 403
    assert status("anything", "*") == 200


@given(st.text(max_size=20))
def test_any_field_has_a_name(host: str) -> None:
    assert name_of(host) == name_of(host).lower()


def guarded(**given_: Any) -> FastAPI:
    app = FastAPI()
    install_guard(app, ServerSettings(**given_))
    app.add_api_route("/v1/models", lambda: {})
    return app


def ask(app: FastAPI, method: str = "GET", **headers: str) -> Wild:
    fields = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    call = Wild(app, "/v1/models", method, chunks=(b"",), fields=fields)
    asyncio.run(call.run())
    return call


def test_with_keys_any_name_will_do_unless_names_are_given(tmp_path: Path) -> None:
    key = {"authorization": f"Bearer {create_key(tmp_path / 'keys', 'alice', Limits())}"}
    assert ask(guarded(keys_file=tmp_path / "keys"), host="chat.example.org", **key).status == 200
    strict = guarded(keys_file=tmp_path / "keys", allow_host=("chat.example.org",))
    assert ask(strict, host="chat.example.org", **key).status == 200
    refused = ask(strict, host="evil.com", **key)
    assert (refused.status, refused.error["code"]) == (403, "host_not_allowed")


def test_a_server_knows_the_name_that_it_listens_at() -> None:
    assert ask(guarded(host="box.lan"), host="box.lan:8000").status == 200


PREFLIGHT = {"origin": PAGE, "access_control_request_method": "POST", "access_control_request_headers": "authorization"}


def test_no_page_of_another_origin_may_ask_unless_it_is_named() -> None:
    assert ask(guarded(), "OPTIONS", host="localhost", **PREFLIGHT).status == 405
    assert ask(guarded(), host="localhost", origin=PAGE).header("access-control-allow-origin") is None


def test_a_named_origin_may_ask_and_read_the_request_id() -> None:
    app = guarded(allow_origin=(PAGE,))
    preflight = ask(app, "OPTIONS", host="localhost", **PREFLIGHT)
    assert (preflight.status, preflight.header("access-control-allow-origin")) == (200, PAGE)
    assert "authorization" in (preflight.header("access-control-allow-headers") or "")
    reply = ask(app, host="localhost", origin=PAGE)
    assert (reply.status, reply.header("access-control-allow-origin")) == (200, PAGE)
    assert "X-Request-ID" in (reply.header("access-control-expose-headers") or "")
    assert reply.header("access-control-allow-credentials") is None
    other = ask(app, "OPTIONS", host="localhost", **{**PREFLIGHT, "origin": "http://evil.com"})
    assert (other.status, other.header("access-control-allow-origin")) == (400, None)


def test_refusals_can_be_read_too(tmp_path: Path) -> None:
    create_key(tmp_path / "keys", "alice", Limits())
    app = guarded(keys_file=tmp_path / "keys", allow_origin=(PAGE,))
    reply = ask(app, host="localhost", origin=PAGE)
    assert (reply.status, reply.header("access-control-allow-origin")) == (401, PAGE)
    assert ask(app, "OPTIONS", host="localhost", **PREFLIGHT).status == 200
    assert ask(guarded(allow_origin=("*",)), host="localhost", origin=PAGE).header("access-control-allow-origin") == "*"


@pytest.mark.parametrize(
    "origin", ["https://chat.example.org/", "chat.example.org", "https://", "", "https://a b", "**"]
)
def test_what_is_no_origin_is_said(origin: str) -> None:
    with pytest.raises(InputError, match="expected an origin such as"):
        load_settings(allow_origin=[origin])


def test_names_stand_in_the_environment_with_commas_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMACS_SERVER_ALLOW_HOST", "a.example.org, *.b.example.org")
    monkeypatch.setenv("SMACS_SERVER_ALLOW_ORIGIN", "https://a.example.org,app://chat")
    settings = load_settings()
    assert settings.allow_host == ("a.example.org", "*.b.example.org")
    assert settings.allow_origin == ("https://a.example.org", "app://chat")


@pytest.mark.parametrize("fields", [{"x": "x" * 70_000}, {f"x{number}": "a" for number in range(300)}])
def test_a_head_that_another_server_let_through_is_refused_as_well(fields: dict[str, str]) -> None:
    reply = ask(guarded(), host="localhost", **fields)
    assert (reply.status, reply.error["code"]) == (431, "headers_too_large")
