"""What the grader of mathematics and its worker process say to each other."""

import msgspec


class Comparison(msgspec.Struct):
    """A request: is one of the candidates, the first that can be read, equal to the label?"""

    label: str
    candidates: list[str]


class Verdict(msgspec.Struct):
    """The worker's reply; `parsed` is False when the label cannot be read."""

    parsed: bool
    correct: bool = False
    answer: str | None = None
