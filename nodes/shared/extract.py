r"""Extract: the final answers of replies to one question, equal answers written alike, so that they can be counted.

Read the way the graders read them (`smacs.store.graders`): multiple choice has a letter; mathematics has what is in
`\boxed{}`, else what follows "the answer is", else the last number, and is compared by equivalence.
"""

import re
from collections.abc import Sequence

from smacs.errors import GradingError
from smacs.store.graders.choice import find_letter, option_letters
from smacs.store.graders.math import GRADER, undecided
from smacs.store.graders.number import find_number, number
from smacs.store.graders.shared.responses import boxed, stated
from smacs.store.identity import normalised
from smacs.store.records import Question

TASKS = ("choice", "math")  # the tasks whose answers can be read and compared
Answers = list[str | None]  # None: nothing to read
_WORD = re.compile(r"(?<!\\)\b[a-zA-Z]{3,}")


def extract(task: str, question: str, replies: Sequence[str]) -> Answers:
    """The answer of each reply; all None for other tasks. Blocks: mathematics is compared in a worker process."""
    if task == "choice":
        letters = option_letters(question)
        return [find_letter(reply, letters) for reply in replies]
    if task == "math":
        return alike([final_expression(reply) for reply in replies])
    return [None] * len(replies)


def final_expression(reply: str) -> str | None:
    """The expression that a reply to a mathematical question ends in."""
    if inside := boxed(reply):
        return inside
    sentence = stated(reply)
    if sentence and undecided(sentence):
        return None
    if sentence and not _WORD.search(sentence):
        return sentence
    value = find_number(reply)
    return sentence if value is None else str(value)


def alike(expressions: Sequence[str | None]) -> Answers:
    """Each expression, or the first of those before it that is equal to it."""
    different: list[str] = []
    result: Answers = []
    for expression in expressions:
        if expression is None:
            result.append(None)
            continue
        known = next((other for other in different if equal(other, expression)), None)
        if known is None:
            different.append(expression)
        result.append(known or expression)
    return result


def equal(left: str, right: str) -> bool:
    """Whether two expressions have the same value, as the grader of mathematics sees it."""
    values = number(left), number(right)
    if None not in values:
        return values[0] == values[1]
    if normalised(left) == normalised(right):
        return True
    try:
        return GRADER.grade(Question(id="vote", text="", label=left), rf"\boxed{{{right}}}").correct > 0
    except GradingError:  # without its worker only texts can be compared
        return False
