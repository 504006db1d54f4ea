"""Inspect logs, as it wrote them itself (see samples/README.md)."""

import importlib
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from smacs.errors import InputError
from smacs.store.imports.format import ImportOptions
from smacs.store.imports.formats.inspect_log import FORMAT
from smacs.store.imports.report import Tally
from smacs.store.merge import Found

pytestmark = pytest.mark.skipif(find_spec("inspect_ai") is None, reason="the extra `inspect` is not installed")
SAMPLES = Path(__file__).parent / "samples" / "inspect"
FACTS = next(SAMPLES.glob("*tiny-facts*"))
SUMS = next(SAMPLES.glob("*tiny-sums*"))
LLM = "mockllm/tiny"


def inspect_log() -> Any:
    """Inspect takes a second to import: not before a test needs it."""
    return importlib.import_module("inspect_ai.log")


def read(path: Path, **options: Any) -> list[Found]:
    return list(FORMAT.read(path, ImportOptions(**options)))


@pytest.fixture
def scored(tmp_path: Path) -> Callable[[Any], Path]:
    """The log of two sums, with another value of the scorer `match` in the first."""

    def make(value: Any) -> Path:
        content = inspect_log().read_eval_log(SUMS)
        content.samples[0].scores["match"].value = value
        inspect_log().write_eval_log(content, tmp_path / "x.eval")
        return tmp_path / "x.eval"

    return make


def test_choices_and_the_mean_of_two_epochs() -> None:
    found = read(FACTS)
    first = found[0].question
    assert first.text == "Which planet is known as the red planet?\n(A) Venus\n(B) Mars\n(C) Jupiter\n(D) Saturn"
    assert (first.label, first.grader, first.dataset, first.subject) == ("B", "choice", "tiny_facts", "astronomy")
    cells = [item.evaluations[LLM] for item in found]
    assert [cell.correct for cell in cells] == [1.0, 0.5, 0.0]
    assert [cell.answer for cell in cells] == ["B", "C", "A"]
    assert cells[0].response == "It is Mars.\n\nANSWER: B"
    assert cells[0].tokens == 5
    assert cells[0].seconds == pytest.approx((0.611 + 0.032) / 2)


def test_one_of_two_scorers() -> None:
    found = read(SUMS)
    assert [(item.question.label, item.question.grader) for item in found] == [("12", "number"), ("5", "number")]
    assert [item.evaluations[LLM].correct for item in found] == [1.0, 0.0]
    assert found[0].evaluations[LLM].answer == "12"
    other = read(SUMS, metric="includes", llm="me")
    assert other[0].evaluations["me"].answer == "7 + 5 is 12"
    with pytest.raises(InputError, match="sample 'a', epoch 1: expected the score 'f1'; there are match, includes"):
        read(SUMS, metric="f1")


@pytest.mark.parametrize(
    ("value", "grade"), [("C", 1.0), ("I", 0.0), ("P", 0.5), ("N", 0.0), (0.3, 0.3), (True, 1.0), (0, 0.0)]
)
def test_values_of_a_score(scored: Callable[[Any], Path], value: Any, grade: float) -> None:
    assert read(scored(value))[0].evaluations[LLM].correct == grade


def test_a_score_that_is_a_table(scored: Callable[[Any], Path]) -> None:
    path = scored({"exact": 1, "format": 0})
    with pytest.raises(InputError, match=r"which of the scores \(match.exact, match.format, includes\) is the grade"):
        read(path)
    with pytest.raises(InputError, match="sample 'b'"):  # where the same score is no table
        read(path, metric="match.exact")


def test_a_score_outside_0_and_1(scored: Callable[[Any], Path]) -> None:
    with pytest.raises(InputError, match="expected `match` to be a grade within 0 and 1, or one of C, I, P, N; got 7"):
        read(scored(7))


