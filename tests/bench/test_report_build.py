"""The numbers of a report from the folder of a run, worked out by hand."""

from typing import Any

import msgspec
import pytest

from smacs.bench.report.build import build
from smacs.bench.report.headline import headline
from smacs.bench.run.folder import results_file
from smacs.bench.run.records import GradedCandidate, GradedReference, Result
from smacs.errors import BankError, InputError


def graded(*grades, **more):
    """Results of q0, q1, ...; None is a question without a result."""
    return [
        Result(question=f"q{i}", correct=float(grade), answer="2", response="2", **more)
        for i, grade in enumerate(grades)
        if grade is not None
    ]


def measured(folder) -> Any:
    """A report of which the test knows what is in it."""
    return build(folder)


def candidate(correct, similarity=None, perplexity=None):
    score = None if similarity is None or perplexity is None else similarity + 1 - perplexity
    return GradedCandidate(0, ["a"], float(correct), True, similarity, perplexity, score)


def smacs(i, *candidates, selected=0, references=(), **more):
    correct = candidates[selected].correct
    return Result(
        question=f"q{i}",
        correct=correct,
        answer="2",
        selected=selected,
        candidates=list(candidates),
        references=[GradedReference(llm, prior, float(right), True) for llm, prior, right in references],
        **more,
    )


def row(report, spec):
    return next(row for row in report.systems if row.spec == spec)


def test_table_1_by_hand(make_run):
    systems = {
        "smacs": {"mbpp": graded(1, 1, 1, 0), "math500": graded(1, 0)},
        "moa": {"mbpp": graded(1, 0, 0, 0), "math500": graded(1, 1)},
    }
    report = measured(make_run(systems, questions={"mbpp": 4, "math500": 2}))
    own, other = row(report, "smacs"), row(report, "moa")
    assert headline(report)[-1].startswith("Each question counted the same: SMACS 66.7 % ")
    assert "; best of the others MoA, 50.0 % [" in headline(report)[-1]
    assert headline(report)[-1].endswith("points against SMACS, p = 1.00 without correction.")
    assert own.mean.accuracy.value == pytest.approx((75 + 50) / 2)
    assert own.pooled.accuracy.value == pytest.approx(100 * 4 / 6)
    assert own.mean.difference is None
    assert own.mean.paper == pytest.approx(76.78)
    assert own.cells["mbpp"].paper == pytest.approx(82.8)
    found = other.cells["mbpp"]
    assert (found.accuracy.value, found.difference.value) == pytest.approx((25.0, -50.0))
    assert found.difference.p == pytest.approx(0.5)  # 0 to 2: 2 / 4
    assert (found.difference.ahead, found.difference.behind) == (0, 2)
    assert other.mean.difference.value == pytest.approx((-50 + 50) / 2)
    assert other.mean.difference.adjusted == pytest.approx(other.mean.difference.p)  # the only comparison
    assert other.pooled.difference.p == pytest.approx(1.0)  # 1 to 2


def test_unreadable_failed_and_degraded_answers_are_counted(make_run):
    results = [
        Result(question="q0", correct=0.0, answer=None, response="hm", calls=2, failed=1),
        Result(question="q1", correct=0.0, error="nobody answered"),
        Result(question="q2", correct=1.0, answer="2", degraded=["no similarity"], calls=2),
    ]
    found = row(measured(make_run({"smacs": {"mbpp": results}}, questions={"mbpp": 3})), "smacs")
    assert (found.unparsed, found.errors, found.degraded, found.calls, found.failed_calls) == (1, 1, 1, 4, 1)
    assert found.mean.accuracy.value == pytest.approx(100 / 3)


def test_a_run_that_was_stopped_says_so_and_compares_what_is_there(make_run):
    systems = {"smacs": {"mbpp": graded(1, 1, None, None)}, "moa": {"mbpp": graded(0, 1, 1, 1)}, "self_moa": {}}
    report = measured(make_run(systems, questions={"mbpp": 4}))
    assert (row(report, "smacs").mean.questions, row(report, "smacs").mean.of) == (2, 4)
    found = row(report, "moa").mean.difference
    assert (found.questions, found.value) == (2, pytest.approx(-50.0))
    assert report.notes == [
        "The run is not finished: no results of self_moa.",
        "The run is not finished: smacs lacks 2 of 4 questions.",
    ]


def test_answers_of_a_larger_run_before_are_left_out(make_run):
    report = measured(make_run({"smacs": {"mbpp": graded(1, 0, 0, 0)}}, questions={"mbpp": 2}))
    assert row(report, "smacs").mean.accuracy.value == pytest.approx(50.0)
    assert report.notes == []


def test_table_2_whatever_the_order_of_settings(make_run):
    specs = ["smacs[k_drop=0,n=1,selector=chance]", "smacs[k_drop=0,n=1]", "smacs[lam=0.0,k_drop=0]", "smacs"]
    grades = [(0, 0, 0, 0), (1, 0, 0, 0), (1, 1, 0, 0), (1, 1, 1, 0)]
    systems = {spec: {"mbpp": graded(*of)} for spec, of in zip(specs, grades, strict=True)}
    report = measured(make_run(systems, questions={"mbpp": 4}))
    assert [(p.spec, p.share.value) for p in report.ablation] == [
        (spec, pytest.approx(25 * i)) for i, spec in enumerate(specs)
    ]
    first, *later = [p.difference and p.difference.value for p in report.ablation]
    assert first is None and later == pytest.approx([25, 25, 25])
    assert report.missing["ablation"] == "ablation"  # k_drop=0 alone was not run


