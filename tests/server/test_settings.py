"""The server's settings, from options and variables."""

import pytest

from smacs.errors import InputError
from smacs.graph.ceilings import Ceilings
from smacs.server.settings import load_settings


def test_a_setting_of_the_environment_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMACS_SERVER_RUNNING", "many")
    with pytest.raises(InputError, match=r"SMACS_SERVER_\.\.\..*`running`.*got 'many'"):
        load_settings()
    monkeypatch.setenv("SMACS_SERVER_RUNNING", "3")
    assert (load_settings().running, load_settings(running=4).running) == (3, 4)


def test_ceilings_are_options_and_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMACS_SERVER_MAX_COMPLETIONS", "20")
    monkeypatch.setenv("SMACS_SERVER_MAX_K", "3")
    assert load_settings(max_k=2).ceilings == Ceilings(k=2, n=64, deadline=3600.0, completions=20, tokens=4_194_304)
