"""What a kill must never do, and what was counted of it."""

from typing import Literal

import msgspec

Kind = Literal["lost", "duplicated", "unopenable", "asked again", "left running"]
KINDS: tuple[Kind, ...] = ("lost", "duplicated", "unopenable", "asked again", "left running")
Phase = Literal["start-up", "opening", "writing", "finishing"]
PHASES: tuple[Phase, ...] = ("start-up", "opening", "writing", "finishing")


class Damage(msgspec.Struct, frozen=True):
    """Something that must not be: what kind, how many of it, and where.

    "lost" was acknowledged, or seen on the disk, and is gone; "asked again" was on the disk and was asked or embedded
    once more; "left running" is a process that outlived the one that was killed.
    """

    kind: Kind
    count: int
    where: str


class Tally(msgspec.Struct):
    """One operation: `kills` by the phase they hit, `runs` that came to their end, and the damage.

    `whole` of the kills hit all of its processes at one blow, the others only the one that started the rest.
    """

    operation: str
    kills: dict[Phase, int]
    whole: int = 0
    runs: int = 0
    seconds: float = 0.0
    damages: list[Damage] = msgspec.field(default_factory=list)

    def count(self, kind: Kind) -> int:
        """How much damage of a kind there was."""
        return sum(damage.count for damage in self.damages if damage.kind == kind)
