"""Progress as text: one short line for each event of a graph, without anything that an LLM wrote."""

from collections.abc import Callable
from typing import Any

Event = dict[str, Any]


def line(event: Event) -> str:
    """One line that says what happened; of an unknown event its name."""
    say = _LINES.get(event["event"])
    return say(event) if say else str(event["event"])


def _retrieved(event: Event) -> str:
    support = event["support"]
    shares = ", ".join(f"{name} {share:.0%}" for name, share in list(support["datasets"].items())[:4])
    return f"{support['count']} similar questions: {shares}"


def _priors(event: Event) -> str:
    best = list(event["priors"].items())[:8]
    return f"priors: {', '.join(f'{name} {prior:.2f}' for name, prior in best)}"


def _referencer(event: Event) -> str:
    if event["error"]:
        kind, _, _ = event["error"].partition(":")
        return f"{event['llm']} failed: {kind}"
    return f"{event['llm']} answered: {event['tokens']} tokens in {event['seconds']:.1f} s"


def _subsets(event: Event) -> str:
    return f"{len(event['subsets'])} subsets, {len(set(map(tuple, event['subsets'])))} different"


def _candidate(event: Event) -> str:
    return f"candidate {event['index'] + 1} is written"


def _selected(event: Event) -> str:
    which = "a reference" if event["candidate"] is None else f"candidate {event['candidate'] + 1}"
    return f"selected: {which}, written by {event['llm']}"


_LINES: dict[str, Callable[[Event], str]] = {
    "retrieved": _retrieved,
    "priors": _priors,
    "referencer": _referencer,
    "subsets": _subsets,
    "candidate": _candidate,
    "selected": _selected,
}
