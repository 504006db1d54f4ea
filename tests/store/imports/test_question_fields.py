"""The question from the fields that the user names, by `--text`."""

import json
from pathlib import Path

import pytest

from smacs.errors import InputError
from smacs.store.bank import QuestionBank
from smacs.store.imports import import_

SAMPLES = Path(__file__).parent / "samples"


def test_the_question_from_several_fields(tmp_path: Path) -> None:
    row = {"question": "And why?", "passage": "It rained.", "meta": {"title": "Rain"}, "llm": "a", "correct": 1}
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps(row) + "\n")
    import_([path], tmp_path / "bank", text=r"{meta.title}: {passage}\n{question}")
    assert QuestionBank.open(tmp_path / "bank").questions[0].text == "Rain: It rained.\nAnd why?"
    with pytest.raises(InputError, match=r"there is no field 'body'; there are question, passage, meta"):
        import_([path], tmp_path / "bank", text="{body}")


@pytest.mark.parametrize(
    ("tool", "text", "expected"),
    [
        ("lm_eval/acme__tiny-7b-instruct", "Sum: {QUESTION}", "Sum: What is 7 + 5?"),
        ("inspect", "Q: {input}", "Q: What is 7 + 5?"),
        ("evalscope/reviews", "P: {prompt}", "P: "),
    ],
)
def test_a_template_for_every_tool(tmp_path: Path, tool: str, text: str, expected: str) -> None:
    if tool == "inspect":
        pytest.importorskip("inspect_ai", reason="the extra `inspect` is not installed")
    import_([SAMPLES / tool], tmp_path / "bank", text=text)
    assert any(question.text.startswith(expected) for question in QuestionBank.open(tmp_path / "bank").questions)
