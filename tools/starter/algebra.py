"""School algebra: equations, evaluation, sequences, systems, and expansions graded by equivalence."""

import random
from collections.abc import Callable, Iterator

from tools.starter.item import Item, item

SEED = 23

# Text and answer; an answer with a letter is an expression.
Drawn = Iterator[tuple[str, int | str]]


def items() -> list[Item]:
    """36 items."""
    rng = random.Random(SEED)
    drawn = [(subject, *pair) for subject, template in TEMPLATES for pair in template(rng)]
    return [
        item(
            "algebra",
            number,
            text,
            str(answer),
            f"\\boxed{{{answer}}}",
            task="math",
            grader="math" if isinstance(answer, str) else "number",
            subject=subject,
        )
        for number, (subject, text, answer) in enumerate(drawn, 1)
    ]


def _equations(rng: random.Random) -> Drawn:
    for _ in range(3):
        x, a = rng.randint(2, 12), rng.randint(3, 15)
        yield f"Solve for x: x + {a} = {x + a}.", x
    for _ in range(2):
        x, a = rng.randint(3, 12), rng.randint(3, 9)
        yield f"Solve for x: {a}x = {a * x}.", x
    for _ in range(3):
        x, a, b = rng.randint(-6, 12), rng.randint(2, 9), rng.randint(2, 20)
        yield f"Solve for x: {a}x + {b} = {a * x + b}.", x
    for _ in range(2):
        x, a, c, b = rng.randint(2, 11), rng.randint(5, 9), rng.randint(2, 4), rng.randint(1, 12)
        yield f"Solve for x: {a}x - {b} = {c}x + {a * x - b - c * x}.", x
    x, a, b = rng.randint(3, 9), rng.randint(2, 5), rng.randint(1, 6)
    yield f"Solve for y: {a}(y - {b}) = {a * (x - b)}.", x


def _evaluations(rng: random.Random) -> Drawn:
    for _ in range(2):
        x, a, b = rng.randint(2, 9), rng.randint(2, 9), rng.randint(1, 9)
        yield f"What is the value of {a}x + {b} when x = {x}?", a * x + b
    for _ in range(2):
        x, a, b = rng.randint(2, 7), rng.randint(2, 6), rng.randint(1, 9)
        yield f"Evaluate x^2 - {a}x + {b} at x = {x}.", x * x - a * x + b
    x, y = rng.randint(2, 6), rng.randint(2, 6)
    yield f"If x = {x} and y = {y}, what is 3x - 2y + xy?", 3 * x - 2 * y + x * y
    a, b, x = rng.randint(2, 5), rng.randint(1, 9), rng.randint(2, 5)
    yield f"Let f(x) = {a}x - {b}. What is f(f({x}))?", a * (a * x - b) - b


def _sequences(rng: random.Random) -> Drawn:
    for step in (2, rng.randint(5, 9), -rng.randint(3, 7)):
        start = rng.randint(1, 9) if step > 0 else rng.randint(50, 80)
        yield f"What number comes next? {_joined(start + step * i for i in range(4))}, ...", start + step * 4
    start = rng.randint(2, 5)
    yield f"What number comes next? {_joined(start * 2**i for i in range(4))}, ...", start * 16
    yield f"What number comes next? {_joined(i * i + 1 for i in range(1, 6))}, ...", 37
    yield f"What number comes next? {_joined((3, 4, 7, 11, 18))}, ...", 29
    start, step, n = rng.randint(2, 9), rng.randint(3, 8), rng.choice((15, 18, 20, 24))
    text = f"An arithmetic sequence starts with {start} and has the common difference {step}. What is its {n}th term?"
    yield text, start + (n - 1) * step


def _systems(rng: random.Random) -> Drawn:
    for _ in range(2):
        x, y = rng.randint(8, 20), rng.randint(2, 7)
        yield f"Two numbers add up to {x + y} and differ by {x - y}. What is the larger number?", x
    x, y = rng.randint(1, 6), rng.randint(1, 6)
    yield f"Solve the system 2x + y = {2 * x + y} and x - y = {x - y}. What is x?", x
    p, q = rng.randint(6, 9), rng.randint(1, 4)
    yield f"The equation x^2 - {p - q}x - {p * q} = 0 has one positive solution. What is it?", p
    x = rng.randint(4, 12)
    yield f"Three consecutive whole numbers add up to {3 * x + 3}. What is the smallest of them?", x


def _expressions(rng: random.Random) -> Drawn:
    a, b = rng.randint(3, 9), rng.randint(2, 8)
    yield f"Simplify {a}x + {b}x.", f"{a + b}x"
    yield f"Simplify {a + b}y - {b}y + 4.", f"{a}y + 4"
    a, b = rng.randint(2, 6), rng.randint(2, 9)
    yield f"Expand {a}(x + {b}).", f"{a}x + {a * b}"
    a, b = rng.sample(range(2, 8), 2)
    yield f"Expand (x + {a})(x + {b}).", f"x^2 + {a + b}x + {a * b}"
    a, b = rng.sample(range(2, 8), 2)
    yield f"Expand and simplify (x - {a})(x + {a}) + {b}x.", f"x^2 + {b}x - {a * a}"
    yield "Write x^3 times x^4 as a single power of x.", "x^7"
    yield (
        f"A rectangle has the sides x and x + {b}. Write its perimeter as an expression in x.",
        f"4x + {2 * b}",
    )


def _joined(numbers: Iterator[int] | tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers))


TEMPLATES: tuple[tuple[str, Callable[[random.Random], Drawn]], ...] = (
    ("equations", _equations),
    ("evaluation", _evaluations),
    ("sequences", _sequences),
    ("systems", _systems),
    ("expressions", _expressions),
)
