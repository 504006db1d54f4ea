"""Votes: ballots, tallies and the simple rules, by hand."""

import math

import numpy as np
import pytest

from smacs.errors import InputError
from smacs.nodes.vote import Ballots, Polled, ballots, find_rule, in_order, prior_order, rules
from smacs.nodes.vote.ballot import SIGNALS
from smacs.nodes.vote.tally import agreement, scores, support

QUESTION = "Which is a prime?\n(A) 4\n(B) 7 is prime\n(C) 9"


def signal(poll: Ballots, row: int, llm: int, name: str) -> float:
    return float(poll.signals[row, llm, SIGNALS.index(name)])


def polled(codes: list[list[int]], priors: list[list[float]], correct: list[list[float]]) -> Polled:
    shape = np.array(codes).shape
    poll = Ballots(np.array(codes, dtype=np.int32), np.zeros((*shape, len(SIGNALS)), dtype=np.float32))
    return Polled(poll, np.array(priors), np.array(correct))


def test_every_rule_is_found_and_says_what_it_is() -> None:
    assert list(rules()) == ["log_odds", "majority", "prior_weighted", "reliability"]
    assert all("\n" not in rule.summary and rule.summary for rule in rules().values())
    with pytest.raises(InputError, match=r"no vote rule 'loudest'.*majority"):
        find_rule("loudest")


def test_the_same_answer_has_the_same_code_however_it_is_written() -> None:
    poll = ballots(["", ""], [["B", "b ", None, "A"], ["1/2", "0.5", "1/2", ""]])
    assert poll.codes.tolist() == [[0, 0, -1, 1], [0, 1, 0, -1]]


def test_signals_of_an_answer_that_the_reasoning_leads_to() -> None:
    reply = "7 is prime since only 1 and 7 divide it. The answer is (B)."
    poll = ballots([QUESTION], [["B", "C", "J", None]], [[reply, reply, reply, None]])
    # B: "7 is prime" is quoted, all 3 of its words are said (7, is, prime), and the last three numbers are 7, 1, 7.
    assert [signal(poll, 0, 0, name) for name in ("covered", "quoted", "reached", "reached_other")] == [1, 1, 1, 0]
    assert signal(poll, 0, 0, "covered_more") == 1  # 4 and 9 are not said at all
    assert [signal(poll, 0, 1, name) for name in ("covered", "quoted", "reached", "reached_other")] == [0, 0, 0, 1]
    assert signal(poll, 0, 1, "covered_more") == -1
    assert signal(poll, 0, 0, "length") == pytest.approx(math.log(1 + len(reply)))
    assert signal(poll, 0, 0, "reasoning") == pytest.approx(math.log(1 + reply.index("answer is")))
    # Options of 1, 10 and 1 characters: log(11 / 5).
    assert signal(poll, 0, 0, "relative_length") == pytest.approx(math.log(11 / 5))
    assert signal(poll, 0, 0, "place_1") == 1
    assert signal(poll, 0, 2, "covered") == 0 and signal(poll, 0, 2, "length") > 0  # J is no option of the question
    assert not poll.signals[0, 3].any()


def test_a_continuation_with_the_next_question_is_no_part_of_the_reply() -> None:
    reply = "The answer is (B).\n\nQuestion: What next? The answer is (C)."
    poll = ballots([QUESTION], [["B"]], [[reply]])
    assert signal(poll, 0, 0, "length") == pytest.approx(math.log(1 + len("The answer is (B).\n")))


@pytest.mark.parametrize("lines", [["(A) x", "(B) y"], ["A. x", "B. y"], ["A) x", "B) y"], ["A: x", " B: y"]])
def test_options_are_read_in_the_usual_notations(lines: list[str]) -> None:
    poll = ballots(["\n".join(["What? See A. below.", *lines])], [["B"]], [["so y"]])
    assert signal(poll, 0, 0, "options") == 2
    assert signal(poll, 0, 0, "quoted") == 1


def test_how_far_a_number_is_from_the_middle_one() -> None:
    # In order 1, 3, 20, 1,000: ranks 0, 1/3, 2/3, 1, less 1/2. One option without a number, and there is no middle.
    poll = ballots(["How many?\n(A) 20 kg\n(B) 1\n(C) 1,000\n(D) 3"], [["A", "B", "C", "D"]])
    extremes = [signal(poll, 0, r, "extreme") for r in range(4)]
    assert extremes == pytest.approx([1 / 6, 1 / 2, 1 / 2, 1 / 6])
    none = ballots(["How many?\n(A) 20 kg\n(B) 1\n(C) few"], [["A", "B", "C"]])
    assert [signal(none, 0, r, "extreme") for r in range(3)] == [0, 0, 0]


