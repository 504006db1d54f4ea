"""The question bank: questions with labels, and which LLM answered which of them correctly (eq. 1).

A folder of plain files (see `manifest`, `records`, `jsonl`); opening it reads the manifest and nothing else.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from errno import EEXIST, ENOTDIR, ENOTEMPTY
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import quote, unquote

import numpy as np
from numpy.typing import NDArray

from smacs.errors import BankError, FolderTakenError
from smacs.pool.config import EmbedderSpec
from smacs.store.io.draft import draft_folder
from smacs.store.io.files import Stamp, stamp
from smacs.store.io.jsonl import encode_lines, read_jsonl
from smacs.store.manifest import FILE as MANIFEST
from smacs.store.manifest import Manifest, new_manifest, read_manifest, write_manifest
from smacs.store.records import Cell, Evaluation, Question

if TYPE_CHECKING:
    from smacs.pool.embed import Embedder
    from smacs.store.view import BankView

NOT_TRUTH = "chroma/\nchroma.*/\narrays/\n.*\n!.gitignore\n*.lock\n*.lock.holder\n"  # what version control leaves out


class QuestionBank:
    """A bank on disk. Its files are read when first asked for; `open` and `create` are the ways in."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self._manifest_stamp = stamp(path / MANIFEST)
        self._questions: tuple[Stamp | None, list[Question]] = (None, [])

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open the bank in folder `path`. Raises BankError."""
        folder = Path(path).expanduser().absolute()
        return cls(folder, read_manifest(folder))

    @classmethod
    def create(cls, path: str | Path, embedder: EmbedderSpec, questions: Iterable[Question]) -> Self:
        """Make a bank in a new or empty folder: all of it, or nothing. Raises FolderTakenError, BankError."""
        folder = check_new(path)
        manifest, items = new_manifest(embedder), _unique(questions, folder)
        try:
            with _becoming(folder) as draft:
                _write(draft, manifest, items)
        except OSError as error:
            reason = error.strerror or error
            raise BankError(
                f"{folder} cannot be made ({reason}). Nothing was left there: make room, or choose another folder."
            ) from error
        return cls(folder, manifest)

    @classmethod
    @contextmanager
    def draft(cls, path: str | Path, embedder: EmbedderSpec, questions: Iterable[Question]) -> Iterator[Self]:
        """A bank to write to, elsewhere, which becomes the one in the new or empty folder `path` at the end.

        Raises FolderTakenError where somebody else has made a bank there meanwhile, BankError.
        """
        folder = check_new(path)
        manifest, items = new_manifest(embedder), _unique(questions, folder)
        try:
            with _becoming(folder) as draft:
                _write(draft, manifest, items)
                yield cls(draft, manifest)
        except OSError as error:
            raise BankError(
                f"{folder} cannot be written: {error.strerror or error}. Nothing was left there."
            ) from error

    @classmethod
    def starter(cls) -> "QuestionBank":
        """The bank that ships with SMACS (see `smacs.store.starter`)."""
        from smacs.store.starter import starter_bank

        return starter_bank()

    def refresh(self) -> None:
        """Read the manifest again if another process has changed it (another embedder, another place of the index)."""
        now = stamp(self.path / MANIFEST)
        if now != self._manifest_stamp:
            self.manifest, self._manifest_stamp = read_manifest(self.path), now

    @property
    def embedder(self) -> EmbedderSpec:
        """The embedder this bank is made for."""
        return self.manifest.embedder.spec()

    @property
    def questions_file(self) -> Path:
        """Where the questions are."""
        return self.path / "questions.jsonl"

    @property
    def questions(self) -> list[Question]:
        """All questions, in file order, read anew when the file has changed.

        Raises BankError for a broken line or an id that comes twice.
        """
        now = stamp(self.questions_file)
        if self._questions[0] != now:
            if not self.questions_file.exists():
                raise BankError(f"{self.path} has no questions.jsonl: the bank is incomplete. Restore the file.")
            self._questions = (
                now,
                _unique(
                    read_jsonl(self.questions_file, Question),
                    self.questions_file,
                    " `smacs bank verify` names the lines.",
                ),
            )
        return self._questions[1]

    async def load(
        self,
        embedder: "Embedder | None",
        *,
        rebuild: bool = False,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> "BankView":
        """The bank as arrays in memory, loaded once for each process; its index is built where it is missing.

        Without an `embedder` every question must have its vector already. `rebuild` embeds every question again.
        `on_progress` gets (questions with a vector, questions in all). Raises EmbedderMismatchError when `embedder` is
        not the bank's, BankLockedError, BankError, EmbeddingError.
        """
        from smacs.store.view import load_view

        return await load_view(self, embedder, on_progress=on_progress, rebuild=rebuild)

    def held(self) -> "BankView | None":
        """The bank as it was loaded last in this process, whatever has changed on disk since; None: never."""
        from smacs.store.view import held_view

        return held_view(self)

    @property
    def llms(self) -> list[str]:
        """Names of the LLMs that have an evaluation file, sorted."""
        return sorted(unquote(file.stem) for file in (self.path / "evaluations").glob("*.jsonl"))

    def evaluation_file(self, llm: str) -> Path:
        """Where the evaluations of one LLM are; its name is percent-encoded."""
        return self.path / "evaluations" / f"{quote(llm, safe='')}.jsonl"

    def evaluations(self, llm: str) -> list[Evaluation]:
        """The valid evaluations of one LLM in questions order: the last one of each question of this bank."""
        latest = {item.question: item for item in read_jsonl(self.evaluation_file(llm), Evaluation)}
        return [latest[question.id] for question in self.questions if question.id in latest]

    def correctness(self, llms: Sequence[str]) -> NDArray[np.float32]:
        """V of eq. 1, shape (N, R), values in [0, 1]; NaN where an LLM was never asked. Raises BankError."""
        ids = [question.id for question in self.questions]
        columns = [read_column(self.evaluation_file(llm), ids) for llm in llms]
        return np.stack(columns, axis=1) if columns else np.empty((len(ids), 0), np.float32)


def check_new(path: str | Path) -> Path:
    """The absolute path of a folder that is not there or empty. Raises FolderTakenError."""
    folder = Path(path).expanduser().absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FolderTakenError(f"{folder} is not empty: a new bank needs a folder of its own.")
    return folder


def read_column(file: Path, ids: Sequence[str]) -> NDArray[np.float32]:
    """One LLM's column of V, shape (N,), in the order of `ids`."""
    latest = {cell.question: cell.correct for cell in read_jsonl(file, Cell)}
    column = np.array([latest.get(identity, np.nan) for identity in ids], np.float32)
    if np.any((column < 0) | (column > 1)):
        raise BankError(
            f"{file}: expected every `correct` within 0 and 1; the smallest is {np.nanmin(column)}, the largest "
            f"{np.nanmax(column)}."
        )
    return column


