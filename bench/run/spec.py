"""Specs name the systems of a run: `smacs`, `moa`, `llm:NAME`, with settings `smacs[k=3,lam=0]`, with a part of the
pool `smacs[pool=a+b]`."""

import re
from dataclasses import dataclass, field
from typing import Any

from smacs.errors import InputError
from smacs.graph.systems import SINGLE_LLM
from smacs.pool.pool import Pool

LLM = "llm:"
ABLATION = {  # table 2: retrieval prior, similarity, perplexity and prior drop switched on one after the other
    "random LLMs, one aggregation": "smacs[selector=chance,n=1,k_drop=0]",
    "+ retrieval prior": "smacs[n=1,k_drop=0]",
    "+ similarity": "smacs[k_drop=0,lam=0]",
    "+ perplexity": "smacs[k_drop=0]",
    "+ prior drop: SMACS": "smacs",
}
DROPS = {"prior drop": "smacs", "random drop": "smacs[drop=random]", "no drop": "smacs[k_drop=0]"}  # fig. 5
_FORM = re.compile(r"(?P<system>[^\[\]]+?)(?:\[(?P<options>[^\[\]]*)\])?")


@dataclass(frozen=True, slots=True)
class Spec:
    """A system: its name (`single_llm` with `llm`), settings of its own, and the LLMs it may use (empty: all)."""

    system: str
    llm: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    pool: tuple[str, ...] = ()

    def llms(self, pool: Pool) -> list[str]:
        """The LLMs of the pool that it may ask."""
        return [self.llm] if self.llm else list(self.pool or pool.llms)

    def __str__(self) -> str:
        options = {**({"pool": "+".join(self.pool)} if self.pool else {}), **self.settings}
        name = f"{LLM}{self.llm}" if self.llm else self.system
        inner = ",".join(f"{key}={options[key]}" for key in sorted(options))
        return f"{name}[{inner}]" if inner else name


def parse_spec(text: str) -> Spec:
    """The spec that a text means; settings are numbers where they look like numbers. Raises InputError."""
    form = _FORM.fullmatch(text.strip())
    if form is None:
        raise InputError(f"System {text!r}: expected a name, or a name with settings as in smacs[k=3,lam=0].")
    options = dict(_option(part, text) for part in (form["options"] or "").split(",") if part.strip())
    pool = tuple(name.strip() for name in options.pop("pool", "").split("+") if name.strip())
    settings = {key: _value(value) for key, value in options.items()}
    name = form["system"].strip()
    if name.startswith(LLM):
        return Spec(SINGLE_LLM, name.removeprefix(LLM), settings, pool)
    return Spec(name, None, settings, pool)


def split_specs(text: str) -> list[str]:
    """The specs of a list separated by commas; commas within brackets separate settings."""
    return [part.strip() for part in re.split(r",(?![^\[]*\])", text) if part.strip()]


def _option(part: str, text: str) -> tuple[str, str]:
    key, equals, value = (piece.strip() for piece in part.partition("="))
    if not equals or not key or not value:
        raise InputError(f"System {text!r}: expected settings as key=value, got {part.strip()!r}.")
    return key, value


def _value(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
