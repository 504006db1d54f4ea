"""A real Chromium, and the page of the real server in it. Anything that goes wrong on the page fails the test."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from smacs.store.bank import QuestionBank
from tests.server.conftest import Served, pool_at, serving
from tools.mock.process import MockServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
EXPECTED = "Failed to load resource"  # the browser's own line for a reply of 4xx


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """Debian's Chromium, or another one on PATH."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(f"none of {', '.join(NAMES)} is on PATH: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser: "Browser") -> "Iterator[Callable[..., Page]]":
    """A page in a profile of its own; at the end, no error was thrown or logged and no policy was broken."""
    troubles: list[str] = []
    contexts = []

    def note(message: "ConsoleMessage") -> None:
        if message.type == "error" and not message.text.startswith(EXPECTED):
            troubles.append(message.text)

    def make(**options: Any) -> "Page":
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", note)
        return page

    yield make
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture
def page(new_page: "Callable[..., Page]", server: Served) -> "Page":
    """The page of the server, ready to be asked."""
    page = new_page(viewport={"width": 1200, "height": 900})
    page.goto(server.url)
    page.get_by_label("Model", exact=True).locator("option").nth(3).wait_for(state="attached")
    return page


@pytest.fixture
def keyed(mock: MockServer, bank: QuestionBank, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The address of a server that wants a key, and a key."""
    from smacs.server.app import create_app
    from smacs.server.keyfile import Limits, create_key
    from smacs.server.settings import ServerSettings

    file = tmp_path / "keys.json"
    key = create_key(file, "page", Limits())
    with serving(create_app(pool_at(mock.url), bank, ServerSettings(keys_file=file))) as served:
        yield served.url, key
