"""evalscope reviews, as it wrote them itself (see samples/README.md)."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from smacs.errors import InputError
from smacs.store.imports.format import ImportOptions
from smacs.store.imports.formats.evalscope import FORMAT
from smacs.store.imports.report import StrictTally, Tally
from smacs.store.merge import Found

SAMPLES = Path(__file__).parent / "samples"
REVIEWS = SAMPLES / "evalscope" / "reviews" / "tiny-7b-instruct"
FACTS = REVIEWS / "general_mcq_tiny.jsonl"
TWICE = SAMPLES / "evalscope_twice" / "reviews" / "tiny-7b-instruct" / "math_500_Level 1.jsonl"


def read(path: Path, **options: Any) -> list[Found]:
    found = FORMAT.read(path, ImportOptions(**options))
    return sorted(found, key=lambda item: item.question.text)  # it wrote as it graded


def change(source: Path, target: Path, number: int, **fields: Any) -> Path:
    lines = [json.loads(line) for line in source.read_text().splitlines()]
    lines[number]["sample_score"]["score"] |= fields
    target.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return target


def test_multiple_choice() -> None:
    found = read(FACTS)
    assert [item.question.text for item in found] == [
        "What is the chemical symbol of silver?\n(A) Au\n(B) Si\n(C) Ag\n(D) Sr",
        "Which is the largest ocean?\n(A) Atlantic\n(B) Arctic\n(C) Indian\n(D) Pacific",
        "Which planet is known as the red planet?\n(A) Venus\n(B) Mars\n(C) Jupiter\n(D) Saturn",
    ]
    assert [item.question.label for item in found] == ["C", "D", "B"]
    assert {(q.question.grader, q.question.dataset, q.question.subject) for q in found} == {
        ("choice", "general_mcq", "tiny")
    }
    cells = [item.evaluations["acme/tiny-7b-instruct"] for item in found]
    assert [(cell.correct, cell.answer, cell.tokens) for cell in cells] == [(1.0, "C", 5), (0.0, "A", 5), (1.0, "B", 7)]
    assert cells[2].response == "Mars is the red one.\nANSWER: B"
    assert 0 < cells[2].seconds < 1


def test_mathematics_without_the_instruction_in_every_prompt() -> None:
    found = read(REVIEWS / "math_500_Level 1.jsonl")
    assert [item.question.text for item in found] == [
        "How many sides of a hexagon are there?",
        "What is the square root of 144?",
    ]
    assert {(q.question.dataset, q.question.subject, q.question.grader) for q in found} == {
        ("math_500", "Level 1", "number")
    }


def test_repeats_are_averaged(tmp_path: Path) -> None:
    graded = change(TWICE, tmp_path / "math_500.jsonl", 0, value={"accuracy": 1.0})  # one of two hexagons
    found = read(graded)
    assert [item.evaluations["acme/tiny-7b-instruct"].correct for item in found] == [0.5, 1.0]
    assert [item.question.label for item in found] == ["6", "12"]


def test_reviews_without_a_score_are_left_out(tmp_path: Path) -> None:
    omissions = Tally()
    found = read(change(FACTS, tmp_path / "x.jsonl", 0, value={}), omissions=omissions)
    assert len(found) == 2
    assert [str(entry) for entry in omissions.kinds.values()] == ["1 without a score"]


def test_the_main_score_or_another(tmp_path: Path) -> None:
    path = change(FACTS, tmp_path / "x.jsonl", 0, value={"strict": 0.0, "loose": 1.0}, main_score_name="loose")
    lines = path.read_text().splitlines()
    path.write_text(lines[0] + "\n")
    assert read(path)[0].evaluations["acme/tiny-7b-instruct"].correct == 1.0
    assert read(path, metric="strict", llm="me")[0].evaluations["me"].correct == 0.0
    with pytest.raises(InputError, match="expected the score 'acc'; there are strict, loose"):
        read(path, metric="acc")


def test_the_file_name_where_there_is_no_report(tmp_path: Path) -> None:
    shutil.copy(FACTS, tmp_path)
    question = read(tmp_path / FACTS.name)[0].question
    assert (question.dataset, question.subject) == ("general_mcq_tiny", "")


def test_reviews_of_older_versions(tmp_path: Path) -> None:
    score = {"score": {"value": {"acc": 1.0}, "prediction": "12"}, "sample_id": 0}
    old = {"index": 0, "input": "What is 7 + 5?", "target": "12", "sample_score": score}
    path = tmp_path / "tiny" / "sums_default.jsonl"
    path.parent.mkdir()
    path.write_text(json.dumps(old) + "\n")
    assert FORMAT.recognises(path)
    found = read(path)[0]
    assert (found.question.text, found.question.label) == ("What is 7 + 5?", "12")
    assert found.evaluations["tiny"].response == "12"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"index": "x"}', r"line 1: Expected `int`, got `str` - at `\$.index`"),
        ('{"index": 0, "mess', r"line 1 is no JSON .*The file ends in the middle"),
        ("", "is empty. Expected lines of JSON, each a review of evalscope"),
    ],
)
def test_a_review_that_is_not_as_expected(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "x.jsonl").write_text(line)
    with pytest.raises(InputError, match=said):
        read(tmp_path / "x.jsonl")


SCORE = {"value": {"acc": 1.0}, "main_score_name": "acc"}


def write(folder: Path, *reviews: dict[str, Any]) -> Path:
    path = folder / "x.jsonl"
    path.write_text("".join(json.dumps({"index": i} | review) + "\n" for i, review in enumerate(reviews)))
    return path


def review(text: str = "", metadata: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return {"input": text, "sample_score": {"score": SCORE, "sample_metadata": metadata}} | fields


CODE = '**User**: \nWrite the function.\n\n\nimport math\n\n\ndef {}(x):\n    """{}\n    """\n'


@pytest.mark.parametrize("names", [["root"], ["root", "twice", "shout"]])
def test_a_question_of_code_stays_whole(names: list[str], tmp_path: Path) -> None:
    found = read(write(tmp_path, *(review(CODE.format(name, name)) for name in names)))
    asked = 'import math\n\n\ndef {}(x):\n    """{}\n    """'
    assert [item.question.text.partition("import")[2] for item in found] == [
        asked.format(name, name).partition("import")[2] for name in sorted(names)
    ]
    assert not any("User" in item.question.text for item in found)


def test_the_metadata_say_where_the_question_ends(tmp_path: Path) -> None:
    found = read(
        write(
            tmp_path,
            *(review(f"**User**: \nDo it: what is {i}?\nBe brief.", {"question": f"what is {i}?"}) for i in (1, 2)),
        )
    )
    assert [item.question.text for item in found] == ["what is 1?", "what is 2?"]


@pytest.mark.parametrize(
    "made",
    [
        review("**User**: \n", {"turn_1_prompt": '{"content": "Name a river."}', "turn_2_prompt": {"content": "Why?"}}),
        review("**User**: \n", {"turn_2_prompt": "Why?", "turn_1_prompt": "Name a river."}),
        review("**User**: Name a river.\n\n**Assistant**: The Elbe.\n\n**User**: Why?"),
        review(
            messages=[
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Name a river."},
                {"role": "assistant", "content": None},
                {"role": "user", "content": [{"type": "text", "text": "Why?"}]},
            ]
        ),
    ],
    ids=range(4),
)
def test_a_conversation_is_its_turns(made: dict[str, Any], tmp_path: Path) -> None:
    assert read(write(tmp_path, made))[0].question.text == "Name a river.\n\nWhy?"


def test_reviews_without_a_prompt_are_left_out_and_counted(tmp_path: Path) -> None:
    omissions = StrictTally()
    path = write(tmp_path, *(review("**User**: \n") for _ in range(5)), review("**User**: What?"))
    assert [item.question.text for item in read(path, omissions=omissions)] == ["What?"]
    assert [str(kind) for kind in omissions.kinds.values()] == ["5 without a prompt"]
    assert not any(kind.fault for kind in omissions.kinds.values())  # the rest of the file is as good as ever


def test_as_many_questions_as_there_were(tmp_path: Path) -> None:
    """128 conversations by turns; each is one question."""
    turns = ({"turn_1_prompt": f"Name river {i}.", "turn_2_prompt": "Use no commas."} for i in range(128))
    found = read(write(tmp_path, *(review("**User**: \n", metadata) for metadata in turns)))
    assert len({item.question.id or item.question.text for item in found}) == 128


def test_asserts_of_the_metadata_are_the_label(tmp_path: Path) -> None:
    made = review(
        "Write f.", {"test_list": ["assert f(1) == 2"], "test_imports": ["import math"]}, target="def f(x): ..."
    )
    question = read(write(tmp_path, made))[0].question
    assert (question.grader, question.task) == ("code", "code")
    assert question.label == {"asserts": ["assert f(1) == 2"], "setup": "import math"}
