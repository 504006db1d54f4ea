"""The page's files: served with strict headers, from here alone, and sound by themselves."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from smacs.server.page import files as page
from smacs.server.page.files import STATIC

FILES = sorted(file for file in STATIC.rglob("*") if file.is_file())
SCRIPTS = [file for file in FILES if file.suffix == ".js"]
KINDS = {".js": "javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}
OWN = "http://www.w3.org/2000/svg"  # a name, never fetched
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


class Elements(HTMLParser):
    """The elements of a document; fails where they do not nest."""

    EMPTY = ("meta", "link", "input")

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def values(self, name: str) -> list[str]:
        return [value for _, attributes in self.found if (value := attributes.get(name))]


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    app = FastAPI(openapi_url=None)
    page.install(app)
    with TestClient(app) as client:
        yield client


@pytest.fixture(scope="module")
def document() -> Elements:
    return Elements((STATIC / "index.html").read_text("utf-8"))


@pytest.mark.parametrize("path", ["/", *(f"/page/{file.relative_to(STATIC).as_posix()}" for file in FILES)])
def test_every_file_comes_with_the_policy_and_is_not_sent_twice(client: TestClient, path: str) -> None:
    reply = client.get(path)
    assert reply.status_code == 200
    assert KINDS[Path(path).suffix or ".html"] in reply.headers["content-type"]
    again = client.get(path, headers={"If-None-Match": reply.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    for headers in (reply.headers, again.headers, client.head(path).headers):
        assert headers["content-security-policy"] == POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path", ["/page/", "/page/none.js", "/page/../files.py", "/page/%2e%2e/files.py", "/page/..%2ffiles.py"]
)
def test_nothing_else_is_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_nothing_is_fetched_from_elsewhere() -> None:
    texts = {file.name: file.read_text("utf-8").replace(OWN, "") for file in FILES}
    assert [name for name, text in texts.items() if re.search(r"https?:|[\"'(]//|@import|url\(", text)] == []


def test_no_text_can_become_markup_or_code() -> None:
    sinks = r"innerHTML|outerHTML|insertAdjacentHTML|DOMParser|srcdoc|document\.write|\beval\(|Function\(|setHTML"
    assert [file.name for file in SCRIPTS if re.search(sinks, file.read_text("utf-8"))] == []


def test_the_document_has_no_code_or_style_of_its_own(document: Elements) -> None:
    inline = [tag for tag, has in document.found if tag == "style" or (tag == "script" and "src" not in has)]
    names = {name for _, attributes in document.found for name in attributes}
    assert inline == []
    assert not {name for name in names if name == "style" or name.startswith("on")}


def test_every_reference_in_the_document_and_the_scripts_leads_somewhere(document: Elements) -> None:
    ids = document.values("id")
    assert len(ids) == len(set(ids))
    used = {*document.values("for"), *(i for value in document.values("aria-describedby") for i in value.split())}
    script = (STATIC / "page.js").read_text("utf-8")
    named = re.search(r"= \[(.*)\]\.map\(find\)", script)
    assert named is not None
    found = set(re.findall(r'find\("([\w-]+)"\)', script)) | set(re.findall(r'"(\w+)"', named[1]))
    assert used | found <= set(ids)
    assert {"question", "model", "send", "runs"} <= found
    for file in SCRIPTS:
        targets = re.findall(r'from "([^"]+)"', file.read_text("utf-8"))
        assert [target for target in targets if not (file.parent / target).is_file()] == []


def test_every_field_has_a_label(document: Elements) -> None:
    labelled = set(document.values("for"))
    fields = [has for tag, has in document.found if tag in ("input", "select", "textarea")]
    assert [field for field in fields if field["id"] not in labelled] == []


async def test_the_form_is_told_what_each_model_can_be_set_to(make_pool: Any, bank: Any) -> None:
    from types import SimpleNamespace

    from smacs.server.catalogue import settings
    from smacs.server.engine import Engine

    engine = Engine.open(make_pool(["llm-0", "llm-1", "llm-2"], settings={"n": 3}), bank)
    request: Any = SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace(engine=engine)))
    told = await settings(request)
    forms = {model["id"]: model["settings"]["properties"] for model in told["models"]}
    assert list(forms) == engine.models()
    assert told["tasks"] == ("choice", "code", "instruction", "math", "open")
    assert (forms["smacs"]["k"]["default"], forms["smacs"]["k"]["maximum"]) == (3, 3)
    assert forms["smacs"]["n"]["default"] == 3
    assert forms["smacs"]["aggregator"]["anyOf"][0] == {"enum": ["llm-0", "llm-1", "llm-2"]}
    assert "rps" in forms["smacs"]["selector"]["enum"]
    assert "n" not in forms["simple_router"]
    assert "llm" not in forms["llm-0"]
    assert all(field["description"] for form in forms.values() for field in form.values())
