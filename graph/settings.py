"""Settings as the graph's context: the form that Studio shows, and how a caller's context becomes `Settings`."""

from collections.abc import Callable, Collection, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from annotated_types import Le, Lt
from pydantic import ValidationError, create_model

from smacs.errors import CeilingError, InputError
from smacs.nodes.selectors.shared.selector import selectors
from smacs.nodes.shared.settings import Form, Settings
from smacs.pool.pool import Pool, describe

Work = Mapping[str, int]  # what is written for one question -> how many completions, {"references": 7, "candidates": 8}


def make_settings(pool: Pool, *given: Mapping[str, Any] | Form | None) -> Settings:
    """Defaults, then the pool file's settings, then each of `given`; checked against the pool.

    K is by default at most the size of the pool, and of a single reference none is dropped; such a default is worked
    out anew whenever K changes, it does not count as set. Raises InputError naming the setting, what was expected and
    what came.
    """
    values: dict[str, Any] = {}
    for source in (pool.settings, *given):
        values |= _given(source)
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise InputError(f"Settings: {describe(error)}") from error
    settings = _with_derived(settings, pool)
    _check(settings, pool)
    return settings


def _given(source: Mapping[str, Any] | Form | None) -> dict[str, Any]:
    """The settings that somebody has set, by name. Raises InputError for what holds no settings."""
    if isinstance(source, Form):
        return source.model_dump(include=source.model_fields_set)
    if source and not isinstance(source, Mapping):
        raise InputError(f"Settings: expected a mapping, {{'k': 3}}, got {type(source).__name__}.")
    return dict(source or {})


def default_drop(k: int) -> int:
    """How many of K references a subset leaves out unless said otherwise: one, and of a single one none."""
    return min(Settings().k_drop, k - 1)


def _with_derived(settings: Settings, pool: Pool) -> Settings:
    """The same, what nobody has set worked out from what is set."""
    given = settings.model_fields_set
    k = settings.k if "k" in given else min(settings.k, len(pool.llms))
    k_drop = settings.k_drop if "k_drop" in given else default_drop(k)
    return Settings.model_construct(_fields_set=set(given), **{**settings.model_dump(), "k": k, "k_drop": k_drop})


def _check(settings: Settings, pool: Pool) -> None:
    """Raise InputError when the settings do not fit together or do not fit the pool."""
    names = list(pool.llms)
    if settings.k > len(names):
        raise InputError(
            f"Setting k: expected at most {len(names)}, the LLMs of the pool ({', '.join(names)}), got {settings.k}."
        )
    if settings.k_drop >= settings.k:
        raise InputError(f"Setting k_drop: expected less than k = {settings.k}, got {settings.k_drop}.")
    if settings.quorum is not None and settings.quorum > settings.k:
        raise InputError(f"Setting quorum: expected at most k = {settings.k}, got {settings.quorum}.")
    if settings.selector not in selectors():
        raise InputError(f"Setting selector: expected one of {', '.join(selectors())}, got {settings.selector!r}.")
    for setting, llm in (("aggregator", settings.aggregator), ("llm", settings.llm)):
        if llm is not None and llm not in names:
            raise InputError(f"Setting {setting}: expected one of {', '.join(names)}, got {llm!r}.")


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
        total = f"{_written(work, answers)} = {count:,} completion{'s' if count != 1 else ''}"
        if self.completions is not None and count > max(self.completions, mine):
            raise CeilingError(
                f"Too much is asked for at once: {total}; {_allows('completions', self.completions)}. "
                "Lower n, or k and n of the settings."
            )
        tokens, mine = count * asked.max_tokens, mine * own.max_tokens
        if self.tokens is not None and tokens > max(self.tokens, mine):
            raise CeilingError(
                f"Too much is asked for at once: {total} of up to {asked.max_tokens:,} tokens = {tokens:,} tokens; "
                f"{_allows('tokens', self.tokens)}. Lower max_tokens, n, or k and n of the settings.",
                "max_tokens",
            )


def _allows(what: str, most: float) -> str:
    variable = f"SMACS_SERVER_MAX_{what.upper()}" if what != "n" else "SMACS_SERVER_MAX_CANDIDATES"
    return f"this server allows {most:,} at most ({variable}, set by its operator)"


def _written(work: Work, answers: int) -> str:
    """`8 answers x (7 references + 8 candidates)`."""
    parts = " + ".join(f"{count:,} {name}" for name, count in work.items())
    return parts if answers == 1 else f"{answers} answers x ({parts})"


@dataclass(slots=True)
class Rules:
    """How the settings of a graph's runs come about: the one check of server, graphs, command line and replay.

    `defaults` are overridden by a run's context, and what is `fixed` goes over both. `work` says what is written for
    a question under some settings; `ceilings` are set by a server that has any.
    """

    pool: Pool
    defaults: Settings
    fixed: Mapping[str, Any]
    work: Callable[[Settings], Work]
    ceilings: Ceilings = field(default_factory=Ceilings)

    def settings(self, context: Any, answers: int = 1) -> Settings:
        """The settings of one run of a request that wants `answers` of them. Raises InputError."""
        settings = run_settings(context, self.pool, self.defaults, self.fixed)
        self.ceilings.check(settings, self.defaults, self.work(settings), self.work(self.defaults), answers)
        return settings

    def most_tokens(self, settings: Settings, answers: int = 1) -> int:
        """Tokens that may be written at most for a request: every completion as long as it can be."""
        window = max(llm.window for llm in self.pool.llms.values())
        return answers * sum(self.work(settings).values()) * min(settings.max_tokens, window)


class RunForm(Form):
    """The settings that one system uses; `rules` are those of its graph."""

    rules: ClassVar[Rules]


def settings_form(
    pool: Pool, defaults: Settings, uses: Collection[str] = tuple(Settings.model_fields)
) -> type[RunForm]:
    """The settings that a system uses, with this pool's defaults and limits, for the form that Studio shows."""
    limits = {"k": Le(len(pool.llms)), "k_drop": Lt(len(pool.llms))}
    fields: dict[str, Any] = {}
    for name, field_ in Settings.model_fields.items():
        if name not in uses:
            continue
        own = copy(field_)
        own.default = getattr(defaults, name)
        annotation = Literal[tuple(selectors())] if name == "selector" else field_.annotation
        own.metadata = [*field_.metadata, *([limits[name]] if name in limits else [])]
        fields[name] = (annotation, own)
    return create_model("Settings", __base__=RunForm, __doc__=Settings.__doc__, **fields)


def rules_of(graph: Any) -> Rules:
    """The rules of a graph of ours, compiled or not."""
    rules: Rules = graph.context_schema.rules
    return rules


def run_settings(context: Any, pool: Pool, defaults: Settings, fixed: Mapping[str, Any] | None = None) -> Settings:
    """The settings of one run: the graph's `defaults`, overridden by its context, and what is `fixed` over all.

    Inside another graph the context is that graph's own: its `smacs` attribute or key counts, if there is one.
    """
    own = _own(context)
    return make_settings(pool, defaults, own, fixed) if own else defaults


def _own(context: Any) -> Any:
    """The part of a context that is about SMACS."""
    if isinstance(context, Form):
        return context
    return context.get("smacs") if isinstance(context, Mapping) else getattr(context, "smacs", None)
