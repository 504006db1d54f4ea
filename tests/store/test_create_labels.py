"""Labels from the forms that data sets keep them in; how both ways into a bank read them: test_import_question."""

import pytest

from smacs.store.create.labels import final


@pytest.mark.parametrize(("solution", "answer"), [("#### 1,234\nDone.", "1,234"), (r"x \boxed{7}", "7"), ("7", "7")])
def test_the_answer_of_a_worked_solution(solution: str, answer: str) -> None:
    assert final(solution) == answer
