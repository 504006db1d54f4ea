"""Which LLM of the pool is meant by a name in another tool's file."""

import re
from collections.abc import Iterable, Mapping

from smacs.errors import InputError
from smacs.pool.config import PoolFile

# LLMs that the authors' bank calls by another name than the hub.
_ALIASES = {
    "metallama3370binstruct": "llama3370binstruct",
    "r1distillllama70b": "deepseekr1distillllama70b",
    "r1distillllama32b": "deepseekr1distillqwen32b",
}


def bare_name(name: str) -> str:
    """A name without owner, letter case and separators: equal for two ways of writing one LLM."""
    last = re.split(r"/|__", name.strip().casefold())[-1]
    bare = re.sub(r"[^\w]|_", "", last)
    return _ALIASES.get(bare, bare)


class LLMNames:
    """Gives LLMs the pool's names, and remembers which name became which.

    `rename` comes first. A name that fits several LLMs of the pool stays as it is.
    """

    def __init__(self, rename: Mapping[str, str], pool: PoolFile | None = None) -> None:
        self.rename = dict(rename)
        self.pool = _by_key(pool) if pool else {}
        self.ours: dict[str, str] = {}

    def __call__(self, theirs: str) -> str:
        """Our name for an LLM, or theirs where nobody knows a better one."""
        if theirs not in self.ours:
            own = self.pool.get(bare_name(theirs), set())
            self.ours[theirs] = self.rename.get(theirs) or (next(iter(own)) if len(own) == 1 else theirs)
        return self.ours[theirs]

    def all(self, theirs: Iterable[str]) -> dict[str, str]:
        """Our name -> their name, for the LLMs of one question. Raises InputError where two of them become one."""
        ours: dict[str, str] = {}
        for name in theirs:
            if (other := ours.setdefault(self(name), name)) != name:
                raise InputError(
                    f"{other!r} and {name!r} answered the same question, and both would be called {self(name)!r}. "
                    "Give one of them another name with --rename."
                )
        return ours

    @property
    def mapped(self) -> dict[str, str]:
        """Their name -> ours, where they differ or the pool has the name."""
        known = {name for own in self.pool.values() for name in own} | set(self.rename.values())
        return {theirs: ours for theirs, ours in self.ours.items() if theirs != ours or ours in known}

    @property
    def unmapped(self) -> list[str]:
        """Names that the pool does not know; [] without a pool."""
        return [name for name in self.ours if name not in self.mapped] if self.pool else []

    @property
    def unused(self) -> list[str]:
        """Names in `rename` that no file has."""
        return [name for name in self.rename if name not in self.ours]


def _by_key(pool: PoolFile) -> dict[str, set[str]]:
    """The LLMs of a pool by what they may be called: their own name, the server's, the hub's."""
    found: dict[str, set[str]] = {}
    for name, spec in pool.llms.items():
        hub = spec.launch.hub if spec.launch else None
        for called in (name, spec.model, hub):
            if called:
                found.setdefault(bare_name(called), set()).add(name)
    return found
