"""Bad input: a clear error, exit code 2, no traceback."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from smacs.cli import main as cli
from smacs.store.bank import QuestionBank
from tools.mock.process import MockServer

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """The command line in this process: (exit code, stdout, stderr)."""

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["smacs", *arguments])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        out, err = capfd.readouterr()
        return int(caught.value.code or 0), out, err

    return call


@pytest.fixture
def pool_file(tmp_path: Path, mock: MockServer) -> Callable[..., str]:
    """A pool file of four mock LLMs, with further lines of TOML."""

    def write(extra: str = "", endpoint: str = mock.url, embedder: str = "mock-embedder", dimension: int = 16) -> str:
        llms = "\n".join(f'[llms.llm-{i}]\nendpoint = "{endpoint}"\nretries = 0\ncontext = 4096' for i in range(4))
        table = f'[embedder]\nkind = "openai"\nmodel = "{embedder}"\nendpoint = "{mock.url}"\ndimension = {dimension}'
        path = tmp_path / "pool.toml"
        path.write_text(f'aggregators = ["llm-3"]\n[settings]\nmax_tokens = 64\n{llms}\n{table}\n{extra}\n')
        return str(path)

    return write


def test_a_good_question_is_answered_on_stdout_alone(
    run: Run, pool_file: Callable[..., str], bank: QuestionBank, mock: MockServer
) -> None:
    mock.set("llm-3", text="Eight.")
    code, out, err = run("ask", "How many legs?", "--pool", pool_file(), "--bank", str(bank.path))
    assert (code, out) == (0, "Eight.\n")
    assert "reference  llm-0" in err
    assert "Candidates" in err


def test_json_is_one_object_with_the_whole_trace(
    run: Run, pool_file: Callable[..., str], bank: QuestionBank, tmp_path: Path
) -> None:
    question = tmp_path / "question.txt"
    question.write_text("How many legs?")
    arguments = ["--pool", pool_file(), "--bank", str(bank.path), "--json", "--quiet", "--k", "2", "--seed", "5"]
    code, out, err = run("ask", "--file", str(question), *arguments)
    result = json.loads(out)
    assert (code, err) == (0, "")
    assert list(result) == [
        "system", "asked", "settings", "answer", "support", "priors", "references", "subsets", "candidates", "selected",
        "notes", "degraded", "usage",
    ]  # fmt: skip
    assert len(result["references"]) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["", "--task", "open"], "The question is empty"),
        (["x " * 100_000], "The question is too long: 199,999 characters"),
        (["Q?", "--task", "poetry"], "poetry"),
        (["Q?", "--k", "9"], "Setting k: expected at most 4"),
        (["Q?", "--k-drop", "3", "--k", "3"], "Setting k_drop: expected less than k = 3, got 3"),
        (["Q?", "--n", "0"], "`n`: Input should be greater than or equal to 1, got '0'"),
        (["Q?", "--gamma", "1.5"], "`gamma`: Input should be less than or equal to 1, got '1.5'"),
        (["Q?", "--aggregator", "nobody"], "Setting aggregator: expected one of llm-0, llm-1, llm-2, llm-3"),
        (["Q?", "--bank", "/no/such/bank"], "/no/such/bank"),
        (["Q?", "--file", "/no/such/file"], "Expected the question once"),
    ],
)
def test_bad_arguments(
    run: Run, pool_file: Callable[..., str], bank: QuestionBank, arguments: list[str], said: str
) -> None:
    where = [] if "--bank" in arguments else ["--bank", str(bank.path)]
    code, out, err = run("ask", *arguments, "--pool", pool_file(), *where)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_an_unknown_llm_in_the_pool_file(run: Run, pool_file: Callable[..., str], tmp_path: Path) -> None:
    path = Path(pool_file())
    path.write_text(path.read_text().replace('["llm-3"]', '["llm-9"]'))
    code, _, err = run("ask", "Q?", "--pool", str(path))
    assert code == 2
    assert f"Pool file {path}" in err
    assert "aggregators names 'llm-9'; the pool has llm-0, llm-1, llm-2, llm-3" in err


def test_a_setting_of_the_pool_file_that_does_not_exist(
    run: Run, pool_file: Callable[..., str], bank: QuestionBank
) -> None:
    path = Path(pool_file())
    path.write_text(path.read_text().replace("max_tokens = 64", "max_token = 64"))
    code, _, err = run("ask", "Q?", "--pool", str(path), "--bank", str(bank.path))
    assert code == 2
    assert "`max_token`" in err


def test_an_endpoint_that_is_no_llm_server(
    run: Run, pool_file: Callable[..., str], bank: QuestionBank, mock: MockServer
) -> None:
    for i in range(4):
        mock.set(f"llm-{i}", fault="garbage")
    code, out, err = run("ask", "Q?", "--pool", pool_file(), "--bank", str(bank.path))
    assert (code, out) == (2, "")
    assert "No LLM answered" in err
    assert "is this an OpenAI-compatible endpoint" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(("embedder", "dimension"), [("another", 16), ("mock-embedder", 32)])
def test_a_bank_of_another_embedder_or_dimension(
    run: Run, pool_file: Callable[..., str], bank: QuestionBank, embedder: str, dimension: int
) -> None:
    path = pool_file(embedder=embedder, dimension=dimension)
    code, _, err = run("ask", "Q?", "--pool", path, "--bank", str(bank.path))
    assert code == 2
    assert "The bank was embedded with 'mock-embedder' (16 dimensions)" in err


def test_an_embedder_whose_vectors_have_another_dimension(
    run: Run, pool_file: Callable[..., str], bank: QuestionBank, mock: MockServer
) -> None:
    mock.set("mock-embedder", dimension=8)
    code, _, err = run("ask", "Q?", "--pool", pool_file(), "--bank", str(bank.path))
    assert code == 2
    assert "expected vectors of 16 dimensions, got 8" in err


def test_help_has_an_option_for_each_setting(run: Run) -> None:
    code, out, _ = run("ask", "--help")
    assert code == 0
    for option in ("--k ", "--k-drop", "--n-base", "--gamma", "--lam ", "--seed", "--quorum", "--pool", "--bank"):
        assert option in out


def test_another_system_answers(run: Run, pool_file: Callable[..., str], bank: QuestionBank, mock: MockServer) -> None:
    mock.set("llm-0", text=["Most consistent: 2", "Eight."])  # the first is what it says when it is asked again
    arguments = ["--pool", pool_file(), "--bank", str(bank.path), "--dataset", "set-1"]
    code, out, err = run("ask", "How many legs?", *arguments, "--system", "self_consistency", "--n", "2")
    assert (code, out) == (0, "Eight.\n")
    assert "llm-0 is best on the bank's 20 questions of set-1 (100.0%)" in err
    assert "llm-0 #2" in err
    code, out, err = run("ask", "How many legs?", *arguments, "--system", "moa")
    assert code == 0
    assert "Candidates" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--system", "mao"], "There is no system 'mao': expected one of smacs, majority_voting, "),
        (["--system", "moa", "--k", "2"], "Setting k: moa has no use for it; it has "),
        (["--llm", "llm-0"], "Setting llm: smacs has no use for it; it has "),
        (["--system", "single_llm", "--llm", "x"], "Setting llm: expected one of llm-0, llm-1, llm-2, llm-3, got 'x'"),
    ],
)
def test_a_system_or_setting_that_is_not_there(
    run: Run, pool_file: Callable[..., str], bank: QuestionBank, arguments: list[str], said: str
) -> None:
    code, out, err = run("ask", "Q?", "--pool", pool_file(), "--bank", str(bank.path), *arguments)
    assert (code, out) == (2, "")
    assert said in err
