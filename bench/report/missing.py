"""What a report lacks, and which systems to run for it."""

from smacs.bench.report.model import Report
from smacs.bench.report.names import REFERENCE, find
from smacs.bench.run.spec import ABLATION, DROPS, LLM, parse_spec

SYSTEMS = {  # what `smacs bench run --systems` needs for each part
    "systems": "smacs",
    "ablation": "ablation",
    "ranking": "smacs,llms",
    "scaling": "pools",
    "support": "smacs",
    "diversity": "drops",
    "aggregators": "aggregators",
    "inside": "smacs",
}


def missing(report: Report) -> dict[str, str]:
    """For each part of the report that lacks a system, the `--systems` that give it."""
    specs = {row.spec: parse_spec(row.spec) for row in report.systems}
    lacking = {
        "systems": REFERENCE not in specs,
        "ablation": any(find(specs, text) is None for text in ABLATION.values()),
        "ranking": any(f"{LLM}{name}" not in specs for name in report.pool.llms),
        "diversity": any(find(specs, text) is None for text in DROPS.values()),
    }
    return {part: groups for part, groups in SYSTEMS.items() if lacking.get(part) or not getattr(report, part)}
