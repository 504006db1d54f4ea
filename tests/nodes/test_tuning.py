"""Settings that can be chosen: what a class declares, and what is made of it."""

from dataclasses import dataclass
from typing import Annotated

import pytest

from smacs.errors import InputError
from smacs.nodes.selectors import selectors
from smacs.nodes.shared.tuning import Alternatives, grid, points, setting_values, with_settings
from smacs.nodes.vote import vote_rules


@dataclass(frozen=True, slots=True)
class Thing:
    width: Annotated[float, Alternatives(0.5, 2.0)] = 1.0
    fixed: int = 7
    reads: Annotated[str, Alternatives("little")] = "all"


class Plain:
    """Not even a dataclass."""


def test_candidates_are_the_fields_that_say_what_else_they_could_be() -> None:
    assert grid(Thing()) == {"width": (1.0, 0.5, 2.0), "reads": ("all", "little")}
    assert grid(Thing(width=2.0))["width"][0] == 1.0  # the default, not what it happens to be
    assert setting_values(Thing(width=2.0)) == {"width": 2.0, "reads": "all"}


def test_points_are_all_combinations_the_defaults_first() -> None:
    made = points(Thing(fixed=9))
    assert [(p.width, p.reads) for p in made] == [
        *((1.0, "all"), (1.0, "little")),
        *((0.5, "all"), (0.5, "little")),
        *((2.0, "all"), (2.0, "little")),
    ]
    assert {p.fixed for p in made} == {9}


def test_what_declares_nothing_is_its_own_only_point() -> None:
    plain = Plain()
    assert grid(plain) == {}
    assert setting_values(plain) == {}
    assert points(plain) == [plain]
    assert with_settings(plain, {}) is plain


def test_settings_that_there_are_not_are_explained() -> None:
    with pytest.raises(InputError, match=r"expected one of the settings width, reads, got 'depth'"):
        with_settings(Thing(), {"depth": 1})
    with pytest.raises(InputError, match=r"width: expected one of 1\.0, 0\.5, 2\.0, got 3"):
        with_settings(Thing(), {"width": 3})
    with pytest.raises(InputError, match=r"expected one of the settings \(there are none\), got 'width'"):
        with_settings(Plain(), {"width": 1.0})


def test_a_value_from_a_file_becomes_the_candidate_it_equals() -> None:
    assert repr(with_settings(Thing(), {"width": 2}).width) == "2.0"


@pytest.mark.parametrize("thing", [*selectors().values(), *vote_rules().values()], ids=lambda thing: thing.name)
def test_every_point_of_a_selector_or_rule_is_another_one_of_the_same_name(thing: object) -> None:
    made = points(thing)
    assert made[0] == thing
    assert len({repr(setting_values(each)) for each in made}) == len(made)
    assert all(with_settings(thing, setting_values(each)) == each for each in made)
    assert {getattr(each, "name", None) for each in made} == {getattr(thing, "name", None)}
