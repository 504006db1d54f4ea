"""What sections share."""

from smacs.bench.report.model import Report


def needs(report: Report, part: str, shown: bool) -> str:
    """What to run for a part that is left out, or for what it lacks; empty for a whole one."""
    if part not in report.missing:
        return ""
    lead = "Some of it is left out" if shown else "Left out"
    return f"{lead}: the run lacks systems for it. Run it again with --systems {report.missing[part]} to add them."
