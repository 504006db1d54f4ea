"""The seeds of a job's runs."""

from hypothesis import given
from hypothesis import strategies as st

from smacs.nodes.shared.determinism import call_seed
from smacs.server.job import with_seeds


@given(st.integers(0, 2**31), st.integers(1, 8))
def test_every_answer_has_a_seed_of_its_own_and_the_first_one_the_callers(seed: int, n: int) -> None:
    seeds = [settings["seed"] for settings in with_seeds({"seed": seed, "k": 2}, n)]
    assert seeds[0] == seed
    assert seeds[1:] == [call_seed(seed, "choice", str(index)) for index in range(1, n)]


def test_a_single_answer_keeps_its_settings() -> None:
    assert with_seeds({"k": 2}, 1) == [{"k": 2}]
