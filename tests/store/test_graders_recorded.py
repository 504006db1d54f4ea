"""The grader of multiple choice against 120,000 recorded responses of fifteen LLMs to MMLU-Pro.

`recorded` is the letter that the benchmark's authors extracted. Every disagreement about correctness has a reason.
"""

import os
import re
import string
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from smacs.store.graders.choice import find_letter

DATA = Path(os.environ.get("SMACS_DATA", Path(__file__).parents[3] / "shared" / "data")) / "mmlu_pro_recorded"

# The authors' extraction: the first of these that finds something, and a letter by chance where none does.
AUTHORS = (
    re.compile(r"answer is \(?([A-J])\)?"),
    re.compile(r".*[aA]nswer:\s*([A-J])"),
    re.compile(r"\b([A-J])\b(?!.*\b[A-J]\b)", re.DOTALL),
)


def reason(response: str, recorded: str | None, found: str | None) -> str:
    if recorded is None:
        return "the authors read nothing" if found else ""
    letters = [match[1] if (match := pattern.search(response)) else None for pattern in AUTHORS]
    if recorded not in letters:
        return "the authors drew a letter by chance"
    if recorded != letters[0]:
        return "the authors took the last capital letter"
    said = response.split("\nQuestion:")[0].rsplit("answer is", 1)[-1]
    if found is None:
        return "several letters at once" if re.search(r"[A-J][^a-z]*(?:or|and)?[^a-z]*[A-J]", said) else ""
    return "two statements, of which the authors took the first"


def disagreements() -> Iterator[tuple[str, str | None, str | None]]:
    import pyarrow.parquet as parquet

    questions = parquet.read_table(DATA / "questions.parquet", columns=["question_id", "options", "answer"])
    asked = {row["question_id"]: row for row in questions.to_pylist()}
    for row in parquet.read_table(DATA / "responses.parquet").to_pylist():
        options, right = (asked[row["question_id"]][key] for key in ("options", "answer"))
        found = find_letter(row["response"], string.ascii_uppercase[: len(options)])
        if (found == right) != row["correct"]:
            yield row["response"], row["answer"], found


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason=f"the recorded answers are not at {DATA}")
def test_at_least_99_in_100_recorded_verdicts_are_ours_and_the_others_have_a_reason() -> None:
    pytest.importorskip("pyarrow", reason="the extra `data` is not installed")
    reasons = Counter(reason(*row) for row in disagreements())
    assert reasons.total() <= 0.01 * 120_000
    assert reasons == {
        "the authors read nothing": 331,
        "several letters at once": 283,
        "two statements, of which the authors took the first": 180,
        "the authors drew a letter by chance": 104,
        "the authors took the last capital letter": 66,
    }
