"""API keys: without a valid one nothing is answered but health and the page's own files."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from smacs.server.guard.keyring import Keyring
from smacs.server.guard.paths import is_outside, is_preflight, is_public
from smacs.server.guard.refusal import Refusal, refuse

_REFUSAL = Refusal(
    401, "key", "A valid API key is expected in the header `Authorization: Bearer KEY`.", "invalid_api_key"
)


class RequireKey:
    """Let only requests with a key of the ring through. What lies further in never sees the key itself."""

    def __init__(self, app: ASGIApp, *, keyring: Keyring) -> None:
        self.app = app
        self.keyring = keyring

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask for a key where one is needed."""
        if not is_outside(scope) or is_public(scope) or is_preflight(scope):
            return await self.app(scope, receive, send)
        key = await self.keyring.find(_given(Headers(scope=scope)))
        if key is None:
            return await refuse(scope, receive, send, _REFUSAL)
        scope["headers"] = [(name, value) for name, value in scope["headers"] if name != b"authorization"]
        scope["state"]["key"] = key
        scope["state"]["exchange"].key = key.name
        return await self.app(scope, receive, send)


def _given(headers: Headers) -> bytes:
    """The key that the client sent; empty, which is no key, where it sent none or more than one."""
    fields = headers.getlist("authorization")
    scheme, _, key = fields[0].partition(" ") if len(fields) == 1 else ("", "", "")
    return key.strip().encode("latin-1") if scheme.lower() == "bearer" else b""
