"""The random selector: repeatable, and different for each question."""

import numpy as np

from smacs.nodes.selectors import Queries, TrainingSet, find_selector

ONE, OTHER = np.array([[1, 0]], np.float32), np.array([[0, 1]], np.float32)


def scores(vectors: np.ndarray[tuple[int, int], np.dtype[np.float32]], texts: list[str], llms: int = 3) -> list[float]:
    code = np.zeros(1, np.int32)
    training = TrainingSet(ONE, np.ones((1, llms), np.float32), code, code)
    found: list[float] = find_selector("chance").fit(training).scores(Queries.live(vectors, texts))[0].tolist()
    return found


def test_the_question_determines_the_scores() -> None:
    assert scores(ONE, ["Q"]) == scores(OTHER, ["Q"]) != scores(ONE, ["P"])
    assert scores(ONE, []) == scores(ONE, []) != scores(OTHER, [])


def test_scores_are_spread_over_the_llms() -> None:
    best = [int(np.argmax(scores(ONE, [f"question {i}"]))) for i in range(300)]
    counts = np.bincount(best, minlength=3)  # 100 each expected, standard deviation 8.2
    assert counts.min() > 60
