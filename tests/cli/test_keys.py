"""`smacs keys`: make, list, revoke."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from smacs.cli.main import app
from smacs.errors import InputError
from smacs.server.keyfile import Limits, read_keys

RUN = CliRunner()


def test_a_key_is_shown_once(tmp_path: Path) -> None:
    file = ["--file", str(tmp_path / "keys.json")]
    made = RUN.invoke(
        app, ["keys", "create", "alice", "--rpm", "60", "--running", "4", "--tokens-per-day", "5000000", *file]
    )
    assert made.exit_code == 0
    key = made.stdout.strip()
    entry = read_keys(tmp_path / "keys.json").find(key.encode())
    assert entry is not None
    assert (entry.name, entry.limits) == ("alice", Limits(requests_per_minute=60, running=4, tokens_per_day=5_000_000))
    assert key not in made.stderr
    listed = RUN.invoke(app, ["keys", "list", *file]).stdout
    assert "alice" in listed
    assert "5,000,000" in listed
    assert key not in listed
    assert entry.hash not in listed


def test_a_revoked_key_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMACS_SERVER_KEYS_FILE", str(tmp_path / "keys.json"))
    for name in ("alice", "bob"):
        assert RUN.invoke(app, ["keys", "create", name]).exit_code == 0
    assert RUN.invoke(app, ["keys", "revoke", "alice"]).stdout == "alice\trevoked\n"
    assert [key.name for key in read_keys(tmp_path / "keys.json").keys] == ["bob"]


def test_a_limit_below_one_is_refused(tmp_path: Path) -> None:
    result = RUN.invoke(app, ["keys", "create", "alice", "--rpm", "0", "--file", str(tmp_path / "keys.json")])
    assert result.exit_code == 2
    assert not (tmp_path / "keys.json").exists()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    result = RUN.invoke(app, ["keys", "list", "--file", str(tmp_path / "keys.json")])
    assert isinstance(result.exception, InputError)
    assert "Make it with: smacs keys create NAME" in str(result.exception)