def test_equation_8_by_hand(make_run):
    """q0: a right, b and c wrong; a's prior is above b's, level with c's: 1.5 of 2. q1: only c wrong; ranked above a,
    below b: 1 of 2. q2: all right: no pair."""
    priors = [{"a": 2.0, "b": 1.0, "c": 2.0}, {"a": 1.0, "b": 3.0, "c": 2.0}, {"a": 1.0, "b": 1.0, "c": 1.0}]
    systems = {
        "smacs": {"mbpp": [Result(question=f"q{i}", correct=1.0, priors=p) for i, p in enumerate(priors)]},
        "llm:a": {"mbpp": graded(1, 1, 1)},
        "llm:b": {"mbpp": graded(0, 1, 1)},
        "llm:c": {"mbpp": graded(0, 0, 1)},
    }
    report = measured(make_run(systems, questions={"mbpp": 3}, llms=["a", "b", "c"]))
    found = report.ranking[0]
    assert (found.system, found.benchmark, found.pairs, found.questions) == ("smacs", "mbpp", 4, 2)
    assert found.score.value == pytest.approx(100 * 2.5 / 4)
    assert (found.score.low, found.score.high) == pytest.approx((50.0, 75.0))  # all draws lie between the two questions
    assert found.paper == pytest.approx(70.61)
    assert "ranking" not in report.missing


def test_oca_and_mca_by_hand(make_run):
    systems = {
        "smacs": {
            "mbpp": [smacs(0, candidate(1), candidate(1)), smacs(1, candidate(1), candidate(0)), smacs(2, candidate(0))]
        },
        "smacs[k_drop=0]": {"mbpp": [smacs(0, candidate(1), candidate(0)), smacs(1, candidate(0), candidate(0))]},
    }
    report = measured(make_run(systems, questions={"mbpp": 3}))
    found = [point for point in report.diversity if point.group == ""]
    assert {point.questions for point in found} == {2}  # q2 has no candidates without a drop: it counts for neither
    assert {point.name: point.share.value for point in found} == pytest.approx(
        {
            "prior drop, one right (OCA)": 100.0,
            "prior drop, several right (MCA)": 50.0,
            "no drop, one right (OCA)": 50.0,
            "no drop, several right (MCA)": 0.0,
        }
    )
    assert report.missing["diversity"] == "drops"


def test_support_pool_size_and_aggregator(make_run):
    results = [
        Result(question=f"q{i}", correct=1.0, support=s) for i, s in enumerate([{"x": 0.75, "y": 0.25}, {"y": 1.0}])
    ]
    systems = {
        "smacs": {"mbpp": results},
        "smacs[pool=b+a]": {"mbpp": graded(0, 1)},
        "smacs[aggregator=b]": {"mbpp": graded(0, 0)},
        "smacs[aggregator=a]": {"mbpp": graded(1, 1)},
    }
    report = measured(make_run(systems, questions={"mbpp": 2}, llms=["a", "b", "c"]))
    assert report.support[0].shares == pytest.approx({"y": 62.5, "x": 37.5})
    assert [point.size for point in report.scaling] == [2, 3]
    assert [point.mean.accuracy.value for point in report.scaling] == pytest.approx([50.0, 100.0])
    assert [(p.name, p.share.value) for p in report.aggregators if not p.group] == [
        ("a", pytest.approx(100.0)),
        ("b", pytest.approx(0.0)),
    ]


