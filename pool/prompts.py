"""Prompt templates: for referencers, one for each task; for LLMs that read several responses; for naming skills.

`<task>.md` has two sections, `# System` and `# Format`; either may be empty. `aggregator.md` and `consistency.md` are
texts that contain `{references}`; `keywords.md` asks for the skills that a question needs. A user's folder overrides
the shipped files one by one and may add tasks.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from smacs.errors import InputError

Message = dict[str, str]  # {"role": ..., "content": ...}

PLACEHOLDER = "{references}"
_READERS = ("aggregator", "consistency")
_KEYWORDS = "keywords"
_MARKS = re.compile(r"<(?=\s*/?\s*response\b|\||/?(?:start|end)_of_turn>|</?SYS>)|\[(?=/?INST\])", re.IGNORECASE)
_HEADING = re.compile(r"^# (System|Format)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Template:
    """A task's prompt: who the LLM is, how its answer must look, and an id that changes with either."""

    system: str
    format: str
    id: str


@dataclass(frozen=True, slots=True)
class Prompts:
    """The templates of all tasks, and those of LLMs that aggregate, find the most consistent response, name skills."""

    templates: Mapping[str, Template]
    aggregator: str
    consistency: str
    keywords: str

    @classmethod
    def load(cls, folder: Path | None = None) -> "Prompts":
        """The shipped templates, overridden by a folder's; raises InputError for an unusable file."""
        texts = _shipped() | (_read(folder) if folder else {})
        aggregator, consistency = (_reader(name, texts.pop(name)) for name in _READERS)
        keywords = texts.pop(_KEYWORDS).strip()
        templates = {task: _parse(task, text) for task, text in sorted(texts.items())}
        return cls(templates, aggregator, consistency, keywords)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of the tasks, sorted."""
        return tuple(self.templates)

    def messages(self, task: str, question: str, system: str = "", history: Sequence[Message] = ()) -> list[Message]:
        """A referencer's messages; `system` is the caller's own prompt, `history` the earlier turns."""
        template = self._template(task)
        return _conversation([system, template.system, template.format], history, question)

    def aggregation(
        self,
        task: str,
        question: str,
        references: Sequence[str],
        system: str = "",
        history: Sequence[Message] = (),
    ) -> list[Message]:
        """The aggregator's messages; references keep the order given, so equal beginnings stay equal."""
        task_format = self._template(task).format
        return _conversation([system, _fenced(self.aggregator, references), task_format], history, question)

    def choosing(self, question: str, responses: Sequence[str], history: Sequence[Message] = ()) -> list[Message]:
        """The messages that ask which of an LLM's own responses is the most consistent one."""
        return _conversation([_fenced(self.consistency, responses)], history, question)

    def naming(self, question: str) -> list[Message]:
        """The messages that ask for the skills which a question asks for."""
        return _conversation([self.keywords], (), question)

    def id(self, task: str) -> str:
        """Names a task's template and its version, for example `math-1a2b3c4d`."""
        return self._template(task).id

    def _template(self, task: str) -> Template:
        if task not in self.templates:
            raise InputError(
                f"expected a task out of {', '.join(self.tasks)}; got {task!r}. "
                f"Add {task}.md to your prompts folder, or name one of these."
            )
        return self.templates[task]


def led_by(system: str, messages: Sequence[Message]) -> list[Message]:
    """The messages with `system` before their system prompt, or as one where they have none."""
    if not system:
        return list(messages)
    own = messages[0]["content"] if messages and messages[0]["role"] == "system" else ""
    rest = messages[1:] if own else messages
    return [{"role": "system", "content": "\n\n".join(filter(None, [system, own]))}, *rest]


def _fenced(template: str, texts: Sequence[str]) -> str:
    """Each text between tags of its own, which no text can close or open: one cannot pass for another."""
    fenced = (f"<response {i}>\n{disarmed(text.strip())}\n</response {i}>" for i, text in enumerate(texts, 1))
    return template.replace(PLACEHOLDER, "\n\n".join(fenced))


def disarmed(text: str) -> str:
    """A text whose response tags and chat markers are still legible, but none any more.

    A chat template's own markers (`<|im_start|>`, `[INST]`, ...) would reach the LLM as the beginning of a new turn.
    """
    return _MARKS.sub("\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}", text)


def _reader(name: str, text: str) -> str:
    if PLACEHOLDER not in text:
        raise InputError(f"{name}.md: expected a text that contains {PLACEHOLDER}. Add it.")
    return text.strip()


def _conversation(parts: list[str], history: Sequence[Message], question: str) -> list[Message]:
    system = "\n\n".join(part.strip() for part in parts if part.strip())
    start = [{"role": "system", "content": system}] if system else []
    return [*start, *history, {"role": "user", "content": question}]


def _parse(task: str, text: str) -> Template:
    before, *pieces = _HEADING.split(text)
    sections = dict(zip(pieces[::2], pieces[1::2], strict=True))
    if before.strip() or set(sections) != {"System", "Format"} or len(pieces) != 4:
        raise InputError(
            f"{task}.md: expected the sections '# System' and '# Format' once each and nothing before them; "
            f"got {', '.join(pieces[::2]) or 'none'}. Either section may be empty."
        )
    system, task_format = sections["System"].strip(), sections["Format"].strip()
    digest = hashlib.sha256(f"{system}\n\n{task_format}".encode()).hexdigest()
    return Template(system, task_format, f"{task}-{digest[:8]}")


def _shipped() -> dict[str, str]:
    files = [file for file in resources.files("smacs.prompts").iterdir() if file.name.endswith(".md")]
    return {file.name.removesuffix(".md"): file.read_text("utf-8") for file in files}


def _read(folder: Path) -> dict[str, str]:
    if not folder.is_dir():
        raise InputError(f"expected a folder of prompt files (*.md); got {str(folder)!r}, which is none.")
    return {file.stem: file.read_text("utf-8") for file in folder.glob("*.md")}
