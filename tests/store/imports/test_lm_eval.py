"""lm-evaluation-harness samples, as it wrote them itself (see samples/README.md)."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smacs.errors import InputError
from smacs.store.imports.format import ImportOptions
from smacs.store.imports.formats.lm_eval import FORMAT
from smacs.store.merge import Found

SAMPLES = Path(__file__).parent / "samples" / "lm_eval"
SUMS = next(SAMPLES.glob("*7b*/samples_*"))
FACTS = next(SAMPLES.glob("*1b/samples_*"))


def read(path: Path, **options: Any) -> list[Found]:
    return list(FORMAT.read(path, ImportOptions(**options)))


@pytest.fixture
def changed(tmp_path: Path) -> Callable[..., Path]:
    """A copy of the first sample of a file with other fields; None takes a field away."""

    def make(source: Path, **fields: Any) -> Path:
        sample = json.loads(source.read_text().splitlines()[0]) | fields
        path = tmp_path / "acme__changed" / "samples_x.jsonl"
        path.parent.mkdir()
        path.write_text(json.dumps({key: value for key, value in sample.items() if value is not None}) + "\n")
        return path

    return make


def test_answers_that_were_written() -> None:
    notes: list[str] = []
    found = read(SUMS, note=notes.append)
    first = found[0]
    assert first.question.text == "What is 7 + 5?"  # from the data set: the prompt has an example before it
    assert (first.question.task, first.question.grader, first.question.label) == ("math", "number", "12")
    assert (first.question.dataset, first.question.subject) == ("tiny_sums", "addition")
    cells = [item.evaluations["acme/tiny-7b-instruct"] for item in found]
    assert [cell.correct for cell in cells] == [1.0, 0.0, 1.0]
    assert [cell.answer for cell in cells] == ["12", None, "36"]
    assert cells[0].response == "7 + 5 = 12.\n#### 12"
    assert "strict-match; there is also flexible-extract (--metric exact_match,flexible-extract)" in notes[0]


def test_another_filter() -> None:
    found = read(SUMS, metric="exact_match,flexible-extract")
    assert [item.evaluations["acme/tiny-7b-instruct"].correct for item in found] == [1.0, 1.0, 0.0]
    with pytest.raises(InputError, match=r"no sample has the filter 'lenient'; there are strict-match, flexible-ext"):
        read(SUMS, metric="exact_match,lenient")
    with pytest.raises(InputError, match=r"line 1: expected the score 'bleu'; there are exact_match"):
        read(SUMS, metric="bleu")


def test_choices_by_likelihood() -> None:
    found = read(FACTS)
    assert found[0].question.text == (
        "Which planet is known as the red planet?\n(A) Venus\n(B) Mars\n(C) Jupiter\n(D) Saturn"
    )
    assert [(item.question.grader, item.question.label) for item in found] == [
        ("choice", "B"),
        ("choice", "C"),
        ("choice", "D"),
    ]
    cells = [item.evaluations["acme/tiny-1b"] for item in found]
    assert [(cell.correct, cell.answer) for cell in cells] == [(1.0, "B"), (1.0, "C"), (0.0, "A")]


def test_who_answered(tmp_path: Path) -> None:
    lone = tmp_path / "acme__tiny_2" / FACTS.name
    lone.parent.mkdir()
    shutil.copy(FACTS, lone)
    assert set(read(lone)[0].evaluations) == {"acme/tiny_2"}
    assert set(read(lone, llm="mine")[0].evaluations) == {"mine"}
    shutil.copy(FACTS, tmp_path)
    with pytest.raises(InputError, match="Name it with --llm"):
        read(tmp_path / FACTS.name)


@pytest.mark.parametrize(
    ("target", "doc", "label"),
    [
        ("(C)", {"Question": "Q", "choices": ["x", "y", "z"], "answer": "(C)"}, "C"),  # GPQA
        ("B", {"question": "Q", "options": ["x", "y", "z"]}, "B"),  # MMLU-Pro
        ("z", {"question": "Q", "choices": {"text": ["x", "y", "z"], "label": ["1", "2", "3"]}}, "C"),  # ARC
        ("?", {"question": "Q", "opa": "x", "opb": "y", "opc": "z", "opd": "z"}, None),  # MedMCQA
    ],
)
def test_options_of_several_data_sets(changed: Callable[..., Path], target: str, doc: Any, label: str | None) -> None:
    question = read(changed(SUMS, doc=doc, target=target))[0].question
    assert question.text.startswith("Q\n(A) x\n(B) y\n(C) z")
    assert question.label == label
    assert question.grader == ("choice" if label else "")


def test_options_that_only_the_arguments_have(changed: Callable[..., Path]) -> None:
    found = read(changed(FACTS, doc={"goal": "Boil an egg"}))[0]
    assert found.question.text == "Boil an egg\n(A) Venus\n(B) Mars\n(C) Jupiter\n(D) Saturn"
    assert found.question.label == "B"


def test_code_is_graded_by_its_asserts(changed: Callable[..., Path]) -> None:
    doc = {"text": "Write add.", "test_list": ["assert add(1, 2) == 3"], "code": "..."}
    question = read(changed(SUMS, doc=doc, metrics=["pass_at_1"], pass_at_1=1.0))[0].question
    assert question.text == "Write add.\n\nYour code must pass these tests:\nassert add(1, 2) == 3"
    assert (question.grader, question.label) == ("code", ["assert add(1, 2) == 3"])


def test_a_label_that_nothing_here_can_grade(changed: Callable[..., Path]) -> None:
    scores = {"prompt_level_strict_acc": True, "inst_level_strict_acc": [True, False]}
    path = changed(SUMS, doc={"prompt": "Write two lines."}, target="0 lines", metrics=list(scores), **scores)
    found = read(path)[0]
    assert (found.question.task, found.question.grader, found.question.label) == ("open", "", None)
    assert found.evaluations["acme/changed"].correct == 1.0


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"doc": {"story": "x"}}, r"line 1: no field of `doc` is known to be the question \(story\).*--text FIELD"),
        ({"resps": None}, "line 1: Object missing required field `resps`"),
        ({"doc": "x"}, r"line 1: Expected `object`, got `str` - at `\$.doc`"),
        ({"exact_match": [1.0]}, r"line 1: exact_match: lm-evaluation-harness computes this over the whole set"),
        ({"exact_match": 7}, "got 7"),
        ({"metrics": ["rouge1", "rouge2"], "rouge1": 0.1, "rouge2": 0.2}, r"which of the scores \(rouge1, rouge2\)"),
    ],
)
def test_a_sample_that_is_not_as_expected(changed: Callable[..., Path], fields: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read(changed(SUMS, **fields))


def test_a_field_of_its_own(changed: Callable[..., Path]) -> None:
    assert read(changed(SUMS, doc={"story": "Once"}), text="story")[0].question.text == "Once"


def test_a_file_that_ends_too_early(tmp_path: Path) -> None:
    cut = tmp_path / "acme__x" / SUMS.name
    cut.parent.mkdir()
    cut.write_bytes(SUMS.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"line 6 is no JSON .*The file ends in the middle of it"):
        read(cut)
