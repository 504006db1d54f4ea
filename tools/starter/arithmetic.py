"""Bare arithmetic, from one-digit sums to products of two-digit numbers, fractions and remainders."""

import random
from collections.abc import Callable, Iterator
from fractions import Fraction

from tools.starter.item import Item, item

SEED = 11


def items() -> list[Item]:
    """36 items, easiest first."""
    rng = random.Random(SEED)
    drawn = [(subject, *pair) for subject, template in TEMPLATES for pair in template(rng)]
    return [
        item(
            "arithmetic",
            number,
            text,
            str(value),
            f"\\boxed{{{value}}}",
            task="math",
            grader="number",
            subject=subject,
        )
        for number, (subject, text, value) in enumerate(drawn, 1)
    ]


Drawn = Iterator[tuple[str, int | float | Fraction]]


def _small_sums(rng: random.Random) -> Drawn:
    for _ in range(3):
        a, b = rng.randint(2, 9), rng.randint(2, 9)
        yield f"What is {a} + {b}?", a + b
    for _ in range(2):
        a, b = rng.randint(10, 18), rng.randint(2, 9)
        yield f"What is {a} - {b}?", a - b


def _sums(rng: random.Random) -> Drawn:
    for low, high in ((20, 60), (40, 99), (200, 800), (1200, 8900)):
        a, b = rng.randint(low, high), rng.randint(low, high)
        yield f"Add {a} and {b}.", a + b
        a, b = rng.randint(low, high), rng.randint(low // 2, low)
        yield f"Calculate {a} - {b}.", a - b


def _products(rng: random.Random) -> Drawn:
    for low, high in ((3, 9), (6, 9), (12, 29), (31, 89), (112, 389)):
        a, b = rng.randint(low, high), rng.randint(3, 9) if low != 31 else rng.randint(21, 48)
        yield f"What is {a} times {b}?", a * b


def _quotients(rng: random.Random) -> Drawn:
    for low, high in ((3, 9), (11, 25), (31, 80)):
        a, b = rng.randint(low, high), rng.randint(4, 9)
        yield f"What is {a * b} divided by {b}?", a
    a, b = rng.randint(50, 99), rng.randint(6, 9)
    yield f"What is the remainder when {a} is divided by {b}?", a % b
    a, b = rng.randint(300, 999), rng.randint(11, 19)
    yield f"What is the remainder when {a} is divided by {b}?", a % b


def _order(rng: random.Random) -> Drawn:
    a, b, c, d = (rng.randint(2, 12) for _ in range(4))
    yield f"Calculate {a} + {b} * {c}.", a + b * c
    yield f"Calculate ({a} + {c}) * {d}.", (a + c) * d
    yield f"Calculate {b} - {a} * {d} + {c}.", b - a * d + c
    yield f"Calculate ({a + 20} - {b}) * ({c} + {d}) - {a}.", (a + 20 - b) * (c + d) - a


def _fractions(rng: random.Random) -> Drawn:
    a, b = rng.sample((3, 5, 7), 2)
    yield "What is 1/2 + 1/4? Give a fraction.", Fraction(3, 4)
    yield f"What is 1/{a} + 1/{b}? Give a fraction in lowest terms.", Fraction(1, a) + Fraction(1, b)
    yield f"What is 2/{a} times {b}/9? Give a fraction in lowest terms.", Fraction(2, a) * Fraction(b, 9)


def _decimals(rng: random.Random) -> Drawn:
    a, b = rng.randint(11, 99), rng.randint(11, 99)
    yield f"What is {a / 10} + {b / 10}?", (a + b) / 10
    yield f"What is {a / 10} * {b % 9 + 2}?", (a * (b % 9 + 2)) / 10
    percent, base = rng.choice((15, 35, 45)), 20 * rng.randint(4, 20)
    yield f"What is {percent}% of {base}?", percent * base // 100


def _powers(rng: random.Random) -> Drawn:
    a, b = rng.randint(5, 9), rng.randint(12, 19)
    yield f"What is {a} squared?", a**2
    yield f"What is {b} squared plus {a} cubed?", b**2 + a**3
    yield "What is 2 to the power of 10?", 1024


TEMPLATES: tuple[tuple[str, Callable[[random.Random], Drawn]], ...] = (
    ("addition and subtraction", _small_sums),
    ("addition and subtraction", _sums),
    ("multiplication", _products),
    ("division", _quotients),
    ("order of operations", _order),
    ("fractions", _fractions),
    ("decimals", _decimals),
    ("powers", _powers),
)