def test_what_decides_inside_smacs_by_hand(make_run):
    """q0: similarity wants the first (right), perplexity the second (wrong), the score the second.
    q1: both want the first, which is wrong; the second is right. q2: all wrong. q3: the terms differ, both right."""
    results = [
        smacs(0, candidate(1, 0.9, 1.5), candidate(0, 0.8, 1.1), selected=1, references=[("a", 2, 1), ("b", 1, 0)]),
        smacs(1, candidate(0, 0.9, 1.1), candidate(1, 0.8, 1.2), references=[("a", 1, 0), ("b", 2, 1)]),
        smacs(2, candidate(0, 0.9, 1.1), candidate(0, 0.8, 1.2), references=[("a", 1, 0)]),
        smacs(3, candidate(1, 0.9, 1.15), candidate(1, 0.8, 1.1), references=[("a", 1, 1)]),
    ]
    found = measured(make_run({"smacs": {"mbpp": results}}, questions={"mbpp": 4})).inside
    assert (found.questions, found.choosable, found.chosen.value) == (4, 2, pytest.approx(0.0))
    assert {p.name: p.share.value for p in found.choices} == pytest.approx(
        {
            "as SMACS chose": 25.0,
            "by similarity alone": 50.0,
            "by perplexity alone": 25.0,
            "by chance": 50.0,  # 1/2, 1/2, 0, 1
            "a right one if there is one": 75.0,
        }
    )
    assert {p.name: p.share.value for p in found.stages} == pytest.approx(
        {
            "a reference is right": 75.0,
            "a candidate is right": 75.0,
            "the answer is right": 25.0,
            "the first reference is right": 75.0,
        }
    )
    assert [(p.share.value, p.questions) for p in found.kept] == [(pytest.approx(200 / 3), 3), (pytest.approx(0.0), 1)]
    (mbpp, every) = found.changes  # q0 and q1 are spoilt
    assert (mbpp.benchmark, every.benchmark) == ("mbpp", "")
    assert (mbpp.first.value, mbpp.answer.value) == pytest.approx((75.0, 25.0))
    assert (mbpp.difference.value, mbpp.difference.ahead, mbpp.difference.behind) == (pytest.approx(-50.0), 0, 2)
    assert [mbpp.difference.p, every.difference.p] == pytest.approx([0.5, 0.5])  # two coins that fall alike
    terms = found.terms
    assert (terms.questions, terms.apart) == (4, 2)
    assert (terms.followed_similarity, terms.followed_perplexity, terms.followed_neither) == (1, 1, 0)
    assert (terms.only_similarity_right, terms.only_perplexity_right, terms.both_right, terms.both_wrong) == (
        1,
        0,
        1,
        0,
    )
    assert terms.p == pytest.approx(1.0)
    assert terms.spread_similarity == pytest.approx(0.05)
    assert terms.spread_perplexity == pytest.approx((0.2 + 0.05 + 0.05 + 0.025) / 4)


def test_costs_are_means_a_question(make_run):
    results = [
        Result(question=f"q{i}", correct=1.0, calls=c, prompt_tokens=100 * c, completion_tokens=10, seconds=c / 2)
        for i, c in enumerate([2, 4])
    ]
    (found,) = measured(make_run({"moa": {"mbpp": results}}, questions={"mbpp": 3})).costs
    assert (found.calls.value, found.tokens.value, found.seconds.value, found.questions) == pytest.approx(
        (3.0, 310.0, 1.5, 2)
    )
    assert (found.calls.low, found.calls.high) == (2.0, 4.0)


def test_without_smacs_nothing_is_compared_and_every_lack_is_named(make_run):
    report = measured(make_run({"moa": {"mbpp": graded(1)}}, questions={"mbpp": 1}))
    assert row(report, "moa").mean.difference is None
    assert report.missing == {
        "systems": "smacs",
        "ablation": "ablation",
        "ranking": "smacs,llms",
        "scaling": "pools",
        "support": "smacs",
        "diversity": "drops",
        "aggregators": "aggregators",
        "inside": "smacs",
    }


def test_questions_on_which_systems_differ(make_run):
    systems = {
        "smacs": {"mbpp": graded(1, 0, 1)},
        "moa": {"mbpp": graded(1, 1, 0)},
        "smacs[lam=0]": {"mbpp": graded(0, 0, 0)},  # a variant is not shown
    }
    found = measured(make_run(systems, questions={"mbpp": 3})).differing
    assert (found.count, found.questions) == (2, 3)
    assert [(q.id, [(r.spec, r.correct) for r in q.replies]) for q in found.shown] == [
        ("q1", [("smacs", 0.0), ("moa", 1.0)]),
        ("q2", [("smacs", 1.0), ("moa", 0.0)]),
    ]


def test_a_half_written_last_line_is_left_out_and_named(make_run):
    folder = make_run({"smacs": {"mbpp": graded(1, 1)}}, questions={"mbpp": 2})
    file = results_file(folder, "smacs", "mbpp")
    file.write_bytes(file.read_bytes()[:-9])
    report = measured(folder)
    assert row(report, "smacs").mean.questions == 1
    assert report.notes[0].startswith(f"{file} ends in a half-written line")


def test_a_broken_line_is_an_error_that_names_the_file(make_run):
    folder = make_run({"smacs": {"mbpp": graded(1, 1)}}, questions={"mbpp": 2})
    file = results_file(folder, "smacs", "mbpp")
    first, second = file.read_bytes().splitlines()
    file.write_bytes(b"\n".join([first[:-5], second, b""]))
    with pytest.raises(BankError, match=r"smacs/mbpp\.jsonl, line 1"):
        build(folder)
    file.write_bytes(b'{"question": "q0"}\n')
    with pytest.raises(BankError, match=r"smacs/mbpp\.jsonl, line 1: .*correct"):
        build(folder)


def test_a_folder_without_a_run_or_without_results(make_run, tmp_path):
    with pytest.raises(InputError, match="holds no run"):
        build(tmp_path)
    with pytest.raises(InputError, match="expected results"):
        measured(make_run({"smacs": {}}, questions={"mbpp": 1}))


def test_the_same_run_gives_the_same_numbers(make_run):
    folder = make_run({"smacs": {"mbpp": graded(1, 0)}, "moa": {"mbpp": graded(0, 0)}}, questions={"mbpp": 2})
    assert msgspec.json.encode(build(folder)) == msgspec.json.encode(build(folder))
