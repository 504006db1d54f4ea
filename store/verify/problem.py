"""What `verify` finds."""

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """Something broken: where, what is wrong, and how to mend it.

    `harmless`: it is there, nothing is lost by it, and the next writer tidies it up.
    """

    where: str
    what: str
    mend: str
    harmless: bool = False
