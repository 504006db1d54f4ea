"""Thinking is kept in the trace and left out of what the aggregator and the embedder see (algorithm.md, section 4)."""

import re

_BLOCK = re.compile(r"<think(?:ing)?>(.*?)</think(?:ing)?>", re.DOTALL)
_CLOSE = re.compile(r"</think(?:ing)?>")
_OPEN = re.compile(r"<think(?:ing)?>")


def split_thinking(content: str, field: str = "", style: str = "auto") -> tuple[str, str]:
    """Split a reply into (answer, thinking), both stripped.

    `field` is the endpoint's separate reasoning field. In the content three forms are known: `<think>..</think>`
    blocks; a `</think>` whose opening tag was part of the prompt; a `<think>` that the token limit cut off, after
    which all is thinking. `style` "none" and "field" leave the content alone, since it may speak of the tags.
    """
    if style in ("none", "field"):
        return content.strip(), field.strip()
    thoughts = [field]
    closing = _CLOSE.search(content)
    opening = _OPEN.search(content)
    if closing and (opening is None or closing.start() < opening.start()):
        thoughts.append(content[: closing.start()])
        content = content[closing.end() :]
    thoughts += _BLOCK.findall(content)
    content = _BLOCK.sub("", content)
    if cut := _OPEN.search(content):
        thoughts.append(content[cut.end() :])
        content = content[: cut.start()]
    return content.strip(), "\n".join(part.strip() for part in thoughts if part.strip())
