"""Systems in a report: what they are called, which group they belong to, which of them a spec means."""

from collections.abc import Mapping

from smacs.bench.report.model import Group
from smacs.bench.run.spec import Spec, parse_spec
from smacs.graph.systems import systems

REFERENCE = "smacs"  # the spec that the others are compared with
_STARRED = ("symbolic_moe",)  # as in the paper's table 1


def system_title(name: str) -> str:
    """Such as `Self-MoA`; for a system that no longer exists (a run of another version) its name."""
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


def find(specs: Mapping[str, Spec], text: str) -> str | None:
    """The spec that means the same as `text`, in whatever order its settings were typed."""
    spec = parse_spec(text)
    return next((name for name, other in specs.items() if other == spec), None)
