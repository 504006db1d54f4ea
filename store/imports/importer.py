"""`import_`: files of other tools into a bank, which is made where there is none."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np

from smacs.errors import EmbedderMismatchError, FolderTakenError, InputError, SmacsError
from smacs.pool.config import EmbedderSpec
from smacs.pool.pool import Pool
from smacs.store.bank import QuestionBank
from smacs.store.graders import gradable
from smacs.store.imports.format import Format, ImportOptions
from smacs.store.imports.formats import sources
from smacs.store.imports.names import LLMNames
from smacs.store.imports.reader import FileReader
from smacs.store.imports.report import ImportReport
from smacs.store.imports.scores import read_metric
from smacs.store.io.foreign import RECORD
from smacs.store.manifest import DEFAULT_EMBEDDER
from smacs.store.manifest import FILE as MANIFEST
from smacs.store.merge import Found, MergeReport, merge
from smacs.store.text import normalised

_LISTED = 20  # files that a message lists
OnProgress = Callable[[MergeReport], None]


def import_(
    paths: Sequence[str | Path],
    bank: str | Path,
    *,
    format: str | None = None,
    llm: str | None = None,
    rename: Mapping[str, str] | None = None,
    pool: Pool | None = None,
    dataset: str | None = None,
    metric: str | None = None,
    scale: str | None = None,
    text: str | None = None,
    skip_invalid: bool = False,
    max_mb: int = RECORD,
    replace: bool = False,
    on_progress: OnProgress | None = None,
) -> ImportReport:
    """Import files, or folders of them, into the bank in folder `bank`; a second time changes nothing.

    Samples without a score are left out and counted. If a file has records that cannot be used, none of it is imported,
    the other files are, and the report has an `error` for it; with `skip_invalid` only those records are left out. A
    new bank gets the embedder of the vectors in the files, else the pool's, else all-MiniLM-L6-v2. LLMs get the names
    that `rename` (theirs -> ours) has for them, else the pool's. `scale` is that of the scores, `100` or `1-10`. For
    the rest see `ImportOptions` and `merge`. Raises InputError where no file can be used, BankError, BankLockedError.
    After an error a bank that was there keeps what was read before; a new bank is made by a whole import or not at all.
    """
    metric, range_ = read_metric(metric, scale)
    passed_over: list[Path] = []
    found = sources(paths, format, other=passed_over.append)
    folder = Path(bank).expanduser().absolute()
    options = ImportOptions(llm=llm, dataset=dataset, metric=metric, scale=range_, text=text, max_mb=max_mb)
    there = _existing(folder)
    _check_options([form for form, _ in found], llm=llm, metric=metric, text=text, scale=scale)
    work = _Import(folder, found, options, rename or {}, pool, skip_invalid, replace, passed_over, on_progress)
    if there:
        return work.into(there)
    try:
        return work.into_new()
    except FolderTakenError:  # another import has made the bank while this one was at work: then into that bank
        if not (folder / MANIFEST).exists():
            raise
        return work.into(QuestionBank.open(folder))


def _existing(folder: Path) -> QuestionBank | None:
    """The bank in a folder, where there is something in it. Raises BankError."""
    return QuestionBank.open(folder) if folder.is_dir() and any(folder.iterdir()) else None


def _check_options(forms: Sequence[Format], **options: str | None) -> None:
    """Raise InputError for an option that the formats of none of the files take."""
    for name, value in options.items():
        if value is not None and not any(name in form.uses for form in forms):
            kinds = ", ".join(sorted({form.name for form in forms}))
            raise InputError(f"--{name} {value}: files of format {kinds} say this themselves. Leave it out.")


@dataclass(frozen=True, slots=True)
class _Import:
    """The import of the files `found` into the bank in `folder`."""

    folder: Path
    found: Sequence[tuple[Format, Path]]
    options: ImportOptions
    rename: Mapping[str, str]
    pool: Pool | None
    skip_invalid: bool
    replace: bool
    passed_over: Sequence[Path]
    on_progress: OnProgress | None

    def into(self, bank: QuestionBank) -> ImportReport:
        """Into a bank that is there."""
        names = self._names()
        files = self._readers(names, _ids(bank))
        return self._merged(bank, files, _usable(files, self.skip_invalid), names)

    def into_new(self) -> ImportReport:
        """Into a bank that comes into being with it. Raises FolderTakenError."""
        names = self._names()
        files = self._readers(names, set())
        usable = _usable(files, self.skip_invalid)
        own = next((file.embedder for file in usable if file.embedder), None)
        embedder = own or (self.pool.file.embedder if self.pool else None) or DEFAULT_EMBEDDER
        with QuestionBank.draft(self.folder, embedder, []) as draft:
            return self._merged(draft, files, usable, names)

    def _names(self) -> LLMNames:
        return LLMNames(self.rename, self.pool.file if self.pool else None)

    def _readers(self, names: LLMNames, ids: set[str]) -> list[FileReader]:
        options = replace(self.options, in_bank=ids.__contains__)
        return [FileReader(form, path, options, names) for form, path in self.found]

    def _merged(
        self, bank: QuestionBank, files: Sequence[FileReader], usable: Sequence[FileReader], names: LLMNames
    ) -> ImportReport:
        """`bank` is the one in the folder, or becomes it."""
        report = ImportReport(
            bank=str(self.folder), created=bank.path != self.folder, passed_over=list(map(str, self.passed_over))
        )
        report.files = {str(file.path): file.format.name for file in files}
        contents = _Contents(bank, usable, self.skip_invalid, report.notes)
        done = merge(bank, contents.found(), replace=self.replace, on_progress=self.on_progress)
        _check_any(files)
        counts = {name: getattr(done, name) for name in done.__struct_fields__}
        report = msgspec.structs.replace(report, **counts, by_file=[file.report for file in files])
        report.questions_known = len(contents.questions) - report.questions_new
        report.mapped, report.unmapped = names.mapped, names.unmapped
        report.notes += [f"--rename {name}=...: no LLM in the files has this name" for name in names.unused]
        _describe(report, bank)
        return report


def _ids(bank: QuestionBank) -> set[str]:
    """The ids that stand for their questions; one that is also a question's text stands for that."""
    texts = {normalised(question.text) for question in bank.questions}
    return {question.id for question in bank.questions if normalised(question.id) not in texts}


