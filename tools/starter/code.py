"""Python functions to be written, graded by asserts; each comes with a solution that passes them."""

from tools.starter.code_lists import LISTS
from tools.starter.code_numbers import NUMBERS
from tools.starter.code_text import TEXT
from tools.starter.item import Item, item


def items() -> list[Item]:
    """36 items: numbers, text, lists and dictionaries."""
    rows = [("numbers", row) for row in NUMBERS] + [("text", row) for row in TEXT] + [("lists", row) for row in LISTS]
    return [
        item(
            "code",
            number,
            f"Write a Python function {text}",
            asserts,
            f"```python\n{solution}\n```",
            task="code",
            grader="code",
            subject=subject,
        )
        for number, (subject, (text, solution, asserts)) in enumerate(rows, 1)
    ]
