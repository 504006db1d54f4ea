"""`smacs bank keywords` as a user types it."""

from pathlib import Path

import pytest

from smacs.cli import main as cli
from smacs.pool.config import EmbedderSpec
from smacs.store.bank import QuestionBank
from smacs.store.records import Question
from tools.mock.process import MockServer


def test_the_command(
    mock: MockServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    questions = [Question(id=f"q{i}", text=f"Question {i}") for i in range(2)]
    bank = QuestionBank.create(tmp_path / "bank", EmbedderSpec(dimension=16), questions)
    pool = tmp_path / "pool.toml"
    pool.write_text(f'aggregators = ["llm-0"]\n[llms.llm-0]\nendpoint = "{mock.url}"\nretries = 0\n')
    monkeypatch.setattr("sys.argv", ["smacs", "bank", "keywords", "--bank", str(bank.path), "--pool", str(pool)])
    for text, code, said in (("", 1, "0 of 2 questions have keywords"), ("Law", 0, "2 of 2 questions have keywords")):
        mock.set("llm-0", text=text)
        with pytest.raises(SystemExit) as caught:
            cli.main()
        assert caught.value.code == code
        assert said in capsys.readouterr().out
