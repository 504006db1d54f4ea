"""The question bank: questions with labels, and which LLM answered which of them correctly (eq. 1).

A folder of plain files; opening it reads the manifest and nothing else.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from errno import EEXIST, ENOTDIR, ENOTEMPTY
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from smacs.errors import BankError, FolderTakenError, InputError
from smacs.pool.config import EmbedderSpec
from smacs.store.folder import BankFolder
from smacs.store.io.draft import draft_folder
from smacs.store.io.files import Stamp, stamp
from smacs.store.io.jsonl import encode_lines, read_jsonl
from smacs.store.io.lock import write_lock
from smacs.store.manifest import Manifest, new_manifest, read_manifest, write_manifest
from smacs.store.records import Evaluation, Question
from smacs.store.starter import starter_folder
from smacs.store.view import BankView, held_view, load_view

if TYPE_CHECKING:
    from smacs.pool.embed import Embedder

_GITIGNORE = "chroma/\nchroma.*/\narrays/\n.*\n!.gitignore\n*.lock\n*.lock.holder\n"  # all of it is derived


class QuestionBank(BankFolder):
    """A bank on disk. Its files are read when first asked for; `open` and `create` are the ways in."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        super().__init__(path, manifest)
        self._questions: tuple[Stamp | None, list[Question]] = (None, [])

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open the bank in folder `path`. Raises BankError."""
        folder = Path(path).expanduser().absolute()
        return cls(folder, read_manifest(folder))

    @classmethod
    def create(cls, path: str | Path, embedder: EmbedderSpec, questions: Iterable[Question]) -> Self:
        """Make a bank in a new or empty folder, completely or not at all. Raises FolderTakenError, BankError."""
        folder = check_new(path)
        manifest, items = new_manifest(embedder), _unique(questions, folder)
        try:
            with _renamed_to(folder) as draft:
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
        """A draft of a bank, to be written to; it moves to the new or empty folder `path` at the end.

        Raises FolderTakenError where somebody else has made a bank there meanwhile, BankError.
        """
        folder = check_new(path)
        manifest, items = new_manifest(embedder), _unique(questions, folder)
        try:
            with _renamed_to(folder) as draft:
                _write(draft, manifest, items)
                yield cls(draft, manifest)
        except OSError as error:
            raise BankError(
                f"{folder} cannot be written: {error.strerror or error}. Nothing was left there."
            ) from error

    @classmethod
    def starter(cls) -> Self:
        """The bank that ships with SMACS (see `smacs.store.starter`). Raises BankError."""
        return cls.open(starter_folder())

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
    ) -> BankView:
        """The bank as arrays in memory, loaded once for each process; its index is built where it is missing.

        Without an `embedder` every question must have its vector already. `rebuild` embeds every question again.
        `on_progress` gets (questions with a vector, questions in all). Raises EmbedderMismatchError when `embedder` is
        not the bank's, BankLockedError, BankError, EmbeddingError.
        """
        return await load_view(self, embedder, on_progress=on_progress, rebuild=rebuild)

    def held(self) -> BankView | None:
        """The bank as this process loaded it last, whatever has changed on the disk since; None if it never did."""
        return held_view(self)

    def evaluations(self, llm: str) -> list[Evaluation]:
        """The valid evaluations of one LLM in questions order: the last one of each question of this bank."""
        latest = {item.question: item for item in read_jsonl(self.evaluation_file(llm), Evaluation)}
        return [latest[question.id] for question in self.questions if question.id in latest]

    def correctness(self, llms: Sequence[str]) -> NDArray[np.float32]:
        """V of eq. 1, shape (N, R), values in [0, 1]; NaN where an LLM was never asked. Raises BankError."""
        ids = [question.id for question in self.questions]
        columns = [self.column(llm, ids) for llm in llms]
        return np.stack(columns, axis=1) if columns else np.empty((len(ids), 0), np.float32)


def check_new(path: str | Path) -> Path:
    """The absolute path of a folder that is not there or empty. Raises FolderTakenError."""
    folder = Path(path).expanduser().absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FolderTakenError(f"{folder} is not empty: a new bank needs a folder of its own.")
    return folder


def check_llms(bank: QuestionBank, names: Iterable[str]) -> None:
    """Raise InputError for an LLM that the bank has no evaluations of."""
    known = bank.llms
    for name in names:
        if name not in known:
            raise InputError(f"{bank.path} has no evaluations of {name!r}; it has {', '.join(known) or 'none at all'}.")


def remove_llm(bank: QuestionBank, llm: str) -> Path:
    """Move an LLM's evaluations to `removed/<name>-<time>.jsonl` in the bank; moved back, they count again.

    Raises InputError for an LLM that the bank does not have, BankLockedError, BankError.
    """
    with write_lock(bank.path):
        check_llms(bank, [llm])
        source = bank.evaluation_file(llm)
        now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        target = bank.path / "removed" / f"{source.stem}-{now}.jsonl"
        try:
            target.parent.mkdir(exist_ok=True)
            return source.rename(target)
        except OSError as error:
            raise BankError(f"{source} cannot be moved to {target}: {error.strerror or error}.") from error


def _write(folder: Path, manifest: Manifest, questions: list[Question]) -> None:
    folder.mkdir()
    (folder / "questions.jsonl").write_bytes(encode_lines(questions))
    (folder / ".gitignore").write_text(_GITIGNORE)
    write_manifest(folder, manifest)


@contextmanager
def _renamed_to(folder: Path) -> Iterator[Path]:
    """A path beside `folder` that is renamed to it at the end, unless somebody was faster: FolderTakenError."""
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
