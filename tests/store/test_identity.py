"""Which question of a bank another one is: for any ids, texts and data sets, in any order, however often."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smacs.errors import InputError
from smacs.pool.config import EmbedderSpec
from smacs.store.bank import QuestionBank
from smacs.store.identity import KnownQuestions, question_id
from smacs.store.merge import Found, merge
from smacs.store.records import Evaluation, Question

SPEC = EmbedderSpec(model="fake", dimension=2)
SUM = question_id("What is 3+3?")[:8]
OTHER = question_id("What is 7+1?")[:8]


def placed(*questions: tuple[str, str, str]) -> list[tuple[str, bool]]:
    """(id, whether it is new) of questions (id, data set, text) that come one after the other."""
    known = KnownQuestions([], "the bank")
    found = [known.place(Question(id=i, dataset=dataset, text=text)) for i, dataset, text in questions]
    return [(question.id, new) for question, new in found]


SUBTASKS = [
    ("0", "mmlu", "What is 2+2?"),
    ("1", "mmlu", "What is 5+1?"),
    ("0", "mmlu", "What is 3+3?"),
    ("1", "mmlu", "What is 7+1?"),
]


def test_ids_that_start_anew_in_each_subtask() -> None:
    ids = ["0", "1", f"0-{SUM}", f"1-{OTHER}"]
    first, again = [(name, True) for name in ids], [(name, False) for name in ids]
    assert placed(*SUBTASKS, *SUBTASKS, *SUBTASKS) == first + again + again


def test_the_longer_id_is_taken_too() -> None:
    came = [("0", "d", "a"), (f"0-{SUM}", "d", "b"), ("0", "d", "What is 3+3?"), ("0", "d", "What is 3+3?")]
    assert placed(*came) == [("0", True), (f"0-{SUM}", True), (f"0-{SUM}-2", True), (f"0-{SUM}-2", False)]


def test_an_id_is_the_same_to_the_last_bit_only() -> None:
    ids = ["a", "A", " a", "é", "e\u0301", "ａ"]
    came = [(name, "d", f"text {number}") for number, name in enumerate(ids)]
    assert placed(*came, *came) == [(name, True) for name in ids] + [(name, False) for name in ids]


def test_one_text_under_several_ids() -> None:
    came = [("a", "d", "x"), ("b", "d", "x"), ("c", "other", "X "), ("", "d", "x"), ("c", "", "x"), ("b", "d", "x")]
    assert placed(*came) == [("a", True), ("b", True), ("a", False), ("a", False), ("a", False), ("b", False)]


def test_a_question_without_id_whose_own_id_another_has() -> None:
    own = question_id("x")
    assert placed((own, "d", "y"), ("", "d", "x"), ("", "d", "x")) == [
        (own, True),
        (f"{own}-{own[:8]}", True),
        (f"{own}-{own[:8]}", False),
    ]


@pytest.mark.parametrize("name", ["id", "text", "dataset"])
def test_half_a_character_is_refused(name: str) -> None:
    values: dict[str, Any] = {"id": "i", "text": "t", "dataset": "d", name: "x\ud83d"}
    with pytest.raises(InputError, match=rf"half a character \('\\ud83d'\) in its {name}.* UTF-8"):
        KnownQuestions([], "the bank").place(Question(**values))


def names(texts: list[str]) -> list[str]:
    """Ids that meet each other, or what is made of them."""
    longer = [f"0-{question_id(text)[:8]}{end}" for text in texts for end in ("", "-2", f"-{question_id(text)[:8]}")]
    return ["", "0", "1", "a", "A", "é", "e\u0301", *(question_id(text) for text in texts), *longer]


TEXTS = ["x", "X ", "y", "0", "z"]
QUESTIONS = st.builds(
    Question, id=st.sampled_from(names(TEXTS)), text=st.sampled_from(TEXTS), dataset=st.sampled_from(["", "d", "e"])
)
CELLS = st.dictionaries(st.sampled_from("ab"), st.sampled_from([0.0, 0.5, 1.0]), max_size=2)
IMPORTS = st.lists(st.lists(st.tuples(QUESTIONS, CELLS), max_size=5), min_size=1, max_size=4)


def write(bank: QuestionBank, rows: list[tuple[Question, dict[str, float]]], *, replace: bool = False) -> None:
    cells = [{llm: Evaluation(question="", correct=grade) for llm, grade in grades.items()} for _, grades in rows]
    merge(bank, [Found(question, own) for (question, _), own in zip(rows, cells, strict=True)], replace=replace)


def content(path: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in path.rglob("*.jsonl")}


@pytest.mark.slow
@settings(max_examples=300)
@given(st.lists(QUESTIONS, max_size=3), IMPORTS, st.randoms(use_true_random=False))
def test_imported_once_is_known_ever_after(
    tmp_path_factory: pytest.TempPathFactory, made: list[Question], imports: list[Any], random: Any
) -> None:
    """A bank made with any ids, then any imports: it opens, and each of them again, in another order, changes nothing.

    So does the last one where new grades win.
    """
    path = tmp_path_factory.mktemp("known") / "bank"
    QuestionBank.create(path, SPEC, {question.id: question for question in made if question.id}.values())
    for rows in imports:
        write(QuestionBank.open(path), rows)
        assert len({question.id for question in QuestionBank.open(path).questions}) > 0 or not rows
    before = content(path)
    for rows in random.sample(imports, len(imports)):
        write(QuestionBank.open(path), rows)
        assert content(path) == before
    write(QuestionBank.open(path), imports[0], replace=True)
    before = content(path)
    write(QuestionBank.open(path), imports[0], replace=True)
    assert content(path) == before
