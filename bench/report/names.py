"""What systems are called in a report, and which spec is which."""

from collections.abc import Mapping
from typing import Any

from smacs.bench.report.figures import Group
from smacs.bench.run.spec import Spec
from smacs.graph.systems import systems

REFERENCE = "smacs"  # the spec that the others are compared with
_STARRED = ("symbolic_moe",)  # as in the paper's table 1


def system_title(name: str) -> str:
    """Such as `Self-MoA`; of a system that there is not its name, as a run of another version may have it."""
    system = systems().get(name)
    return f"{system.title if system else name}{'*' if name in _STARRED else ''}"


def title(spec: Spec) -> str:
    """Such as `Self-MoA`, `SMACS (k_drop=0)` or the name of an LLM."""
    name = spec.llm or system_title(spec.system)
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
