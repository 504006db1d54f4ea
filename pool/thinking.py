"""Thinking is kept in the trace and left out of what the aggregator and the embedder see (algorithm.md, section 4)."""

import re

_TAG = r"th(?:ink(?:ing)?|ought)"  # EXAONE Deep says <thought>
_BLOCK = re.compile(rf"<{_TAG}>(.*?)</{_TAG}>", re.DOTALL)
_CLOSE = re.compile(rf"</{_TAG}>")
_OPEN = re.compile(rf"<{_TAG}>")
_HEADING = re.compile(r"\s*## Thinking\s*\n")  # HuatuoGPT-o1
_ANSWER = re.compile(r"^## Final Response\s*\n", re.MULTILINE)


def split_thinking(content: str, field: str = "", style: str = "auto") -> tuple[str, str]:
    """Split a reply into (answer, thinking), both stripped.

    `field` is the endpoint's separate reasoning field. In the content three forms are known: `<think>..</think>`
    blocks; a `</think>` whose opening tag was part of the prompt; a `<think>` that the token limit cut off, after
    which all is thinking. `style` "none" and "field" leave the content alone, since it may speak of the tags;
    "headings" splits `## Thinking .. ## Final Response`.
    """
    if style in ("none", "field"):
        return content.strip(), field.strip()
    if style == "headings":
        return _split_headings(content)
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


def _split_headings(content: str) -> tuple[str, str]:
    heading = _HEADING.match(content)
    if not heading:
        return content.strip(), ""
    thinking, *answer = _ANSWER.split(content[heading.end() :], maxsplit=1)
    return "".join(answer).strip(), thinking.strip()
