"""What the starter bank's families are made of."""

import random
from collections.abc import Sequence
from typing import Any, NamedTuple

from smacs.store.records import Question


class Item(NamedTuple):
    """A question and a response that its grader must find correct."""

    question: Question
    response: str


class Option(NamedTuple):
    """A multiple-choice question before its options are shuffled."""

    subject: str
    text: str
    right: str
    wrong: tuple[str, str, str]


def item(family: str, number: int, text: str, label: Any, response: str, **fields: str) -> Item:
    """An item with the id and data set name of its family."""
    question = Question(id=f"{family}-{number:03d}", text=text, label=label, dataset=f"starter-{family}", **fields)
    return Item(question, response)


def shuffled(family: str, options: Sequence[Option], seed: int) -> list[Item]:
    """Multiple-choice items with seeded option order; the answer letters are spread evenly over A to D."""
    rng = random.Random(seed)
    letters = ("ABCD" * len(options))[: len(options)]
    return [
        _choice(family, number, option, letter, rng)
        for number, (option, letter) in enumerate(zip(options, rng.sample(letters, len(letters)), strict=True), 1)
    ]


def _choice(family: str, number: int, option: Option, letter: str, rng: random.Random) -> Item:
    texts = rng.sample(option.wrong, 3)
    texts.insert("ABCD".index(letter), option.right)
    lines = [option.text, *(f"({name}) {text}" for name, text in zip("ABCD", texts, strict=True))]
    fields = {"task": "choice", "grader": "choice", "subject": option.subject}
    return item(family, number, "\n".join(lines), letter, f"The answer is ({letter}).", **fields)