def _write(folder: Path, manifest: Manifest, questions: list[Question]) -> None:
    folder.mkdir()
    (folder / "questions.jsonl").write_bytes(encode_lines(questions))
    (folder / ".gitignore").write_text(NOT_TRUTH)
    write_manifest(folder, manifest)


@contextmanager
def _becoming(folder: Path) -> Iterator[Path]:
    """A path beside `folder` that becomes it at the end. Where somebody was faster theirs stays: FolderTakenError."""
    with draft_folder(folder.parent, f".{folder.name}-") as made:
        draft = made / "bank"
        yield draft
        try:
            draft.replace(folder)
        except OSError as error:
            if error.errno not in (EEXIST, ENOTEMPTY, ENOTDIR):
                raise
            raise FolderTakenError(
                f"{folder} was made by somebody else meanwhile, and is left as it is. Choose another folder, or import "
                "into that bank."
            ) from None


def _unique(questions: Iterable[Question], source: Path, remedy: str = "") -> list[Question]:
    items = list(questions)
    seen: set[str] = set()
    for item in items:
        if not item.id or item.id in seen:
            problem = f"question id {item.id!r} comes twice" if item.id else "a question has an empty id"
            raise BankError(f"{source}: {problem}. Ids must be unique and not empty.{remedy}")
        seen.add(item.id)
    return items
