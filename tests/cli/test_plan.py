"""`smacs models plan`: what it prints where, and how it refuses."""

import json
import shlex
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from smacs.cli.models import app
from smacs.errors import InputError, PoolError
from smacs.pool.pool import Pool


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["plan", *(str(argument) for argument in arguments)], env={"COLUMNS": "200"})


def test_it_shows_the_arithmetic_and_prints_the_commands() -> None:
    result = run("--gpus", "8x80G")
    assert result.exit_code == 0
    # Llama-3.3-70B: 70.55 x 2 = 141.1 GB, 327,680 x 65,536 = 21.5 GB; (141.1 + 21.5) / 4 + 4 = 44.6 GB
    [shown] = [line for line in result.stderr.splitlines() if "Llama-3.3-70B-Instruct" in line and "141.1" in line]
    assert [cell.strip() for cell in shown.split("│")[1:9]] == [
        *("Llama-3.3-70B-Instruct", "141.1", "327,680", "65,536", "21.5", "4", "44.6", "0: 0,1,2,3")
    ]
    served = [shlex.split(line) for line in result.stdout.splitlines() if " vllm serve " in line]
    assert served[0][:4] == ["CUDA_VISIBLE_DEVICES=0,1,2,3", "vllm", "serve", "meta-llama/Llama-3.3-70B-Instruct"]
    assert "do not fit onto 8 GPUs at once" in result.stderr


def test_every_llm_is_in_one_round() -> None:
    made = json.loads(run("--gpus", "8x80G", "--json").stdout)
    servers = [each["server"] for placements in made["rounds"] for each in placements]
    assert sorted(servers) == sorted(["embedder", *Pool.load("paper").llms]) and not made["misfits"]
    assert {"embedder", "Llama-3.3-70B-Instruct"} <= {each["server"] for each in made["rounds"][0]}


def test_with_enough_gpus_all_are_up_at_once() -> None:
    result = run("--gpus", "8x8x80G", "--form", "kubernetes")
    assert len(yaml.safe_load(result.stdout)["servingEngineSpec"]["modelSpec"]) == 16
    assert "do not fit" not in result.stderr


def test_another_round_is_another_script() -> None:
    second = run("--gpus", "8x80G", "--round", "2").stdout
    assert second.splitlines()[1].startswith("# Round 2 of ") and "Llama-3.3-70B-Instruct" not in second


def test_it_writes_a_pool_that_knows_where_the_servers_are(tmp_path: Path) -> None:
    target = tmp_path / "mine.toml"
    assert run("--gpus", "8x8x80G", "--hosts", "a,b,c,d,e,f,g,h", "--write-pool", target).exit_code == 0
    made = Pool.load(target)
    assert made.file.embedder and made.file.embedder.endpoint == "http://a:8100/v1"
    assert all(spec.endpoint and spec.launch for spec in made.file.llms.values())
    assert target.read_text().startswith("# The pool of the paper")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--gpus", "8x80"], "--gpus 8x80: expected COUNTxMEMORY"),
        (["--gpus", "1x4G"], "Nothing fits. embedder fits into no round"),
        (["--gpus", "8x80G", "--round", "99"], "--round 99: expected 1 to"),
        (["--gpus", "8x80G", "--form", "nomad"], "there is no form 'nomad'; there are commands, compose"),
        (["--gpus", "8x80G", "--hosts", "a,b"], "--hosts a,b: expected 1 names"),
        (["--gpus", "8x80G", "--pool", "local"], "nothing to plan"),
    ],
)
def test_what_cannot_be_planned_is_said(arguments: list[str], said: str) -> None:
    error = run(*arguments).exception
    assert isinstance(error, InputError) and said in str(error)


def test_a_missing_pool() -> None:
    assert isinstance(run("--gpus", "8x80G", "--pool", "absent").exception, PoolError)
