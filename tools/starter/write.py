"""Write the starter bank's questions: `python -m tools.starter.write`.

The same scripts write the same bytes: one JSON object a line, keys sorted, its checksum at the end, families in this
order.
"""

from pathlib import Path

import msgspec

from smacs.errors import BankError
from smacs.store.graders import check_label
from smacs.store.io.checksums import sealed
from smacs.store.records import Question
from tools.starter import algebra, arithmetic, code, everyday, instruction, medicine, science, words
from tools.starter.item import Item

FAMILIES = (arithmetic, words, algebra, code, science, medicine, everyday, instruction)
QUESTIONS = Path(__file__).parents[2] / "store" / "starter" / "bank" / "questions.jsonl"


def items() -> list[Item]:
    """All questions, each with a correct response."""
    return [item for family in FAMILIES for item in family.items()]


def questions() -> list[Question]:
    """All questions; raises GradingError for a bad label, BankError for an id or text that occurs twice."""
    found = [item.question for item in items()]
    for kind, values in (("id", [q.id for q in found]), ("text", [q.text for q in found])):
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise BankError(f"expected every {kind} once in the starter bank; got twice: {twice[0]!r}")
    for question in found:
        check_label(question)
    return found


def encoded() -> bytes:
    """The content of `questions.jsonl`."""
    return b"".join(sealed(msgspec.json.encode(question, order="sorted")) + b"\n" for question in questions())


def main() -> None:
    """Write the file."""
    QUESTIONS.parent.mkdir(parents=True, exist_ok=True)
    QUESTIONS.write_bytes(encoded())


if __name__ == "__main__":
    main()
