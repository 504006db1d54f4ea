"""Addresses of servers. The secrets in them are used, and never shown."""

import base64
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

_LOGIN = re.compile(r"(?<=://)[^\s/?#@\\'\"<>]+(?:@[^\s/?#@\\'\"<>]+)*(?=@)")
_SECRET = re.compile(
    r"(?i)([?&;](?:[\w.-]*[_-])?(?:api[_-]?key|key|token|secret|password|passwd|pwd|sig|signature|auth|credential|code)=)"
    r"[^&#;\s'\"<>]+"
)


def shown(text: str) -> str:
    """A URL, or a text with URLs, without secrets: `***` for logins, and for keys and tokens in a query."""
    return _SECRET.sub(r"\1***", _LOGIN.sub("***", text)) if "://" in text or "=" in text else text


@dataclass(frozen=True, slots=True)
class Address:
    """A base URL in parts: `base` without login and query, the `query`, and the header that a login becomes."""

    base: str
    query: tuple[tuple[str, str], ...] = ()
    authorization: str = ""

    def __repr__(self) -> str:
        return f"Address({self.base})"

    @property
    def headers(self) -> dict[str, str]:
        """What the login adds to every request; empty without one."""
        return {"Authorization": self.authorization} if self.authorization else {}

    def at(self, path: str = "", *, root: bool = False) -> str:
        """The URL of `path` below the base, its query kept; with `root` below what comes before a closing /v1."""
        base = self.base.removesuffix("/v1") if root else self.base
        return f"{base}{path}" + (f"?{urlencode(self.query)}" if self.query else "")


@lru_cache(maxsize=1024)
def address_of(url: str) -> Address:
    """The parts of a base URL; `user:password@` becomes basic authentication."""
    parts = urlsplit(url)
    login, _, place = parts.netloc.rpartition("@")
    base = urlunsplit((parts.scheme, place, parts.path.rstrip("/"), "", ""))
    query = tuple(parse_qsl(parts.query, keep_blank_values=True))
    return Address(base, query, f"Basic {_encoded(login)}" if login else "")


def with_login(url: str) -> str:
    """The URL of a proxy with its login percent-encoded, whatever was typed; some passwords have a `/` or `#`."""
    scheme, _, rest = url.partition("://")
    login, at, place = rest.rpartition("@")
    if not at:
        return url
    user, colon, password = login.partition(":")
    return f"{scheme}://{_quoted(user)}{colon}{_quoted(password)}@{place}"


def _quoted(text: str) -> str:
    return quote(unquote(text), safe="")


def _encoded(login: str) -> str:
    user, _, password = login.partition(":")
    return base64.b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()
