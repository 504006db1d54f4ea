"""A report as files: `report.html`, `report.md` with its charts in `charts/`, `report.json`."""

from pathlib import Path

import msgspec

from smacs.bench.report.model import Report
from smacs.bench.report.page import render
from smacs.store.io.files import writing


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
