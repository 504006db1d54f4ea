"""Duplicates, conflicts, and the search for the nearest."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from smacs.store.create.duplicates import distinct, nearest, same_label, unique_ids, without_excluded
from smacs.store.create.questions import SourcedQuestion
from smacs.store.create.report import Location
from smacs.store.records import Question
from smacs.store.text import normalised


def draft(number: int, text: str, label: str = "1", identity: str = "") -> SourcedQuestion:
    question = Question(id=identity or f"q{number}", text=text, label=label, task="math", grader="number")
    return SourcedQuestion(question, Location("file", "line", number), "file")


def test_the_first_of_a_text_is_kept_and_conflicts_are_left_out() -> None:
    drafts = [
        draft(1, "What is 1 + 1?", "2"),
        draft(2, "  what is\n1 + 1? ", "2"),
        draft(3, "Capital?", "A"),
        draft(4, "ﬁne", "3"),
        draft(5, "CAPITAL?", "B"),
        draft(6, "fine", "3.0"),
    ]
    kept, duplicates, conflicts = distinct(drafts)
    assert [item.place.number for item in kept] == [1, 4]
    assert [(item.place.number, item.first.number) for item in duplicates] == [(2, 1), (6, 4)]
    assert [([place.number for place in item.places], item.labels) for item in conflicts] == [([3, 5], ["A", "B"])]


def test_labels_that_mean_the_same() -> None:
    def question(label: object, grader: str) -> Question:
        return Question(id="q", text="t", label=label, grader=grader)

    assert same_label(question("1/2", "number"), question("0.5", "number"))
    assert not same_label(question("1/2", "number"), question("0.51", "number"))
    assert not same_label(question("A", "choice"), question("B", "choice"))
    assert not same_label(question("1/2", "number"), question("0.5", "choice"))


TEXTS = st.lists(st.tuples(st.text("aAß ﬀ\n", max_size=4).map("x{}".format), st.sampled_from("12")))


@given(TEXTS)
def test_nothing_is_lost_and_nothing_comes_twice(items: list[tuple[str, str]]) -> None:
    drafts = [draft(number, text, label) for number, (text, label) in enumerate(items)]
    kept, duplicates, conflicts = distinct(drafts)
    numbers = [item.place.number for item in kept + duplicates] + [p.number for c in conflicts for p in c.places]
    assert sorted(numbers) == list(range(len(items)))
    texts = [normalised(item.question.text) for item in kept]
    assert len(set(texts)) == len(texts)
    assert [item.place.number for item in kept] == sorted(item.place.number for item in kept)
    assert distinct(kept) == (kept, [], [])


@given(TEXTS, TEXTS)
def test_no_excluded_text_is_left(items: list[tuple[str, str]], excluded: list[tuple[str, str]]) -> None:
    drafts = [draft(number, text) for number, (text, _) in enumerate(items)]
    out = [draft(number, text) for number, (text, _) in enumerate(excluded)]
    kept, leaks = without_excluded(drafts, out)
    known = {normalised(text) for text, _ in excluded}
    assert len(kept) + len(leaks) == len(drafts)
    assert all(normalised(item.question.text) not in known for item in kept)
    assert all(normalised(leak.text) == normalised(leak.excluded_text) for leak in leaks)


def test_one_id_for_two_texts() -> None:
    kept, problems = unique_ids([draft(1, "a", identity="same"), draft(2, "b", identity="same")])
    assert [item.place.number for item in kept] == [1]
    assert str(problems[0]) == "file, line 2: id 'same' is that of another question (file, line 1); map id otherwise"


@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_blocks_find_what_one_product_finds(n: int, m: int, block: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, others = (rng.standard_normal((count, 4)).astype(np.float32) for count in (n, m))
    where, cosine = nearest(rows, others, block=block)
    whole = rows @ others.T
    assert np.allclose(cosine, whole.max(axis=1), atol=1e-6)
    assert np.allclose(whole[np.arange(n), where], whole.max(axis=1), atol=1e-6)


def test_of_equals_the_first_one_wins() -> None:
    others = np.array([[0, 1], [1, 0], [1, 0], [1, 0]], np.float32)
    where, cosine = nearest(others[1:2], others, block=2)
    assert (where.tolist(), cosine.tolist()) == ([1], [1.0])
