"""What the check of a label's own pattern and its worker process say to each other."""

import msgspec


class Match(msgspec.Struct):
    """A request: does the whole text match the regular expression?"""

    pattern: str
    text: str


class Matched(msgspec.Struct):
    """The worker's reply; `problem` says why the pattern is none."""

    whole: bool = False
    problem: str = ""
