"""Charts as SVG whose colours are those of the page, light or dark; dots with intervals, which most figures use."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from io import StringIO
from typing import TYPE_CHECKING, Any

from smacs.bench.report.model import Interval
from smacs.visible import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
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
WIDTH, ROW, MARGIN = 440, 24, 26  # in pixels of the SVG
RIGHT = 0.87
LONGEST = 30  # characters of a name
LETTER = 7.2  # pixels of a character at most, on average


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


def hide_frame(axes: "Axes") -> None:
    """No lines around a chart."""
    for side in axes.spines.values():
        side.set_visible(False)


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


@dataclass(frozen=True, slots=True)
class Dot:
    """A row: a figure in %, its colour, and what the paper reports. Without a figure it is the heading of a group."""

    name: str
    share: Interval | None = None
    colour: str = PLAIN
    paper: float | None = None


def dots(name: str, title: str, rows: Sequence[Dot], label: str = "accuracy, %") -> Chart:
    """The chart; the axis covers the intervals."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    height = ROW * len(rows) + 2 * MARGIN
    with rc_context(RC):
        figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72)
        left = (LETTER * max((len(_short(row.name)) for row in rows), default=0) + 12) / WIDTH
        axes = figure.add_axes((left, 1.5 * MARGIN / height, RIGHT - left, ROW * len(rows) / height))
        _frame(axes, rows, label)
        for y, row in enumerate(rows):
            axes.text(-left / (RIGHT - left), y, _short(row.name), transform=axes.get_yaxis_transform(), **_style(row))
            _mark(axes, y, row)
        return chart(figure, name, title, f"{title}: {alternative(rows)}")


def alternative(rows: Sequence[Dot]) -> str:
    """The rows in words."""
    parts = [f"{row.name} {row.share.value:.1f} %" if row.share else f"{row.name}:" for row in rows]
    return "; ".join(parts).replace(":;", ":")


def _frame(axes: "Axes", rows: Sequence[Dot], label: str) -> None:
    ends = [end for row in rows if row.share for end in (row.share.low, row.share.high, row.paper or row.share.low)]
    low, high = (max(0, min(ends, default=0) // 10 * 10), min(100, -(-max(ends, default=100) // 10) * 10))
    axes.set_xlim(low, max(high, low + 10))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks([])
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="x", color=GRID, linewidth=1)
    axes.set_axisbelow(True)
    axes.set_xlabel(label, fontsize=11)
    hide_frame(axes)


def _style(row: Dot) -> dict[str, Any]:
    return {"va": "center", "weight": "bold" if row.share is None or row.colour == MAIN else "normal"}


def _mark(axes: "Axes", y: int, row: Dot) -> None:
    if row.share is None:
        return
    colour = row.colour
    axes.plot([row.share.low, row.share.high], [y, y], color=colour, linewidth=2, solid_capstyle="round")
    axes.plot([row.share.value], [y], "o", color=colour, markersize=8, markeredgecolor="none")
    if row.paper is not None:
        axes.plot([row.paper], [y], "D", markersize=6, markerfacecolor="none", markeredgecolor=FAINT)
    axes.text(1.03, y, f"{row.share.value:.1f}", transform=axes.get_yaxis_transform(), **_style(row))


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
