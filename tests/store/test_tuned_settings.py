"""The settings that were chosen for selectors, on the disk."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from smacs.errors import BankError, BankLockedError
from smacs.store.bank import QuestionBank
from smacs.store.export import export
from smacs.store.io.lock import write_lock
from smacs.store.tuned_settings import TunedSettings, read_tuned_settings, valid_settings, write_tuned_settings
from smacs.store.verify import Problem, verify_settings


def entry(bank: QuestionBank, **settings: Any) -> TunedSettings:
    made_for = bank.manifest.embedder.digest
    scores = {"rank_score": 70.5, "default_rank_score": 70.0}
    kept = {"folds": 3, "questions": 4, "llms": ["a", "b"], "embedder": made_for, "when": "2026-01-01T00:00:00+00:00"}
    return TunedSettings(settings=settings, **scores, **kept)  # type: ignore[arg-type]


@pytest.fixture
def bank(make_bank: Callable[[int], QuestionBank]) -> QuestionBank:
    return make_bank(4)


def test_what_is_chosen_for_one_selector_leaves_the_others_alone(bank: QuestionBank) -> None:
    assert valid_settings(bank.path, bank.manifest.embedder) == {}
    write_tuned_settings(bank, {"kernel": entry(bank, tau=0.2), "knn": entry(bank, k=100)})
    write_tuned_settings(bank, {"kernel": entry(bank, tau=0.05, reads="all")})
    found = valid_settings(bank.path, bank.manifest.embedder)
    assert found == {"kernel": {"tau": 0.05, "reads": "all"}, "knn": {"k": 100}}
    assert read_tuned_settings(bank.path)["knn"] == entry(bank, k=100)
    assert '\n    "settings": {\n      "tau": 0.05' in (bank.path / "selectors.json").read_text()


def test_another_writer_is_waited_for_by_nobody(bank: QuestionBank) -> None:
    with write_lock(bank.path), pytest.raises(BankLockedError, match="is being written by pid"):
        write_tuned_settings(bank, {"knn": entry(bank, k=100)})
    assert not (bank.path / "selectors.json").exists()


def test_settings_for_other_vectors_do_not_count_and_are_named(bank: QuestionBank) -> None:
    assert list(verify_settings(bank)) == []
    write_tuned_settings(
        bank, {"knn": entry(bank, k=100), "kernel": msgspec.structs.replace(entry(bank), embedder="0ther")}
    )
    assert valid_settings(bank.path, bank.manifest.embedder) == {"knn": {"k": 100}}
    what = "the settings of kernel were chosen for another embedder, and do not count"
    mend = "Delete the file, and choose anew: smacs bank choose"
    assert list(verify_settings(bank)) == [Problem("selectors.json", what, mend, harmless=True)]


@pytest.mark.parametrize("body", ["{", '{"knn": {"settings": {"k": [1]}}}', '{"knn": 7}', "\xff"])
def test_a_broken_file_is_named_and_not_passed_over(bank: QuestionBank, body: str) -> None:
    (bank.path / "selectors.json").write_text(body, "latin-1")
    (problem,) = verify_settings(bank)
    assert (problem.where, problem.harmless) == ("selectors.json", False)
    with pytest.raises(BankError, match=r"selectors\.json is broken: .* delete it: then the defaults hold"):
        valid_settings(bank.path, bank.manifest.embedder)


async def test_a_bank_that_is_exported_takes_them_along(bank: QuestionBank, tmp_path: Path) -> None:
    write_tuned_settings(bank, {"knn": entry(bank, k=100)})
    await export(bank, tmp_path / "other")
    assert read_tuned_settings(tmp_path / "other") == read_tuned_settings(bank.path)