def test_samples_without_a_score_are_left_out(tmp_path: Path) -> None:
    content = inspect_log().read_eval_log(FACTS)
    by_id = {(sample.id, sample.epoch): sample for sample in content.samples}
    by_id[2, 2].scores = None  # one of two epochs
    by_id[3, 1].scores = by_id[3, 2].scores = None
    inspect_log().write_eval_log(content, tmp_path / "x.eval")
    omissions = Tally()
    found = read(tmp_path / "x.eval", omissions=omissions)
    assert [item.evaluations[LLM].correct for item in found] == [1.0, 1.0]
    assert [str(entry) for entry in omissions.kinds.values()] == ["3 without a score"]
    assert not any(kind.fault for kind in omissions.kinds.values())


def test_a_log_that_ends_too_early(tmp_path: Path) -> None:
    cut = tmp_path / "cut.eval"
    cut.write_bytes(FACTS.read_bytes()[:-2000])
    assert not FORMAT.recognises(cut)
    with pytest.raises(InputError, match=r"cut.eval is no whole log of Inspect"):
        read(cut)


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "inspect_ai.log", None)
    with pytest.raises(InputError, match=r"Inspect logs need another package: pip install 'smacs\[inspect\]'"):
        read(SUMS)


def test_a_log_in_json_is_read_like_one_in_a_zip_file(tmp_path: Path) -> None:
    for file in (FACTS, SUMS):
        other = tmp_path / f"{file.stem}.json"
        inspect_log().write_eval_log(inspect_log().read_eval_log(file), other, format="json")
        assert FORMAT.recognises(other)
        ours = [(item.question, item.evaluations[LLM].correct) for item in read(file)]
        assert [(item.question, item.evaluations[LLM].correct) for item in read(other)] == ours
        assert FORMAT.tool_scores(other) is not None


@pytest.mark.parametrize(("value", "form"), [(float("nan"), "eval"), (float("nan"), "json"), (None, "json")])
def test_a_score_that_could_not_be_given(tmp_path: Path, value: Any, form: str) -> None:
    content = inspect_log().read_eval_log(SUMS)
    content.samples[0].scores["match"].value = value
    inspect_log().write_eval_log(content, tmp_path / f"x.{form}", format=form)
    omissions = Tally()
    assert len(read(tmp_path / f"x.{form}", omissions=omissions)) == 1
    assert [str(entry) for entry in omissions.kinds.values()] == ["1 without a score"]


@pytest.mark.parametrize("form", ["eval", "json"])
def test_a_run_that_did_not_end(tmp_path: Path, form: str) -> None:
    content = inspect_log().read_eval_log(SUMS)
    content.status, content.samples[1].scores = "cancelled", None
    inspect_log().write_eval_log(content, tmp_path / f"x.{form}", format=form)
    notes: list[str] = []
    assert len(read(tmp_path / f"x.{form}", note=notes.append)) == 1
    assert notes == [f"x.{form}: the run ended with status 'cancelled': the samples that it had scored are imported"]
    content.samples = None
    inspect_log().write_eval_log(content, tmp_path / f"y.{form}", format=form)
    with pytest.raises(InputError, match="has no samples: it was written without them"):
        read(tmp_path / f"y.{form}")


def test_samples_that_have_another_scorer_first(tmp_path: Path) -> None:
    """The scorers of a log are not mixed: the first sample says which one is the grade."""
    content = inspect_log().read_eval_log(SUMS)
    del content.samples[1].scores["match"]
    inspect_log().write_eval_log(content, tmp_path / "x.eval")
    omissions = Tally()
    assert len(read(tmp_path / "x.eval", omissions=omissions)) == 1
    assert "it has no score 'match'; it has includes" in omissions.kinds["without a score"].first


def test_long_texts_that_are_kept_apart(tmp_path: Path) -> None:
    content = inspect_log().read_eval_log(SUMS)
    content.samples[0].input = "attachment://" + "a" * 32
    content.samples[0].attachments = {"a" * 32: "What is a long question?"}
    inspect_log().write_eval_log(content, tmp_path / "x.eval")
    assert read(tmp_path / "x.eval")[0].question.text == "What is a long question?"
