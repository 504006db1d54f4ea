"""Word problems of one to three steps."""

import random
from collections.abc import Callable

from tools.starter.item import Item, item

SEED = 37

# Each template draws a problem: steps, text and whole-number answer.
Problem = tuple[str, int]


def items() -> list[Item]:
    """36 items: every template once, then every template with other numbers."""
    rng = random.Random(SEED)
    drawn = [(steps, *template(rng)) for _ in range(2) for steps, template in TEMPLATES]
    return [
        item(
            "words",
            number,
            text,
            str(answer),
            f"The answer is {answer}.",
            task="math",
            grader="number",
            subject=f"{steps} step" + ("s" if steps > 1 else ""),
        )
        for number, (steps, text, answer) in enumerate(drawn, 1)
    ]


def _apples(rng: random.Random) -> Problem:
    a, b, name = rng.randint(3, 9), rng.randint(2, 8), rng.choice(("Nora", "Liam", "Aisha"))
    return f"{name} has {a} apples and gets {b} more. How many apples does {name} have now?", a + b


def _pencils(rng: random.Random) -> Problem:
    a, b = rng.randint(20, 60), rng.randint(5, 19)
    return f"A box holds {a} pencils. {b} of them are taken out. How many pencils are left in the box?", a - b


def _bikes(rng: random.Random) -> Problem:
    n = rng.randint(4, 15)
    return f"How many wheels do {n} bicycles have in total?", 2 * n


def _shelves(rng: random.Random) -> Problem:
    a, b = rng.randint(4, 9), rng.randint(6, 14)
    return f"A bookcase has {a} shelves with {b} books on each shelf. How many books are in it?", a * b


def _sweets(rng: random.Random) -> Problem:
    a, b = rng.randint(4, 9), rng.randint(3, 12)
    return f"{a * b} sweets are shared equally among {a} children. How many sweets does each child get?", b


def _tickets(rng: random.Random) -> Problem:
    a, b, x, y = rng.randint(2, 4), rng.randint(2, 5), rng.randint(9, 14), rng.randint(4, 7)
    text = (
        f"A museum ticket costs ${x} for adults and ${y} for children. What do {a} adults and {b} children "
        "pay in total, in dollars?"
    )
    return text, a * x + b * y


def _change(rng: random.Random) -> Problem:
    n, price = rng.randint(3, 6), rng.randint(3, 7)
    return (
        f"Omar buys {n} notebooks for ${price} each and pays with a $50 note. How many dollars does he get back?",
        50 - n * price,
    )


def _train(rng: random.Random) -> Problem:
    speed, hours, rest = 10 * rng.randint(6, 12), rng.randint(2, 4), rng.randint(15, 55)
    text = (
        f"A train goes at {speed} km per hour for {hours} hours and then has {rest} km left to its "
        "destination. How long is the whole trip in km?"
    )
    return text, speed * hours + rest


def _eggs(rng: random.Random) -> Problem:
    cartons, broken = rng.randint(3, 8), rng.randint(4, 11)
    return (
        f"A baker buys {cartons} cartons of 12 eggs. {broken} eggs break. How many whole eggs remain?",
        12 * cartons - broken,
    )


def _age(rng: random.Random) -> Problem:
    child, factor, later = rng.randint(5, 9), rng.randint(4, 5), rng.randint(3, 9)
    text = (
        f"Mia is {child} years old. Her mother is {factor} times as old. How old will her mother be in {later} years?"
    )
    return text, child * factor + later


def _fence(rng: random.Random) -> Problem:
    a, b, price = rng.randint(6, 15), rng.randint(4, 9), rng.randint(3, 8)
    text = (
        f"A garden is {a} m long and {b} m wide. A fence around it costs ${price} per metre. What does the "
        "whole fence cost in dollars?"
    )
    return text, 2 * (a + b) * price


def _minutes(rng: random.Random) -> Problem:
    hours, minutes = rng.randint(2, 5), 5 * rng.randint(2, 11)
    return (
        f"A film lasts {hours} hours and {minutes} minutes. How many minutes is that?",
        60 * hours + minutes,
    )


def _discount(rng: random.Random) -> Problem:
    price, percent = 20 * rng.randint(3, 9), rng.choice((10, 15, 25, 30))
    text = f"A coat costs ${price}. It is sold at {percent}% off. What is the new price in dollars?"
    return text, price * (100 - percent) // 100


def _buses(rng: random.Random) -> Problem:
    seats, full = rng.randint(30, 48), rng.randint(3, 6)
    people = seats * full + rng.randint(3, 25)
    text = f"{people} people travel by bus. Each bus has {seats} seats. What is the smallest number of buses they need?"
    return text, full + 1


def _workers(rng: random.Random) -> Problem:
    workers, days, other = rng.choice(((4, 9, 6), (6, 10, 5), (3, 8, 4), (8, 6, 12)))
    text = (
        f"{workers} painters need {days} days to paint a school. How many days would {other} painters need "
        "at the same pace?"
    )
    return text, workers * days // other


def _savings(rng: random.Random) -> Problem:
    start, week, spent, weeks = (
        rng.randint(20, 60),
        rng.randint(7, 15),
        rng.randint(11, 40),
        rng.randint(6, 12),
    )
    text = (
        f"Lena has ${start} and saves ${week} every week for {weeks} weeks. Then she spends ${spent}. How "
        "many dollars does she have?"
    )
    return text, start + week * weeks - spent


def _class(rng: random.Random) -> Problem:
    girls, glasses = 3 * rng.randint(4, 6), rng.randint(2, 5)
    boys = girls // 3 * 2
    text = (
        f"A class has {girls} girls. For every 3 girls there are 2 boys. {glasses} of all these children "
        "wear glasses. How many children do not wear glasses?"
    )
    return text, girls + boys - glasses


def _tank(rng: random.Random) -> Problem:
    into, out, minutes, start = (
        rng.randint(9, 16),
        rng.randint(3, 7),
        rng.randint(8, 15),
        10 * rng.randint(3, 9),
    )
    text = (
        f"A tank holds {start} litres. Each minute {into} litres flow in and {out} litres flow out. How "
        f"many litres does it hold after {minutes} minutes?"
    )
    return text, start + (into - out) * minutes


TEMPLATES: tuple[tuple[int, Callable[[random.Random], Problem]], ...] = (
    (1, _apples), (1, _pencils), (1, _bikes), (1, _shelves), (1, _sweets), (2, _minutes),
    (2, _eggs), (2, _age), (2, _train), (2, _change), (2, _discount), (2, _buses), (2, _workers),
    (3, _tickets), (3, _fence), (3, _savings), (3, _class), (3, _tank),
)  # fmt: skip