def test_a_question_without_options_has_only_the_figures_of_its_replies() -> None:
    poll = ballots(["What is 1+1?\nA. Turing asks."], [["2"]], [["1+1=2"]])
    assert signal(poll, 0, 0, "equations") == pytest.approx(math.log(2))
    assert signal(poll, 0, 0, "options") == 0


def test_answers_must_fit_the_questions() -> None:
    with pytest.raises(InputError, match="2 questions"):
        ballots(["a", "b"], [["A"]])
    with pytest.raises(InputError, match="replies of 2 LLMs"):
        ballots(["a"], [["A", "B"]], [["x"]])


def test_support_by_hand() -> None:
    # LLMs 0 and 2 answer 5 with weights 1 and 0.5, LLM 1 answers 3 with weight 1; LLM 3 has no answer.
    # exp(1.5) = 4.4817, exp(1) = 2.7183, 1 for "none": total 8.2.
    same = agreement(np.array([[5, 3, 5, -1]]), np.ones((1, 4), dtype=bool))
    total = math.exp(1.5) + math.exp(1) + 1
    expected = [math.exp(1.5) / total, math.exp(1) / total, math.exp(1.5) / total, 0]
    weights = np.array([[1.0, 1.0, 0.5, 9.0]])
    assert support(same, scores(same, weights, np.zeros((1, 4))))[0].tolist() == pytest.approx(expected)
    # What an answer is worth by itself counts once, however many gave it.
    assert scores(same, weights, np.array([[2.0, 0.0, 2.0, 0.0]]))[0] == pytest.approx([3.5, 1.0, 3.5, -math.inf])


def test_majority_and_its_tie() -> None:
    bank = polled([[0, 1, 1], [0, 1, -1]], [[0.9, 0.2, 0.2], [0.6, 0.7, 0.1]], [[1, 0, 0], [0, 1, 0]])
    fitted = find_rule("majority").fit(bank)
    verdict = in_order(fitted, bank.ballots, bank.priors, prior_order(bank.priors), 3)
    assert verdict.chosen.tolist() == [1, 1]  # two against one; then one against one, 0.7 against 0.6
    assert verdict.calls.tolist() == [3, 3]


def test_prior_weighted_follows_the_sum_of_priors() -> None:
    bank = polled([[0, 1, 1]] * 2, [[0.9, 0.2, 0.2], [0.9, 0.5, 0.5]], [[1, 0, 0]] * 2)
    fitted = find_rule("prior_weighted").fit(bank)
    assert in_order(fitted, bank.ballots, bank.priors, prior_order(bank.priors), 3).chosen.tolist() == [0, 1]


def test_log_odds_are_the_bank_s_own_where_the_prior_says_nothing() -> None:
    # LLM 0 is right in 300 of 400: log 3. LLM 1 in 100 of 400: -log 3. Both wrong together 100 times, never alike,
    # so nothing is added for distractors.
    right = [[1.0, 0.0]] * 200 + [[1.0, 1.0]] * 100 + [[0.0, 0.0]] * 100
    codes = [[0, 1]] * 200 + [[0, 0]] * 100 + [[1, 2]] * 100
    bank = polled(codes, [[0.5, 0.5]] * 400, right)
    weights = find_rule("log_odds").fit(bank).votes(bank.ballots, bank.priors, np.tile([0, 1], (400, 1))).weights
    assert weights[0].tolist() == pytest.approx([math.log(3), -math.log(3)], abs=0.01)


def test_wrong_llms_that_scatter_make_agreement_worth_more() -> None:
    # As above, but of the 100 pairs of wrong answers every fourth is the same answer: log(4) is added.
    right = [[1.0, 0.0]] * 200 + [[1.0, 1.0]] * 100 + [[0.0, 0.0]] * 100
    codes = [[0, 1]] * 200 + [[0, 0]] * 100 + [[1, 2]] * 75 + [[1, 1]] * 25
    bank = polled(codes, [[0.5, 0.5]] * 400, right)
    weights = find_rule("log_odds").fit(bank).votes(bank.ballots, bank.priors, np.tile([0, 1], (400, 1))).weights
    assert weights[0].tolist() == pytest.approx([math.log(12), math.log(4 / 3)], abs=0.01)


def test_nobody_answered() -> None:
    bank = polled([[-1, -1]], [[0.5, 0.4]], [[0, 0]])
    verdict = in_order(find_rule("majority").fit(bank), bank.ballots, bank.priors, prior_order(bank.priors), 2)
    assert (verdict.chosen.tolist(), verdict.calls.tolist(), verdict.support.tolist()) == ([-1], [2], [0.0])
