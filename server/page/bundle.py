"""Several modules of the page as one script, for a file that has no others beside it.

Each module becomes a function that returns its exports, after the modules that it imports. Imports and exports stand on
lines of their own: `import { a, b } from "./x.js";`, `export function a`, `export const b`.
"""

import re
from pathlib import Path

from smacs.server.page.entries import NAME, entries

_IMPORT = re.compile(r'^import (\{[^}\n]*\}) from "([^"\n]+)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?(?:function|class|const) (\w+))", re.MULTILINE)


def bundle(entry: Path) -> str:
    """The script of a module and of all that it imports, each once."""
    made: dict[Path, str] = {}
    _add(entry.resolve(), made)
    return "\n".join(made.values())


def _add(file: Path, made: dict[Path, str]) -> None:
    text = entries() if file.name == NAME else file.read_text("utf-8")
    for _, target in _IMPORT.findall(text):
        if (imported := (file.parent / target).resolve()) not in made:
            _add(imported, made)
    body = _IMPORT.sub(lambda found: f"const {found[1]} = {_variable(file.parent / found[2])};", text)
    exports = ", ".join(name for _, name in _EXPORT.findall(body))
    body = _EXPORT.sub(r"\1", body)
    made[file] = f"const {_variable(file)} = (() => {{\n{body}return {{ {exports} }};\n}})();"


def _variable(file: Path) -> str:
    return f"module_{file.stem}" if file.parent.name != "parts" else f"part_{file.stem}"