def _usable(files: Sequence[FileReader], skip_invalid: bool) -> list[FileReader]:
    """The files that can be imported: all of them are read before any is, so that none is imported in part.

    With `skip_invalid` files are read as far as they can be, and not twice. Raises InputError where nothing is left.
    """
    if skip_invalid:
        for file in files:
            file.find_embedder()
        return list(files)
    for file in files:
        file.rehearse()
    _check_any(files)
    return [file for file in files if not file.report.error]


def _check_any(files: Sequence[FileReader]) -> None:
    """Raise InputError where no file gave anything, with what is wrong with each."""
    failed = [file.report for file in files if file.report.error and not file.report.partly]
    if len(failed) < len(files):
        return
    if len(failed) == 1:
        raise InputError(failed[0].error)
    rest = f"\n... and {len(failed) - _LISTED:,} more" if len(failed) > _LISTED else ""
    listed = "\n".join(report.error for report in failed[:_LISTED])
    raise InputError(f"None of the {len(failed)} files can be imported.\n{listed}{rest}")


class _Contents:
    """What is in all files, for `bank`; `questions` are counted once each, remarks go to `notes`."""

    def __init__(self, bank: QuestionBank, files: Sequence[FileReader], skip: bool, notes: list[str]) -> None:
        self.bank, self.files, self.skip, self.notes = bank, files, skip, notes
        self.questions: set[tuple[str, int]] = set()

    def found(self) -> Iterator[Found]:
        """What is in the files, in order."""
        for file in self.files:
            file.with_vectors = file.embedder is not None and self._has_vectors_of(file.path, file.embedder)
            try:
                for item in file.found():
                    self.questions.add((item.question.id, hash(item.question.text)))
                    yield item
            except SmacsError as error:
                if not self.skip:
                    raise
                file.report.error = str(error)
                file.report.partly = file.report.questions > 0
            self.notes += [*file.notes, *file.report.remarks()]

    def _has_vectors_of(self, path: Path, embedder: EmbedderSpec) -> bool:
        """Whether the vectors in a file are those that the bank's embedder would give."""
        own = self.bank.manifest.embedder
        try:
            own.check(embedder)
        except EmbedderMismatchError:
            self.notes.append(f"{path.name}: its vectors are of {embedder.model}, the bank's of {own.model}: left out")
            return False
        return True


def _describe(report: ImportReport, bank: QuestionBank) -> None:
    """Set what the report says of the whole bank."""
    report.questions = len(bank.questions)
    report.ungradable = sum(not gradable(question) for question in bank.questions)
    report.bank_llms = len(bank.llms)
    cells = bank.correctness(bank.llms)
    report.filled = float(np.mean(~np.isnan(cells))) if cells.size else 0.0
