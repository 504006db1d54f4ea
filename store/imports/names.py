"""Which LLM of the pool a name in somebody else's file means."""

import re
from collections.abc import Iterable, Mapping

from smacs.errors import InputError
from smacs.pool.config import PoolFile

# What the authors' bank calls differently from the hub (algorithm.md, section 8).
_ALIASES = {
    "metallama3370binstruct": "llama3370binstruct",
    "r1distillllama70b": "deepseekr1distillllama70b",
    "r1distillllama32b": "deepseekr1distillqwen32b",
}


def key(name: str) -> str:
    """What is left of a name without owner, letter case and separators: equal for one LLM written in two ways."""
    last = re.split(r"/|__", name.strip().casefold())[-1]
    bare = re.sub(r"[^\w]|_", "", last)
    return _ALIASES.get(bare, bare)


class Names:
    """Gives LLMs the pool's names, and remembers what it did with which.

    `rename` comes first. A name that several LLMs of the pool answer to stays as it is.
    """

    def __init__(self, rename: Mapping[str, str], pool: PoolFile | None = None) -> None:
        self.rename = dict(rename)
        self.pool = _by_key(pool) if pool else {}
        self.given: dict[str, str] = {}

    def __call__(self, theirs: str) -> str:
        """Our name for an LLM, or theirs where nobody knows a better one."""
        if theirs not in self.given:
            own = self.pool.get(key(theirs), set())
            self.given[theirs] = self.rename.get(theirs) or (next(iter(own)) if len(own) == 1 else theirs)
        return self.given[theirs]

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
        return {theirs: ours for theirs, ours in self.given.items() if theirs != ours or ours in known}

    @property
    def unmapped(self) -> list[str]:
        """Names that were kept although there is a pool that could have known them."""
        return [name for name in self.given if name not in self.mapped] if self.pool else []

    @property
    def unused(self) -> list[str]:
        """What `rename` expected and no file has."""
        return [name for name in self.rename if name not in self.given]


def _by_key(pool: PoolFile) -> dict[str, set[str]]:
    """The LLMs of a pool by what they may be called: their own name, the server's, the hub's."""
    found: dict[str, set[str]] = {}
    for name, spec in pool.llms.items():
        hub = spec.launch.hub_id if spec.launch else None
        for called in (name, spec.model, hub):
            if called:
                found.setdefault(key(called), set()).add(name)
    return found
