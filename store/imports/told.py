"""What a user says about files with `--text`, `--scale` and `--metric NAME/SCALE`."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from smacs.errors import InputError
from smacs.store.create.columns import as_text, columns_in, fill, is_template

_RANGE = re.compile(r"(?:(?P<low>-?\d+(?:\.\d+)?)(?:-|:|\.\.))?(?P<high>-?\d+(?:\.\d+)?)")
_METRIC = re.compile(rf"(?P<name>.+)/(?P<scale>{_RANGE.pattern})")


class Scale(NamedTuple):
    """The worst and the best value that a score can have; grades are within 0 and 1."""

    low: float
    high: float

    def grade(self, value: float) -> float:
        """A value as a grade; outside 0 and 1 where it is outside the scale."""
        return (value - self.low) / (self.high - self.low)

    def __str__(self) -> str:
        return f"{self.low:g} and {self.high:g}"


FROM_0_TO_1 = Scale(0.0, 1.0)


def read_scale(text: str) -> Scale:
    """`100` is 0 to 100, `1-10` is 1 to 10. Raises InputError."""
    match = _RANGE.fullmatch(text.strip())
    scale = Scale(float(match["low"] or 0), float(match["high"])) if match else Scale(0, 0)
    if scale.low >= scale.high:
        raise InputError(f"--scale {text}: expected the best value of the score, such as 100, or a range such as 1-10.")
    return scale


def read_metric(text: str | None, scale: str | None) -> tuple[str | None, Scale]:
    """The score and its scale; `eqbench/100` says both. Raises InputError."""
    match = _METRIC.fullmatch(text or "")
    if match and scale is not None:
        raise InputError(f"--metric {text} has a scale, and there is --scale {scale}. Give one of them.")
    if match:
        return match["name"], read_scale(match["scale"])
    return text, read_scale(scale) if scale is not None else FROM_0_TO_1


def told_text(place: str, wanted: str, fields: Mapping[str, Any]) -> str:
    r"""The question that `--text` asks for: one field, or a template such as "{body}\n{question}".

    A name may lead into a table within a field ("meta.title"); letter case does not matter. A list has an item a line.
    Raises InputError for a field that is not there, and where nothing is in them.
    """
    template = wanted if is_template(wanted) else f"{{{wanted}}}"
    values = {name: as_text(_value(place, name, fields)) for name in columns_in(template)}
    if not any(values.values()):
        raise InputError(f"{place}: --text {wanted}: nothing is in {', '.join(values) or 'it: it names no field'}.")
    return fill(template.replace("\\n", "\n"), values)


def _value(place: str, name: str, fields: Mapping[str, Any]) -> Any:
    value: Any = fields
    for part in [name] if name in fields else name.split("."):
        names = {key.casefold(): key for key in value} if isinstance(value, Mapping) else {}
        if part.casefold() not in names:
            raise InputError(f"{place}: --text: there is no field {name!r}; there are {', '.join(fields) or 'none'}.")
        value = value[names[part.casefold()]]
    return value
