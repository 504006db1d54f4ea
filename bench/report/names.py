"""What systems are called in a report, and which spec is which."""

from collections.abc import Mapping
from typing import Any

from smacs.bench.report.figures import Group
from smacs.bench.run.spec import Spec

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


def find(specs: Mapping[str, Spec], settings: Mapping[str, Any], system: str = REFERENCE) -> str | None:
    """The spec of a system with exactly these settings and the whole pool, in whatever order they were typed."""
    wanted = Spec(system, None, dict(settings))
    return next((name for name, spec in specs.items() if spec == wanted), None)
