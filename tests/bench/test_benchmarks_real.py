"""The benchmarks' own files, where they are at hand: sizes of the paper, and labels that the graders take."""

import json
import os
from pathlib import Path

import pytest

from smacs.bench.benchmarks import bank_part, find_benchmark, test_questions
from smacs.store.graders import check_label, grade
from smacs.store.identity import normalised

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("SMACS_DATA", ROOT.parent / "shared" / "data"))
SIZES = {
    "aime2024": (30, None),
    "math500": (500, None),
    "mbpp": (500, 461),
    "ifeval": (300, 241),
    "medmcqa": (1200, 1000),
    "mmlu_pro": (792, 7122),  # of the 8,000 that are there; 86 come twice
}
WITH_BANK = [name for name, (_, bank) in SIZES.items() if bank]
LARGE = {"mmlu_pro": [pytest.mark.slow]}

test_questions.__test__ = False  # type: ignore[attr-defined]  # no test of ours
pytestmark = pytest.mark.skipif(not (DATA / "benchmarks").exists(), reason=f"no benchmarks in {DATA}; set SMACS_DATA")


@pytest.mark.parametrize("name", [pytest.param(name, marks=LARGE.get(name, [])) for name in SIZES])
def test_sizes_and_names(name):
    test = find_benchmark(name).test(DATA)
    assert len(test) == len({item.id for item in test}) == SIZES[name][0]
    assert {item.dataset for item in test} == {name}


@pytest.mark.parametrize("name", [pytest.param(name, marks=LARGE.get(name, [])) for name in WITH_BANK])
def test_parts_share_nothing(name):
    test, part = find_benchmark(name).test(DATA), bank_part(name, DATA)
    assert len(part.questions) == SIZES[name][1]
    assert part.copies == {"mbpp": 3, "mmlu_pro": 86}.get(name, 0)
    for key in (lambda item: item.id, lambda item: normalised(item.text)):
        assert not {key(item) for item in test} & {key(item) for item in part.questions}


@pytest.mark.slow
@pytest.mark.parametrize("name", SIZES)
def test_graders_take_every_label(name):
    if name == "ifeval":
        pytest.importorskip("lm_eval")
    bank = bank_part(name, DATA).questions if name in WITH_BANK else []
    for item in (*find_benchmark(name).test(DATA), *bank):
        check_label(item)


@pytest.mark.slow
def test_the_references_of_mbpp_pass():
    """Twenty drawn ones, and the one whose tests use a class that the program defines."""
    lines = (DATA / "benchmarks" / "mbpp.jsonl").read_text().splitlines()
    programs = {f"mbpp/{row['task_id']}": row["code"] for row in map(json.loads, lines)}
    drawn = test_questions("mbpp", DATA, limit=20, seed=0)
    (tree,) = (item for item in find_benchmark("mbpp").test(DATA) if item.id == "mbpp/367")
    for item in (*drawn, tree):
        assert grade(item, f"```python\n{programs[item.id]}\n```").correct == 1, item.id
