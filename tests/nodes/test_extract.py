"""Final answers of replies, equal ones written alike."""

import pytest

from smacs.nodes.shared.extract import alike, equal, extract, final_expression

OPTIONS = "Which metal?\n\nA. Iron\nB. Gold\nC. Tin"


def test_choices_are_letters_out_of_the_questions_options() -> None:
    replies = [
        "The answer is (B).",
        "**B**",
        "I think it is A or B.",
        "The answer is (F)",
        "So the answer is gold (B).",
    ]
    assert extract("choice", OPTIONS, replies) == ["B", "B", None, None, "B"]


@pytest.mark.parametrize(
    ("reply", "expression"),
    [
        (r"So 3 + 4 = 7, thus \boxed{7}.", "7"),
        (r"First \boxed{3}, no: \boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        ("The answer is 12.", "12"),
        ("The answer is 12 pencils.", "12"),
        ("That makes 5 + 6 = 11 in all", "11"),
        (r"\boxed{\text{Tuesday}}", r"\text{Tuesday}"),
        ("The answer is Tuesday.", "Tuesday"),
        ("I do not know.", None),
    ],
)
def test_where_a_mathematical_reply_ends(reply: str, expression: str | None) -> None:
    assert final_expression(reply) == expression


def test_equal_expressions_are_written_like_the_first_of_them() -> None:
    found = [r"\frac{1}{2}", "x+1", None, "0.5", "1+x", "1/2", "0.51"]
    assert alike(found) == [r"\frac{1}{2}", "x+1", None, r"\frac{1}{2}", "x+1", r"\frac{1}{2}", "0.51"]


def test_what_cannot_be_compared_is_compared_as_text() -> None:
    assert equal("Tuesday", "tuesday ")
    assert not equal("Tuesday", "Wednesday")


def test_other_tasks_have_nothing_to_count() -> None:
    assert extract("code", "Write a program.", ["print(1)", "print(1)"]) == [None, None]
