"""Ceilings: how much one request may ask of the LLMs, whoever asks and by whichever door.

What counts is the product: answers x completions of a question x tokens of a completion. An operator's own settings,
those of the pool file, are never over a ceiling; what a client asks beyond both is refused before any LLM is called.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from smacs.errors import CeilingError
from smacs.nodes.shared.settings import Settings

Work = Mapping[str, int]  # what is written for one question -> how many completions, {"references": 7, "candidates": 8}


@dataclass(frozen=True, slots=True)
class Ceilings:
    """The most that is allowed, None: no ceiling. `deadline` in seconds; the last two are of a whole request."""

    k: int | None = None
    n: int | None = None
    deadline: float | None = None
    completions: int | None = None
    tokens: int | None = None

    def check(self, asked: Settings, own: Settings, work: Work, own_work: Work, answers: int = 1) -> None:
        """Raise CeilingError where `asked` is over a ceiling and over the operator's `own` settings as well."""
        for setting in ("k", "n", "deadline"):
            most, value, mine = getattr(self, setting), getattr(asked, setting), getattr(own, setting)
            if most is not None and value > max(most, mine):
                raise CeilingError(f"Setting {setting}: {_allows(setting, most)}, got {value:g}.", setting)
        count, mine = answers * sum(work.values()), sum(own_work.values())
        told = f"{_told(work, answers)} = {count:,} completion{'s' if count != 1 else ''}"
        if self.completions is not None and count > max(self.completions, mine):
            raise CeilingError(
                f"Too much is asked for at once: {told}; {_allows('completions', self.completions)}. "
                "Lower n, or k and n of the settings."
            )
        tokens, mine = count * asked.max_tokens, mine * own.max_tokens
        if self.tokens is not None and tokens > max(self.tokens, mine):
            raise CeilingError(
                f"Too much is asked for at once: {told} of up to {asked.max_tokens:,} tokens = {tokens:,} tokens; "
                f"{_allows('tokens', self.tokens)}. Lower max_tokens, n, or k and n of the settings.",
                "max_tokens",
            )


def _allows(what: str, most: float) -> str:
    variable = f"SMACS_SERVER_MAX_{what.upper()}" if what != "n" else "SMACS_SERVER_MAX_CANDIDATES"
    return f"this server allows {most:,} at most ({variable}, set by its operator)"


def _told(work: Work, answers: int) -> str:
    """`8 answers x (7 references + 8 candidates)`."""
    parts = " + ".join(f"{count:,} {name}" for name, count in work.items())
    return parts if answers == 1 else f"{answers} answers x ({parts})"
