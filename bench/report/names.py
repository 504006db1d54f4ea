"""Systems in a report: what they are called, which group they belong to, which of them a spec means."""

from collections.abc import Mapping

from smacs.bench.report.model import Group
from smacs.bench.run.spec import Spec, parse_spec

REFERENCE = "smacs"  # the spec that the others are compared with
TITLES = {
    "smacs": "SMACS",
    "simple_router": "Simple Router",
    "majority_voting": "Majority Voting",
    "self_consistency": "Self Consistency",
    "self_moa": "Self-MoA",
    "moa": "MoA",
    "symbolic_moe": "Symbolic-MoE*",
}


def title(spec: Spec) -> str:
    """Such as `Self-MoA`, `SMACS (k_drop=0)` or the name of an LLM."""
    name = spec.llm or TITLES.get(spec.system, spec.system)
    options = [f"{key}={spec.settings[key]}" for key in sorted(spec.settings)]
    if spec.pool:
        options.insert(0, f"pool of {len(spec.pool)}: {', '.join(spec.pool)}")
    return f"{name} ({', '.join(options)})" if options else name


def group(spec: Spec) -> Group:
    """A system of its own, a single LLM, or one of both with settings or a part of the pool."""
    if spec.settings or spec.pool:
        return "variant"
    return "llm" if spec.llm else "system"


def find(specs: Mapping[str, Spec], text: str) -> str | None:
    """The spec that means the same as `text`, in whatever order its settings were typed."""
    spec = parse_spec(text)
    return next((name for name, other in specs.items() if other == spec), None)
