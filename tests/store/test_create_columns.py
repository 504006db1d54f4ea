"""Which column of a source holds what."""

import pytest

from smacs.errors import InputError
from smacs.store.create.columns import Columns, find_columns
from smacs.store.create.sources import Source


def test_the_usual_names_of_real_data_sets() -> None:
    mmlu_pro = ["question_id", "question", "options", "answer", "answer_index", "category", "src"]
    found = find_columns(Source(where="m"), mmlu_pro)
    assert found.fields == {"text": "{question}\n{options}", "label": "answer", "subject": "category"}
    assert found.options == ("options",)
    medmcqa = find_columns(Source(where="m"), ["id", "question", "opa", "opb", "opc", "opd", "cop", "subject_name"])
    assert medmcqa.options == ("opa", "opb", "opc", "opd")
    assert medmcqa.fields["label"] == "cop"
    mbpp = find_columns(Source(where="m"), ["task_id", "text", "code", "test_list", "test_setup_code"])
    assert mbpp.fields["text"] == "{text}\nYour code should pass these tests:\n{test_list}"
    assert mbpp.fields["setup"] == "test_setup_code"
    capitals = find_columns(Source(where="m"), ["Question", "Answer"])
    assert (capitals.fields["text"], capitals.fields["label"]) == ("{Question}", "Answer")


def test_what_the_user_says_wins_and_is_told_apart() -> None:
    source = Source(where="f", columns={"text": "frage", "subject": "fach"})
    found = find_columns(source, ["frage", "question", "answer", "fach"])
    assert found.describe() == "text='{frage}', subject='fach', label='answer' (found)"


def test_no_column_for_the_text() -> None:
    with pytest.raises(
        InputError, match=r"which column is the text\? Its columns are a, answer. Say --map text=COLUMN"
    ):
        find_columns(Source(where="f"), ["a", "answer"])


def test_columns_are_described_as_they_are_typed() -> None:
    assert Columns({"text": "{q}\n{options}"}, ("o",)).describe() == r"text='{q}\n{options}'"
