"""Instructions whose fulfilment can be checked, each with a reply that fulfils it."""

from typing import Any

from tools.starter.item import Item, item


def items() -> list[Item]:
    """36 items."""
    return [
        item(
            "instruction",
            number,
            text,
            checks,
            reply,
            task="instruction",
            grader="instruction",
            subject=checks[0]["check"],
        )
        for number, (text, checks, reply) in enumerate(ROWS, 1)
    ]


def _is(check: str, **arguments: Any) -> dict[str, Any]:
    return {"check": check, **arguments}


_NO_COMMA = _is("without", characters=",")

# Instruction, checks, a reply that fulfils them.
ROWS: tuple[tuple[str, list[dict[str, Any]], str], ...] = (
    (
        "Write one sentence about the sea that contains the word blue.",
        [_is("include", words=["blue"])],
        "The sea is blue.",
    ),
    (
        "Name a fruit. Your reply must not contain the word apple.",
        [_is("exclude", words=["apple", "apples"])],
        "Pear",
    ),
    (
        "Say something kind about teachers in at most 40 words.",
        [_is("words", min=1, max=40)],
        "Teachers open doors for us.",
    ),
    (
        "Describe a dog in at most 10 words.",
        [_is("words", min=1, max=10)],
        "A loyal animal with four legs and a tail.",
    ),
    ("Describe winter in exactly 5 words.", [_is("words", min=5, max=5)], "Cold white days, long nights."),
    (
        "Write between 30 and 60 words about why sleep matters.",
        [_is("words", min=30, max=60)],
        "Sleep gives the body time to repair itself and the mind time to sort what it has learned. Without "
        "enough of it we "
        "become slow, forgetful and easily annoyed, and our health suffers as well.",
    ),
    (
        "Write exactly two sentences about rain.",
        [_is("sentences", min=2, max=2)],
        "Rain feeds the fields. It also fills rivers.",
    ),
    (
        "Explain what a bridge is in exactly one sentence.",
        [_is("sentences", min=1, max=1)],
        "A bridge carries a road over a gap.",
    ),
    (
        "Tell a very short story about a lost key in exactly four sentences.",
        [_is("sentences", min=4, max=4)],
        "Tom lost his key. He looked in every pocket. It hung around his neck. He laughed.",
    ),
    (
        "List three vegetables as bullet points. Begin each line with a hyphen and write exactly three bullet points.",
        [_is("bullets", min=3, max=3)],
        "- carrot\n- leek\n- pea",
    ),
    (
        "List five capital cities as bullet points that begin with a hyphen. Write nothing but the five lines.",
        [_is("bullets", min=5, max=5), _is("lines", min=5, max=5)],
        "- Rome\n- Oslo\n- Lima\n- Cairo\n- Tokyo",
    ),
    (
        "Give a numbered list of exactly four things to pack for a hike (1., 2., 3., 4.).",
        [_is("numbered", min=4, max=4)],
        "1. Water\n2. Map\n3. Jacket\n4. Bread",
    ),
    (
        "What do cats like to do? Reply in lowercase letters only.",
        [_is("lowercase")],
        "they sleep and hunt mice.",
    ),
    (
        "Write two sentences about the moon. Use no capital letters at all.",
        [_is("lowercase"), _is("sentences", min=2, max=2)],
        "the moon is far away. it has no air.",
    ),
    (
        "Warn a swimmer about sharks. WRITE IN CAPITAL LETTERS ONLY.",
        [_is("uppercase")],
        "SHARKS AHEAD! GET OUT OF THE WATER!",
    ),
    (
        "Wish somebody a happy birthday in capital letters only and in at most 12 words.",
        [_is("uppercase"), _is("words", min=2, max=12)],
        "HAPPY BIRTHDAY TO YOU!",
    ),
    (
        "Name four colours of the rainbow without using a comma.",
        [_NO_COMMA],
        "Red and green and blue and violet",
    ),
    (
        "Describe your perfect breakfast in two or three sentences. Do not use any commas.",
        [_NO_COMMA, _is("sentences", min=2, max=3)],
        "I like fresh bread with honey. A cup of tea goes with it.",
    ),
    (
        "Write a sentence about the forest that contains both the word tree and the word bird.",
        [_is("include", words=["tree", "bird"])],
        "A bird sings in the tree.",
    ),
    (
        "Write two or three sentences about a city. Use the words river, market and bridge.",
        [_is("include", words=["river", "market", "bridge"]), _is("sentences", min=2, max=3)],
        "The city lies on a river. Its market is next to the old bridge.",
    ),
    (
        "Describe snow in one or two sentences without using the words white and cold.",
        [_is("exclude", words=["white", "cold"]), _is("sentences", min=1, max=2)],
        "Snow falls softly and covers the roofs.",
    ),
    (
        "Explain what a car is. Do not use the words vehicle, engine and wheels.",
        [_is("exclude", words=["vehicle", "vehicles", "engine", "engines", "wheels"])],
        "A car is a machine that takes people along roads.",
    ),
    (
        "Say good night to a child. End your reply with exactly these words: Sleep well.",
        [_is("ends_with", text="Sleep well.")],
        "The stars are out. Sleep well.",
    ),
    (
        "Recommend a book in two sentences. Your reply must end with exactly: Happy reading!",
        [_is("ends_with", text="Happy reading!")],
        "Try Treasure Island, it is full of pirates. Happy reading!",
    ),
    (
        "Give a tip for saving water. Begin your reply with exactly these words: My tip:",
        [_is("starts_with", text="My tip:")],
        "My tip: turn off the tap while you brush your teeth.",
    ),
    (
        "Write a thank-you note. Begin it with Dear friend, and end it with the words Yours truly",
        [_is("starts_with", text="Dear friend"), _is("ends_with", text="Yours truly")],
        "Dear friend,\nthank you for the cake.\nYours truly",
    ),
    (
        "State a proverb. Wrap your whole reply in double quotation marks.",
        [_is("quoted")],
        '"Haste makes waste."',
    ),
    (
        "Give a motto for a school of at most 8 words. Put the whole reply in double quotation marks.",
        [_is("quoted"), _is("words", min=1, max=8)],
        '"Learn today, lead tomorrow."',
    ),
    (
        'Describe a person as a JSON object with exactly the keys "name" and "age". Reply with the JSON object only.',
        [_is("json", keys=["name", "age"])],
        '{"name": "Ida", "age": 31}',
    ),
    (
        'Reply with nothing but a JSON object that has exactly the keys "title", "author" and "year" for a '
        "book you know.",
        [_is("json", keys=["title", "author", "year"])],
        '{"title": "Emma", "author": "Jane Austen", "year": 1815}',
    ),
    (
        "Write a poem about autumn of exactly four lines, without empty lines and without a title.",
        [_is("lines", min=4, max=4)],
        "Leaves come down\nred and brown\nwinds are loud\nunder cloud",
    ),
    (
        "Write exactly two paragraphs about music, separated by one empty line.",
        [_is("paragraphs", min=2, max=2)],
        "Music moves us.\n\nIt is found in every culture.",
    ),
    (
        "Write three paragraphs about travel, separated by empty lines, with at most 90 words in all.",
        [_is("paragraphs", min=3, max=3), _is("words", min=3, max=90)],
        "Travel widens the mind.\n\nIt costs money.\n\nStill we go.",
    ),
    (
        "Write a few sentences about summer in which the word sun occurs at least three times.",
        [_is("frequency", word="sun", min=3)],
        "The sun is up. We sit in the sun. I love the sun.",
    ),
    (
        "Write one or two sentences about coffee in which the word cup occurs exactly twice.",
        [_is("frequency", word="cup", min=2, max=2), _is("sentences", min=1, max=2)],
        "One cup in the morning is good, a second cup is better.",
    ),
    (
        "Name a country in Europe without using the letter e anywhere in your reply.",
        [_is("without", characters="e")],
        "Spain",
    ),
)
