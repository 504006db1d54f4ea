"""The page, the Markdown and the JSON of a report."""

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser

import msgspec
import pytest
from typer.testing import CliRunner

from smacs.bench.report.build import build
from smacs.bench.report.model import Report
from smacs.bench.report.page import plain, render, write
from smacs.bench.run.records import GradedCandidate, GradedReference, Result
from smacs.cli.bench import app
from smacs.errors import SmacsError

pytestmark = pytest.mark.slow  # drawing a page takes a second

HOSTILE = "<script>alert('x')</script>"
LLM = "b $x$ <i>|*"


class Page(HTMLParser):
    """What a browser would act on."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.links, self.text = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.append(tag)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found[name] for name in ("href", "src", "xlink:href") if name in found]

    def handle_data(self, data):
        self.text.append(data)


def result(i, correct, **more):
    reply = f"{HOSTILE} So | it is *{correct}*."
    costs = {"calls": 3, "prompt_tokens": 100, "completion_tokens": 20 + i, "seconds": 1.0, "llm_seconds": 2.0}
    return Result(question=f"q{i}", correct=float(correct), answer=HOSTILE, response=reply, **costs, **more)


def smacs(i, correct):
    candidates = [
        GradedCandidate(j, ["a"], float(correct), True, 0.9 - j / 10, 1.1 + j / 10, 0.8 - j / 5) for j in (0, 1)
    ]
    references = [GradedReference("a", 2.0, float(correct), True)]
    more = {"selected": 0, "candidates": candidates, "references": references}
    return result(i, correct, support={"mbpp": 0.5, HOSTILE: 0.5}, priors={"a": 2.0, LLM: 1.0}, **more)


@pytest.fixture(scope="module")
def folder(make_run):
    """A run with every part of the report."""
    own = ("smacs", "smacs[k_drop=0]", "smacs[drop=random]", "smacs[pool=a]", f"smacs[aggregator={LLM}]")
    made = {spec: [smacs(i, (i + at) % 2) for i in range(4)] for at, spec in enumerate(own)}
    made |= {spec: [result(i, i % 3 == at) for i in range(4)] for at, spec in enumerate(("moa", "llm:a", f"llm:{LLM}"))}
    systems = {spec: {"mbpp": results, "math500": results[:2]} for spec, results in made.items()}
    return make_run(systems, questions={"mbpp": 4, "math500": 3}, llms=["a", LLM], text=HOSTILE)


@pytest.fixture(scope="module")
def written(folder, tmp_path_factory):
    """The folder of its report."""
    out = tmp_path_factory.mktemp("report")
    write(build(folder), out)
    return out


@pytest.fixture(scope="module")
def html(written):
    return (written / "report.html").read_text()


@pytest.fixture(scope="module")
def markdown(written):
    return (written / "report.md").read_text()


def test_the_page_is_whole_and_asks_for_nothing(html):
    page = Page(html)
    assert not {"script", "link", "iframe", "img", "object", "embed", "i", "b"} & set(page.tags)
    assert all(link.startswith("#") for link in page.links)
    assert {link[1:] for link in page.links} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert page.tags.count("svg") == 11
    assert not re.search(r"https?:|@import|url\((?!#)", html)


def test_what_llms_wrote_is_shown_as_text(html, markdown):
    assert "<script" not in html + markdown
    assert any(text.strip().startswith(f"{HOSTILE} So | it is *1*.") for text in Page(html).text)
    assert LLM in "".join(Page(html).text)  # no formula in a chart either


def test_markdown_shows_text_as_it_is():
    assert plain("a|b *c*\n<i>_d_`[e]") == r"a\|b \*c\* &lt;i&gt;\_d\_\`\[e\]"


def test_every_chart_has_words_and_every_scrolling_part_a_name(html):
    assert len(re.findall(r'<svg class="chart"[^>]* role="img" aria-label="[^"]+"', html)) == 11
    assert html.count('class="scroll"') == html.count('class="scroll" tabindex="0" role="region" aria-label="')


def test_colours_are_the_pages(html):
    assert "prefers-color-scheme: dark" in html
    charts = "".join(re.findall(r"<svg.*?</svg>", html, re.DOTALL))
    assert set(re.findall(r"(?:fill|stroke): ?([^;\"]+)", charts)) == {
        "none",
        *(f"var(--{name})" for name in ("ink", "faint", "grid", "plain", "main", "second", "third")),
    }


def test_the_tables_show_figure_interval_difference_and_the_papers(html):
    text = " ".join(" ".join(Page(html).text).split())
    assert "MBPP" in text
    assert "paper 82.8" in text  # SMACS on MBPP
    assert "Δ −25.0 [" in text  # moa less SMACS on MBPP: right on q0, q3 against q1, q3
    assert "The run is not finished: smacs lacks 1 of 7 questions." in text


def test_markdown_has_the_same_tables_and_charts(written, markdown):
    charts = re.findall(r"!\[[^\]]*\]\((.*?)\)", markdown)
    assert len(charts) == 11
    assert all((written / chart).read_text().startswith("<svg ") for chart in charts)
    for line in re.findall(r"^\|.*$", markdown, re.MULTILINE):
        assert line.endswith("|")
    tables = re.findall(r"(?:^\|.*\n)+", markdown, re.MULTILINE)
    assert len(tables) > 10
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


def test_the_page_follows_from_the_json(written, html, markdown):
    """Nothing on it comes from elsewhere."""
    again = msgspec.json.decode((written / "report.json").read_bytes(), type=Report)
    assert render(again)[:2] == (html, markdown)


def test_a_part_without_systems_says_what_to_run(make_run):
    html = render(build(make_run({"moa": {"mbpp": [result(0, 1)]}}, questions={"mbpp": 1})))[0]
    for systems in ("smacs", "ablation", "smacs,llms", "pools", "drops", "aggregators"):
        assert f"--systems {systems} to add them" in html
    assert "nothing is compared with it" in html


def test_the_command_writes_three_files_and_says_what_came_out(folder, tmp_path):
    done = CliRunner().invoke(app, ["report", str(folder), "--out", str(tmp_path / "o")], catch_exceptions=False)
    assert done.exit_code == 0
    assert done.stdout.startswith("SMACS is right on ")
    assert "The run is not finished" in done.stderr
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == [
        "charts",
        "report.html",
        "report.json",
        "report.md",
    ]


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_a_missing_package_is_said_before_anything_is_read(package, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(SmacsError, match=rf"{package}.*smacs\[report\]"):
        CliRunner().invoke(app, ["report", str(tmp_path)], catch_exceptions=False)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("chromium"), reason="needs `chromium` on the PATH")
@pytest.mark.parametrize("width", [390, 1200])
def test_a_browser_shows_it_light_and_dark(written, tmp_path, width):
    from matplotlib.image import imread

    brightness = {}
    for scheme, number in (("dark", 0), ("light", 1)):
        picture = tmp_path / f"{scheme}.png"
        flags = [f"--blink-settings=preferredColorScheme={number}", f"--window-size={width},2000", "--no-sandbox"]
        command = [
            "chromium",
            "--headless",
            "--disable-gpu",
            *flags,
            f"--screenshot={picture}",
            (written / "report.html").as_uri(),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        pixels = imread(picture)
        assert pixels.shape[1] == width
        brightness[scheme] = pixels[..., :3].mean()
    assert brightness["dark"] < 0.3
    assert brightness["light"] > 0.8
