"""A report as files: one HTML page, Markdown with its charts, JSON.

All text is escaped: replies and names are not to be trusted.
"""

import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from smacs.bench.report.charts import DARK, LIGHT
from smacs.bench.report.figures import sections
from smacs.bench.report.headline import headline
from smacs.bench.report.model import Report
from smacs.bench.report.sheet import Section
from smacs.errors import SmacsError
from smacs.store.io.files import writing
from smacs.visible import visible

if TYPE_CHECKING:
    from jinja2 import Environment

_MARKDOWN = re.compile(r"([\\`*_\[\]|~#])")


def check() -> None:
    """Raise SmacsError where a package that pages need is missing."""
    try:
        import jinja2  # noqa: F401
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise SmacsError(f"The report needs {error.name}: pip install 'smacs[report]'.") from None


def render(report: Report) -> tuple[str, str, list[Section]]:
    """The page, the Markdown, and the sections with their charts. Raises SmacsError."""
    check()
    made = sections(report)
    values = {"report": report, "sections": made, "headline": headline(report), "light": LIGHT, "dark": DARK}
    environment = _environment()
    page, markdown = (environment.get_template(name).render(values) for name in ("page.html", "page.md"))
    return page, markdown, made


def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    made = Environment(
        loader=PackageLoader("smacs.bench.report"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )
    made.filters["md"] = plain
    return made


def _visible(value: Any) -> Any:
    """What is put into a template, without control characters; charts are markup of our own."""
    return visible(value) if type(value) is str else value


def plain(text: Any) -> str:
    """Text that Markdown shows as it is, on one line."""
    return _MARKDOWN.sub(r"\\\1", escape(" ".join(str(text).split()), quote=False))


def write(report: Report, folder: Path) -> list[Path]:
    """The files that were written. Raises BankError where there is no room or right to write."""
    page, markdown, sections = render(report)
    files = {
        "report.html": page,
        "report.md": markdown,
        "report.json": msgspec.json.format(msgspec.json.encode(report), indent=1).decode() + "\n",
    }
    charts = {f"charts/{chart.name}.svg": chart.file for section in sections for chart in section.charts}
    for name, text in {**files, **charts}.items():
        with writing(folder / name):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, "utf-8")
    return [folder / name for name in files]
