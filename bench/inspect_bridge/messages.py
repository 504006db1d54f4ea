"""Inspect's messages as plain data that our graphs read."""

from inspect_ai.model import ChatMessage

from smacs.errors import InputError


def plain(message: ChatMessage) -> dict[str, str]:
    """Role and text; an assistant's thinking is left out. Raises InputError for images and the like."""
    parts = [] if isinstance(message.content, str) else message.content
    other = sorted({part.type for part in parts} - {"text", "reasoning"})
    if other:
        raise InputError(f"A message of the {message.role}: expected text, got {', '.join(other)}.")
    return {"role": message.role, "content": message.text}
