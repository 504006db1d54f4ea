"""On recorded answers of real LLMs, where they are at hand."""

import os
from pathlib import Path

import pytest

from smacs.bench.prior.measurement import Scope
from smacs.bench.prior.rank import rank
from smacs.bench.prior.splits import Draws
from smacs.store.bank import QuestionBank
from smacs.store.imports import import_

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("SMACS_DATA", ROOT.parent / "shared" / "data")) / "mmlu_pro_recorded"


@pytest.mark.slow
@pytest.mark.skipif(not FOLDER.exists(), reason=f"the recorded MMLU-Pro answers are not in {FOLDER}; set SMACS_DATA")
async def test_priors_and_votes_beat_simple_router_on_real_answers(tmp_path):
    import_([FOLDER], tmp_path / "bank")
    scope = Scope.of(["rps"], ["prior_weighted"])
    report = await rank(QuestionBank.open(tmp_path / "bank"), Draws(3, 5512, 1196), scope=scope)
    found = {(row.selector, row.rule): row.figures for row in report.rows if row.group == "all"}
    prior, votes = found["rps", ""], found["rps", "prior_weighted"]
    for figure in (prior["rank"], prior["top1"], votes["vote"], votes["stopped"]):
        assert figure.gain
        assert figure.gain.low > 0
    assert votes["calls"].value
    assert votes["calls"].value.value == pytest.approx(4, abs=0.3)
    assert {row.name for row in report.rows if row.group == "subject"} > {"law", "math", "physics"}
