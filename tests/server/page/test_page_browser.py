"""The page in a real Chromium, with real clicks and keys, over the real server and mock LLMs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from smacs.graph.systems import SINGLE_LLM, systems
from smacs.graph.trace import read_trace
from smacs.server.page.single import write_page
from tests.server.conftest import LLMS, Served
from tools.mock.process import MockServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

HOSTILE = '</script><script>window.hacked=1</script><img src=x onerror="window.hacked=1"><b>bold</b> **strong**'
PARTS = {name: system.steps for name, system in systems().items() if name != SINGLE_LLM}
PARTS["llm-1"] = systems()[SINGLE_LLM].steps
ALL = PARTS["smacs"]


def ask(page: "Page", question: str = "How many legs has a spider?") -> None:
    """Type a question and click."""
    page.get_by_label("Question", exact=True).click()
    page.keyboard.type(question)
    page.get_by_role("button", name="Ask", exact=True).click()
    page.locator("#cost").wait_for()


def set_all(mock: MockServer, **plan: Any) -> None:
    """Serve every LLM by the same plan."""
    for name in LLMS:
        mock.set(name, **plan)


def parts(page: "Page") -> set[str]:
    shown: list[str] = page.evaluate("[...document.querySelectorAll('.part')].map((part) => part.id)")
    return set(shown)


def width_over(page: "Page") -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


def test_a_question_is_asked_with_a_click_and_everything_inside_is_shown(page: "Page") -> None:
    ask(page)
    assert page.locator("#answer .prose").inner_text() == "Eight legs."
    assert "Candidate" in page.locator("#answer .why").inner_text()
    assert page.locator("#support .bars .number").all_inner_texts() == ["50 %", "50 %"]
    assert page.locator("#priors .bars li").count() == 4
    assert page.locator("#references .card").count() == 4
    assert page.locator("#subsets .dots").count() >= 1
    assert page.locator("#candidates .card").count() == 3
    assert page.locator("#candidates .winner").count() == 1
    assert page.locator("#candidates .winner .figure").count() == 4
    assert "calls, 0 failed" in page.locator("#cost").inner_text()
    assert page.locator(".steps .done").count() == 6
    assert page.locator(".trouble").count() == 0
    page.locator("#references summary").first.click()
    assert page.locator("#references .prose").first.inner_text() == "Eight legs."


@pytest.mark.parametrize("model", PARTS)
def test_each_model_shows_the_parts_that_it_has(page: "Page", model: str) -> None:
    page.get_by_label("Model", exact=True).select_option(model)
    ask(page)
    assert parts(page) == {*PARTS[model], "cost"}
    assert page.locator(".steps li").count() == len(PARTS[model])


def test_the_keyboard_is_enough(page: "Page") -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "question"
    page.keyboard.type("First line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("second line")
    page.keyboard.press("Enter")
    page.locator("#cost").wait_for()
    assert page.locator(".asked .question").inner_text() == "First line\nsecond line"
    assert page.locator("#status").inner_text() == "Done."
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.textContent"))
    assert [name for name in ("model", "task", "send", "Settings", "Copy the answer") if name not in reached] == []


def test_what_an_llm_writes_is_only_ever_text(page: "Page", mock: MockServer) -> None:
    set_all(mock, text=HOSTILE)
    ask(page, HOSTILE)
    for summary in page.locator("#references summary, #candidates summary").all():
        summary.click()
    assert page.locator("#view img, #view script, #view b").count() == 0
    assert page.locator("#answer .prose").inner_text() == HOSTILE.replace("**", "")
    assert page.locator("#answer strong").inner_text() == "strong"
    assert page.evaluate("window.hacked") is None


def test_the_policy_and_trusted_types_hold_in_the_browser(browser: "Browser", server: Served) -> None:
    page = browser.new_page()
    page.goto(server.url)
    parse = "() => { try { document.body.innerHTML = '<b>x</b>' } catch (error) { return error.name } }"
    assert page.evaluate(parse) == "TypeError"
    blocked = "fetch('http://127.0.0.2:9/').then(() => 'reached', () => 'blocked')"
    page.evaluate("addEventListener('securitypolicyviolation', (e) => { window.violated = e.effectiveDirective })")
    assert page.evaluate(blocked) == "blocked"
    assert page.evaluate("window.violated") == "connect-src"
    page.context.close()


def test_who_failed_and_that_the_answer_is_degraded_is_shown(page: "Page", mock: MockServer) -> None:
    mock.set("llm-1", fault="500")
    ask(page)
    said = page.locator(".trouble").inner_text()
    assert "Degraded" in said and "only 3 of 4 references arrived" in said
    assert page.locator("#references .failed .who").inner_text().endswith("llm-1")
    assert "500" in page.locator("#references .failed").inner_text()
    assert page.locator("#priors .failed").count() == 1
    assert page.locator("#answer .prose").inner_text() == "Eight legs."


def test_a_run_without_an_answer_says_why(page: "Page", mock: MockServer) -> None:
    set_all(mock, fault="500")
    ask(page)
    assert "There is no answer" in page.locator(".trouble").inner_text()
    assert page.locator("#references .failed").count() == 4
    assert page.locator("#answer").count() == 0


def test_stop_cancels_the_calls(page: "Page", mock: MockServer) -> None:
    set_all(mock, text="late", latency=300.0)
    page.get_by_label("Question", exact=True).fill("Will this end?")
    page.get_by_role("button", name="Ask", exact=True).click()
    while mock.stats().total.in_flight < 4:
        page.wait_for_timeout(20)
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("Stopped before the end").wait_for()
    while mock.stats().total.in_flight:
        page.wait_for_timeout(20)
    assert mock.stats().total.lost == 4
    assert page.get_by_role("button", name="Ask", exact=True).is_visible()


def test_settings_are_sent_and_wrong_ones_are_said(page: "Page") -> None:
    page.locator("form summary").click()
    page.get_by_label("k", exact=True).fill("2")
    page.get_by_label("n", exact=True).fill("2")
    page.get_by_label("aggregator").select_option("llm-0")
    page.get_by_label("selector").select_option("simple_router")
    ask(page)
    assert page.locator("#references .card").count() == 2
    assert page.locator("#candidates .card").count() == 2
    assert "llm-0" in page.locator("#candidates .lead").inner_text()
    page.get_by_label("k_drop").fill("3")
    page.get_by_role("button", name="Ask", exact=True).click()
    page.get_by_text("There is no answer").wait_for()
    assert "k_drop" in page.locator(".trouble").inner_text()


def test_past_runs_are_kept_opened_exported_imported_and_deleted(page: "Page", server: Served, tmp_path: Path) -> None:
    ask(page, "Is it kept?")
    page.reload()
    past = page.locator("#runs .past")
    past.click()
    assert page.locator("#answer .prose").inner_text() == "Eight legs."
    with page.expect_download() as download:
        page.get_by_role("button", name="Export: Is it kept?").click()
    download.value.save_as(tmp_path / "run.json")
    saved = json.loads((tmp_path / "run.json").read_text())
    assert (saved["question"], saved["status"]) == ("Is it kept?", "done")
    trace = read_trace(saved)  # what `smacs replay` takes
    assert (trace.system, trace.asked.question, trace.answer) == ("smacs", "Is it kept?", "Eight legs.")
    assert (trace.settings["n"], len(trace.references), len(trace.candidates)) == (3, 4, 3)
    page.get_by_role("button", name="Delete: Is it kept?").click()
    page.get_by_text("None yet.").wait_for()
    page.set_input_files("#import", tmp_path / "run.json")
    past.wait_for()
    bare = tmp_path / "trace.json"
    bare.write_text(json.dumps(server.ask(smacs={"trace": True}).json()["smacs"]["trace"]))
    page.set_input_files("#import", bare)
    page.locator(".past", has_text="How many legs").wait_for()
    wrong = tmp_path / "wrong.json"
    wrong.write_text("[1]")
    page.set_input_files("#import", wrong)
    page.get_by_text("Expected the trace of a run").wait_for()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete all").click()
    page.get_by_text("None yet.").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_all_without_sideways_scrolling(
    new_page: "Callable[..., Page]", server: Served, mock: MockServer, scheme: str
) -> None:
    set_all(mock, text=["```\n" + "wide " * 80 + "\n```\n" + "long" * 200, HOSTILE])
    page = new_page(viewport={"width": 360, "height": 740}, color_scheme=scheme)
    page.goto(server.url)
    assert width_over(page) == 0
    ask(page)
    for summary in page.locator("summary").all():
        if summary.is_visible():
            summary.click()
    assert width_over(page) == 0
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(json.loads(f"[{background[4:-1]}]")) < 384) == (scheme == "dark")


def test_the_theme_can_be_turned_and_stays(new_page: "Callable[..., Page]", server: Served) -> None:
    page = new_page(color_scheme="light")
    page.goto(server.url)
    button = page.get_by_role("button", name="Theme")
    colours = []
    for theme in ("auto", "light", "dark"):
        assert button.inner_text() == f"Theme: {theme}"
        colours.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        if theme != "dark":
            button.click()
    assert colours[0] == colours[1] != colours[2]
    page.reload()
    assert button.inner_text() == "Theme: dark"


def test_a_file_shows_its_run_without_any_network(
    new_page: "Callable[..., Page]", server: Served, mock: MockServer, tmp_path: Path
) -> None:
    set_all(mock, text=[HOSTILE, "\u202eturned\u202c " + "x" * 1_000_000])
    asked = [{"role": "user", "content": HOSTILE}]
    reply = server.ask(messages=asked, smacs={"trace": True}).json()
    trace = {**reply["smacs"]["trace"], "system": "smacs", "at": "2026-01-02T03:04:05Z", "seconds": 1.0}
    write_page(tmp_path / "run.html", trace)
    page = new_page(offline=True)
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.goto((tmp_path / "run.html").as_uri())
    assert parts(page) == {*ALL, "cost"}
    assert page.locator(".asked .question").inner_text() == HOSTILE
    assert page.locator("#view img, #view script, #view b").count() == 0
    assert page.evaluate("window.hacked") is None
    assert requested == [(tmp_path / "run.html").as_uri()]


def test_a_run_of_before_remarks_had_kinds_is_shown_and_exported_as_it_was(
    new_page: "Callable[..., Page]", server: Served, tmp_path: Path
) -> None:
    old = {"degraded": ["only 2 of 4 references arrived"], "notes": ["chosen of 2 replies by similarity"]}
    trace = {**server.ask(smacs={"trace": True}).json()["smacs"]["trace"], **old, "system": "smacs"}
    write_page(tmp_path / "run.html", trace)
    page = new_page(offline=True)
    page.goto((tmp_path / "run.html").as_uri())
    assert old["degraded"][0] in page.locator(".trouble").inner_text()
    assert old["notes"][0] in page.locator("#answer .why").inner_text()
    page = new_page()
    page.goto(server.url)
    script = "async (trace) => { const run = await import('/page/run.js'); return run.exported(run.readRun(trace)); }"
    again = page.evaluate(script, trace)
    assert {name: again[name] for name in old} == old


def test_a_server_with_keys_asks_for_one(
    new_page: "Callable[..., Page]", keyed: tuple[str, str], mock: MockServer
) -> None:
    url, key = keyed
    set_all(mock, text="Eight legs.")
    page = new_page()
    page.goto(url)
    field = page.get_by_label("API key")
    field.fill("wrong")
    field.press("Tab")
    page.get_by_text("A valid API key is expected").wait_for()
    field.fill(key)
    field.press("Tab")
    page.get_by_label("Model", exact=True).locator("option").first.wait_for(state="attached")
    ask(page)
    assert page.locator("#answer .prose").inner_text() == "Eight legs."
    kept: Any = page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }])")
    assert key not in kept
