"""Settings as the graph's context: the form that Studio shows, and how a caller's context becomes `Settings`."""

from collections.abc import Collection, Mapping
from copy import copy
from typing import Any, Literal

from annotated_types import Le, Lt
from pydantic import ValidationError, create_model

from smacs.nodes.selectors.registry import selectors
from smacs.nodes.settings import Form, Settings
from smacs.pool.errors import InputError
from smacs.pool.pool import Pool, describe


def make_settings(pool: Pool, *given: Mapping[str, Any] | Form | None) -> Settings:
    """Defaults, then the pool file's settings, then each of `given`; checked against the pool.

    K is by default at most the size of the pool, and of a single reference none is dropped. Raises InputError naming
    the setting, what was expected and what came.
    """
    values: dict[str, Any] = {"k": min(Settings().k, len(pool.llms))}
    for source in (pool.settings, *given):
        if isinstance(source, Form):
            source = source.model_dump(include=source.model_fields_set)
        values |= source or {}
    if values["k"] == 1:
        values.setdefault("k_drop", 0)
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise InputError(f"Settings: {describe(error)}") from error
    check(settings, pool)
    return settings


def check(settings: Settings, pool: Pool) -> None:
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


def settings_schema(pool: Pool, defaults: Settings, uses: Collection[str] = tuple(Settings.model_fields)) -> type[Form]:
    """The settings that a system uses, with this pool's defaults and limits, for the form that Studio shows."""
    limits = {"k": Le(len(pool.llms)), "k_drop": Lt(len(pool.llms))}
    fields: dict[str, Any] = {}
    for name, field in Settings.model_fields.items():
        if name not in uses:
            continue
        own = copy(field)
        own.default = getattr(defaults, name)
        annotation = Literal[tuple(selectors())] if name == "selector" else field.annotation
        own.metadata = [*field.metadata, *([limits[name]] if name in limits else [])]
        fields[name] = (annotation, own)
    return create_model("Settings", __base__=Form, __doc__=Settings.__doc__, **fields)


def settings_of(context: Any, pool: Pool, defaults: Settings, fixed: Mapping[str, Any] | None = None) -> Settings:
    """The settings of one run: the graph's `defaults`, overridden by its context, and what is `fixed` over all.

    Inside another graph the context is that graph's own: its `smacs` attribute or key counts, if there is one.
    """
    if not isinstance(context, Form):
        inner = context.get("smacs") if isinstance(context, Mapping) else getattr(context, "smacs", None)
        context = inner
    return make_settings(pool, defaults, context, fixed) if context else defaults
