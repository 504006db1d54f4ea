"""Text from LLMs, files and endpoints, made safe to print: characters that a terminal would obey are escaped.

Escape sequences clear screens, retitle windows and make links that lead elsewhere; a carriage return overwrites the
line; bidirectional overrides turn the text around; tag characters are read by LLMs and seen by nobody.
"""

import re

_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and line feed, DEL, C1
    "\u061c\u202a-\u202e\u2066-\u2069"  # marks that turn text around
    "\u2028\u2029\ufff9-\ufffb"  # separators and annotations
    "\ud800-\udfff\U000e0000-\U000e007f]"  # halves of pairs, and tags
)


def visible(text: str) -> str:
    r"""The text with control characters as `\x1b` or `\u202e`; tabs and line breaks stay."""
    return _OBEYED.sub(_escape, text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    r"""The same with tabs and line breaks as `\t` and `\n`, too: for logs."""
    return visible(text).replace("\t", "\\t").replace("\n", "\\n")


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
