"""Signals: codes of answers, and figures of replies and options, by hand."""

import math

import pytest

from smacs.errors import InputError
from smacs.nodes.vote import Ballots, ballots
from smacs.nodes.vote.signals import SIGNALS

QUESTION = "Which is a prime?\n(A) 4\n(B) 7 is prime\n(C) 9"
LEADS = ("covered", "quoted", "reached", "reached_other")


def signal(poll: Ballots, row: int, llm: int, name: str) -> float:
    return float(poll.signals[row, llm, SIGNALS.index(name)])


def test_the_same_answer_has_the_same_code_however_it_is_written() -> None:
    poll = ballots(["", ""], [["B", "b ", None, "A"], ["1/2", "0.5", "1/2", ""]])
    assert poll.codes.tolist() == [[0, 0, -1, 1], [0, 1, 0, -1]]


def test_signals_of_an_answer_that_the_reasoning_leads_to() -> None:
    reply = "7 is prime since only 1 and 7 divide it. The answer is (B)."
    poll = ballots([QUESTION], [["B", "C", "J", None]], [[reply, reply, reply, None]])
    # B: "7 is prime" is quoted, all 3 of its words are said (7, is, prime), and the last three numbers are 7, 1, 7.
    assert [signal(poll, 0, 0, name) for name in LEADS] == pytest.approx([1, 1, 1, 0])
    assert signal(poll, 0, 0, "covered_more") == pytest.approx(1)  # 4 and 9 are not said at all
    assert [signal(poll, 0, 1, name) for name in LEADS] == pytest.approx([0, 0, 0, 1])
    assert signal(poll, 0, 1, "covered_more") == pytest.approx(-1)
    assert signal(poll, 0, 0, "length") == pytest.approx(math.log(1 + len(reply)))
    assert signal(poll, 0, 0, "reasoning") == pytest.approx(math.log(1 + reply.index("answer is")))
    # Options of 1, 10 and 1 characters: log(11 / 5).
    assert signal(poll, 0, 0, "relative_length") == pytest.approx(math.log(11 / 5))
    assert signal(poll, 0, 0, "place_1") == pytest.approx(1)
    assert (
        signal(poll, 0, 2, "covered") == pytest.approx(0) and signal(poll, 0, 2, "length") > 0
    )  # J is no option of the question
    assert not poll.signals[0, 3].any()


def test_a_continuation_with_the_next_question_is_no_part_of_the_reply() -> None:
    reply = "The answer is (B).\n\nQuestion: What next? The answer is (C)."
    poll = ballots([QUESTION], [["B"]], [[reply]])
    assert signal(poll, 0, 0, "length") == pytest.approx(math.log(1 + len("The answer is (B).\n")))


@pytest.mark.parametrize("lines", [["(A) x", "(B) y"], ["A. x", "B. y"], ["A) x", "B) y"], ["A: x", " B: y"]])
def test_options_are_read_in_the_usual_notations(lines: list[str]) -> None:
    poll = ballots(["\n".join(["What? See A. below.", *lines])], [["B"]], [["so y"]])
    assert signal(poll, 0, 0, "options") == pytest.approx(2)
    assert signal(poll, 0, 0, "quoted") == pytest.approx(1)


def test_how_far_a_number_is_from_the_middle_one() -> None:
    # In order 1, 3, 20, 1,000: ranks 0, 1/3, 2/3, 1, less 1/2. One option without a number, and there is no middle.
    poll = ballots(["How many?\n(A) 20 kg\n(B) 1\n(C) 1,000\n(D) 3"], [["A", "B", "C", "D"]])
    extremes = [signal(poll, 0, r, "extreme") for r in range(4)]
    assert extremes == pytest.approx([1 / 6, 1 / 2, 1 / 2, 1 / 6])
    none = ballots(["How many?\n(A) 20 kg\n(B) 1\n(C) few"], [["A", "B", "C"]])
    assert [signal(none, 0, r, "extreme") for r in range(3)] == pytest.approx([0, 0, 0])


def test_a_question_without_options_has_only_the_figures_of_its_replies() -> None:
    poll = ballots(["What is 1+1?\nA. Turing asks."], [["2"]], [["1+1=2"]])
    assert signal(poll, 0, 0, "equations") == pytest.approx(math.log(2))
    assert signal(poll, 0, 0, "options") == pytest.approx(0)


def test_answers_must_fit_the_questions() -> None:
    with pytest.raises(InputError, match="2 questions"):
        ballots(["a", "b"], [["A"]])
    with pytest.raises(InputError, match="replies of 2 LLMs"):
        ballots(["a"], [["A", "B"]], [["x"]])
