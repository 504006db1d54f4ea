"""From a matplotlib figure to SVG for a page: colours become CSS variables, ids are the chart's own."""

import re
from dataclasses import dataclass
from html import escape
from io import StringIO
from typing import TYPE_CHECKING, Any

from smacs.visible import visible

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# The colours that charts are drawn in, each the name of a CSS variable on the page.
INK, FAINT, GRID, PLAIN, MAIN, SECOND, THIRD = (f"#0000{number:02x}" for number in range(1, 8))
VARIABLES = dict(
    zip(
        (INK, FAINT, GRID, PLAIN, MAIN, SECOND, THIRD),
        ("ink", "faint", "grid", "plain", "main", "second", "third"),
        strict=True,
    )
)
LIGHT = "--ink:#1b1f24;--faint:#57606a;--grid:#e3e6ea;--plain:#6e7781;--main:#0058b0;--second:#b34700;--third:#007a5e"
DARK = "--ink:#e6e9ed;--faint:#a3acb6;--grid:#30363d;--plain:#9aa4af;--main:#6cb0ff;--second:#ff9a56;--third:#4ccfa9"
RC: Any = {
    "svg.fonttype": "none",  # text stays text
    "text.parse_math": False,  # a $ in the name of an LLM is a $
    "font.size": 12,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": FAINT,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}


@dataclass(frozen=True, slots=True)
class Chart:
    """An SVG with the words that stand for it."""

    name: str
    title: str
    alt: str
    svg: str

    @property
    def file(self) -> str:
        """The SVG as a file of its own, light or dark as the reader wants it."""
        style = f"svg{{{LIGHT};font-family:system-ui,sans-serif}}@media(prefers-color-scheme:dark){{svg{{{DARK}}}}}"
        head, rest = self.svg.split(">", 1)
        return f'{head} xmlns="http://www.w3.org/2000/svg"><style>{style}</style>{rest}'


def chart(figure: "Figure", name: str, title: str, alt: str) -> Chart:
    """The figure as a chart; the same figure gives the same text."""
    from matplotlib import rc_context

    out = StringIO()
    with rc_context({**RC, "svg.hashsalt": name}):
        figure.savefig(out, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    return Chart(name, title, alt, _for_a_page(out.getvalue(), name, alt))


def _for_a_page(svg: str, name: str, alt: str) -> str:
    body = svg[svg.index("<svg") :]
    width, height = re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', body)[0]
    body = body[body.index(">") + 1 :].strip()
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="', f'id="{name}-', body).replace("url(#", f"url(#{name}-")
    body = body.replace('xlink:href="#', f'href="#{name}-')
    body = re.sub(r"font: (?:(bold|\d+) )?([\d.]+)px [^;\"]*", _font, body)
    for colour, variable in {**VARIABLES, "#000000": "ink"}.items():
        body = body.replace(colour, f"var(--{variable})")
    head = f'<svg class="chart" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img"'
    return f'{head} aria-label="{escape(visible(alt))}">{body}'


def _font(found: re.Match[str]) -> str:
    weight = f"font-weight: {found[1]}; " if found[1] else ""
    return f"{weight}font-size: {found[2]}px"
