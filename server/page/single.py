"""One run as a file: the page's view of it with all that it needs inside, the modules of the page as one script."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from smacs.errors import InputError

_HERE = Path(__file__).parent
_STATIC = _HERE / "static"
_UNSAFE = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}  # could end the script element, or a line
_IMPORT = re.compile(r'^import (\{[^}\n]*\}) from "([^"\n]+)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?(?:function|class|const) (\w+))", re.MULTILINE)


def check_file(file: Path) -> None:
    """Raise InputError where the file cannot be written, before any LLM is asked."""
    if file.is_dir() or not file.absolute().parent.is_dir():
        raise InputError(f"--html {file}: expected a file in a folder that exists.")


def write_page(file: Path, run: Mapping[str, Any]) -> None:
    """Write the view of `run`: a trace with its system, and `at` and `seconds` where known. Raises InputError."""
    try:
        file.write_text(render(run), "utf-8", newline="\n")
    except OSError as error:
        raise InputError(f"--html {file} cannot be written: {error.strerror or error}.") from error


def render(run: Mapping[str, Any]) -> str:
    """The page of one run. What LLMs wrote stands in it as JSON only, and is shown as text only."""
    style, theme = ((_STATIC / name).read_text("utf-8") for name in ("page.css", "theme.js"))
    script = bundle(_STATIC / "single.js")
    template = Template((_HERE / "single.html").read_text("utf-8"))
    policy = _policy(style, theme, script)
    return template.substitute(policy=policy, style=style, theme=theme, script=script, run=json_for_html(run))


def json_for_html(run: Mapping[str, Any]) -> str:
    """The run as JSON that no HTML parser takes for markup."""
    import orjson

    body = orjson.dumps(run).decode()
    return body.translate(_UNSAFE)


def _policy(style: str, *scripts: str) -> str:
    """Only these very texts may style and run."""
    hashes = " ".join(map(_hash, scripts))
    kept = "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    return f"default-src 'none'; script-src {hashes}; style-src {_hash(style)}; {kept}"


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def bundle(entry: Path) -> str:
    """The script of a module and of all that it imports, each once.

    Each module becomes a function that returns its exports, after the modules that it imports. Imports and exports must
    stand on lines of their own: `import { a, b } from "./x.js";`, `export function a`, `export const b`.
    """
    scripts: dict[Path, str] = {}
    _add(entry.resolve(), scripts)
    return "\n".join(scripts.values())


def _add(file: Path, scripts: dict[Path, str]) -> None:
    text = file.read_text("utf-8")
    for _, target in _IMPORT.findall(text):
        if (imported := (file.parent / target).resolve()) not in scripts:
            _add(imported, scripts)
    body = _IMPORT.sub(lambda found: f"const {found[1]} = {_variable(file.parent / found[2])};", text)
    exports = ", ".join(name for _, name in _EXPORT.findall(body))
    body = _EXPORT.sub(r"\1", body)
    scripts[file] = f"const {_variable(file)} = (() => {{\n{body}return {{ {exports} }};\n}})();"


def _variable(file: Path) -> str:
    return f"module_{file.stem}" if file.parent.name != "parts" else f"part_{file.stem}"
