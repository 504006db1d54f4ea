"""Replies: cheap figures of a reply's text that tell how far to trust its answer.

A long chain of thought from an LLM that is usually brief, a text that runs in circles, hedging, and an answer that the
reasoning never leads to are signs of a wrong answer; what each is worth, every LLM's own column of the bank decides.
"""

import math
import re
import zlib

from smacs.nodes.vote.options import Options, numbers, words

_HEDGE = re.compile(
    r"none of the|not match|does not|closest|however|approximat|assum|error|mistake|recheck|re-check|reevaluat"
    r"|re-evaluat|incorrect|not listed|not provided|not given|cannot|no option|most likely|probably|guess|seems|might"
    r"|not enough"
)
_STATED = re.compile(r"answer is")
_NEXT_QUESTION = "\nquestion:"  # a base LLM goes on to write the next example of its prompt

STYLE = ("length", "reasoning", "repetition", "digits", "equations", "lines", "hedges")
MATCH = ("covered", "covered_more", "quoted", "reached", "reached_other")


def style(body: str, reasoning: str) -> list[float]:
    """The figures named in `STYLE`, of a reply and its part before the answer is stated, both in lower case."""
    raw = body.encode()
    return [
        math.log1p(len(body)),
        math.log1p(len(reasoning)),
        len(zlib.compress(raw, 1)) / (len(raw) + 20),
        sum(map(str.isdigit, body)) / (len(body) + 1),
        math.log1p(body.count("=")),
        math.log1p(body.count("\n")),
        math.log1p(len(_HEDGE.findall(body))),
    ]


def match(options: Options, place: int, reasoning: str) -> list[float]:
    """The figures named in `MATCH`: does the reasoning, in lower case, lead to the option that was chosen?"""
    said = words(reasoning)
    shares = [len(of & said) / max(len(of), 1) for of in options.words]
    others = [share for i, share in enumerate(shares) if i != place]
    last = numbers(reasoning)[-3:]
    hits = [any(abs(a - b) <= 0.01 * abs(b) for a in last for b in of) for of in options.numbers]
    own = bool(options.numbers[place])
    return [
        shares[place],
        shares[place] - max(others),
        float(bool(options.texts[place]) and options.texts[place] in reasoning),
        float(hits[place]),
        float(own and any(hit for i, hit in enumerate(hits) if i != place)),
    ]


def parts(reply: str) -> tuple[str, str]:
    """The reply and its part before the answer is last stated, both in lower case."""
    body = reply.lower().split(_NEXT_QUESTION)[0]
    stated = [found.start() for found in _STATED.finditer(body)]
    return body, body[: stated[-1]] if stated else body
