"""What the progress events of a graph say in words, for the command line and for chat clients."""

from collections.abc import Callable
from typing import Any

Event = dict[str, Any]


def words(event: Event) -> tuple[str, str]:
    """A label and a short line, without anything that an LLM or an endpoint said; of an unknown event its name."""
    kind = event["event"]
    label, say = _WORDS.get(kind, (kind, _nothing))
    return label, say(event)


def _retrieved(event: Event) -> str:
    support = event["support"]
    shares = ", ".join(f"{name} {share:.0%}" for name, share in list(support["datasets"].items())[:4])
    return f"{support['count']} similar bank questions above {support['threshold']:.2f}: {shares}"


def _priors(event: Event) -> str:
    return ", ".join(f"{name} {prior:.2f}" for name, prior in event["priors"].items())


def _referencer(event: Event) -> str:
    if event["error"]:
        kind, _, _ = event["error"].partition(":")
        return f"{event['llm']} failed: {kind}"
    return f"{event['llm']}: {event['tokens']} tokens in {event['seconds']:.1f} s"


def _subsets(event: Event) -> str:
    return f"{len(event['subsets'])} subsets drawn, {len(set(map(tuple, event['subsets'])))} different"


def _candidate(event: Event) -> str:
    return f"{event['index'] + 1} is written"


def _selected(event: Event) -> str:
    which = "a reference" if event["candidate"] is None else f"candidate {event['candidate'] + 1}"
    cut = ", cut at max_tokens" if event["finish"] == "length" else ""
    return f"{which}, written by {event['llm']}{cut}"


def _nothing(_: Event) -> str:
    return ""


_WORDS: dict[str, tuple[str, Callable[[Event], str]]] = {
    "retrieved": ("retrieved", _retrieved),
    "priors": ("prior", _priors),
    "referencer": ("reference", _referencer),
    "subsets": ("drop", _subsets),
    "candidate": ("candidate", _candidate),
    "selected": ("selected", _selected),
}
