"""Token counts without a tokenizer.

Every LLM has its own, and the endpoint does not share it. The estimate errs on the high side: a letter run counts a
token for each four letters begun, and digits, punctuation and scripts without spaces count a token a character.
"""

import re
from collections.abc import Sequence

_PIECE = re.compile(r"[A-Za-z]{1,4}|[^\S\n]*\n+|[^\sA-Za-z]")
_MESSAGE = 8  # role markers of a chat template


def estimate_tokens(text: str) -> int:
    """About how many tokens `text` has; rarely fewer than it really has."""
    return sum(1 for _ in _PIECE.finditer(text))


def at_most_tokens(messages: Sequence[dict[str, str]]) -> int:
    """A bound that `estimate_prompt` never exceeds, for nothing: no token is shorter than a character."""
    return sum(len(message["content"]) + _MESSAGE for message in messages)


def estimate_prompt(messages: Sequence[dict[str, str]]) -> int:
    """About how many tokens a list of chat messages has, its template included."""
    return sum(estimate_tokens(message["content"]) + _MESSAGE for message in messages)
