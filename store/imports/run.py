"""`import_`: files of other tools into a bank, which is made where there is none."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from smacs.errors import EmbedderMismatchError, FolderTakenError, InputError, SmacsError
from smacs.pool.config import EmbedderSpec
from smacs.pool.pool import Pool
from smacs.store.bank import QuestionBank
from smacs.store.graders import gradable
from smacs.store.identity import normalised
from smacs.store.imports.format import Options
from smacs.store.imports.names import Names
from smacs.store.imports.reading import Reading, remarks
from smacs.store.imports.registry import sources
from smacs.store.imports.report import ImportReport
from smacs.store.imports.told import read_metric
from smacs.store.io.packed import RECORD
from smacs.store.manifest import DEFAULT_EMBEDDER
from smacs.store.manifest import FILE as MANIFEST
from smacs.store.merge import Found, MergeReport, merge

_LISTED = 20  # files that a message lists


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
    on_progress: Callable[[MergeReport], None] | None = None,
) -> ImportReport:
    """Import files, or folders of them, into the bank in folder `bank`; a second time changes nothing.

    Samples without a score are left out and counted. A file with records that cannot be used is left out as a whole,
    the others are imported all the same, and the report has an `error` for it; with `skip_invalid` only those records
    are left out. A new bank gets the embedder of the vectors in the files, else the pool's, else all-MiniLM-L6-v2. LLMs
    get the names that `rename` (theirs -> ours) has for them, else the pool's. `scale` is that of the scores, `100` or
    `1-10`. For the rest see `Options` and `merge`. Raises InputError where no file can be used, BankError,
    BankLockedError; what was read before an error stays in a bank that was there, a new one comes into being with the
    whole import.
    """
    metric, range_ = read_metric(metric, scale)
    passed_over: list[Path] = []
    found = sources(paths, format, other=passed_over.append)
    folder = Path(bank).expanduser().absolute()
    while True:
        there = _existing(folder)
        names = Names(rename or {}, pool.file if pool else None)
        options = Options(
            llm=llm,
            dataset=dataset,
            metric=metric,
            scale=range_,
            text=text,
            max_mb=max_mb,
            has=_ids(there).__contains__,
        )
        files = [Reading(form, path, options, names) for form, path in found]
        _check(files, llm=llm, metric=metric, text=text, scale=scale)
        work = _Import(folder, files, _rehearsed(files, skip_invalid), names, skip_invalid, passed_over)
        if there:
            return work.into(there, replace, on_progress)
        try:
            with QuestionBank.draft(folder, _embedder(work.usable, pool), []) as draft:
                return work.into(draft, replace, on_progress)
        except FolderTakenError:  # by another import, while this one was at work: then into that bank
            if not (folder / MANIFEST).exists():
                raise


@dataclass(frozen=True, slots=True)
class _Import:
    """What is imported into the bank in `folder`: `files`, of which those `refused` cannot be."""

    folder: Path
    files: Sequence[Reading]
    refused: Sequence[Reading]
    names: Names
    skip_invalid: bool
    passed_over: Sequence[Path]

    @property
    def usable(self) -> list[Reading]:
        """The others."""
        return [file for file in self.files if file not in self.refused]

    def into(
        self, bank: QuestionBank, replace: bool, on_progress: Callable[[MergeReport], None] | None
    ) -> ImportReport:
        """Import into `bank`, which is the one in the folder or becomes it."""
        report = ImportReport(
            bank=str(self.folder), created=bank.path != self.folder, passed_over=list(map(str, self.passed_over))
        )
        report.files = {str(file.path): file.format.name for file in self.files}
        reader = _Reader(bank, self.usable, self.skip_invalid, report)
        done = merge(bank, reader.found(), replace=replace, on_progress=on_progress)
        _check_any(self.files)
        report.by_file = [file.report for file in self.files]
        return _summed(report, done, reader, self.names)


def _existing(folder: Path) -> QuestionBank | None:
    """The bank in a folder, where there is something in it. Raises BankError."""
    return QuestionBank.open(folder) if folder.is_dir() and any(folder.iterdir()) else None


def _ids(bank: QuestionBank | None) -> set[str]:
    """The ids that stand for their questions; one that is also a question's text stands for that."""
    if bank is None:
        return set()
    texts = {normalised(question.text) for question in bank.questions}
    return {question.id for question in bank.questions if normalised(question.id) not in texts}


def _check(files: Sequence[Reading], **given: str | None) -> None:
    """Raise InputError for an option that no file takes."""
    for name, value in given.items():
        if value is not None and not any(name in file.format.uses for file in files):
            kinds = ", ".join(sorted({file.format.name for file in files}))
            raise InputError(f"--{name} {value}: files of format {kinds} say this themselves. Leave it out.")


def _rehearsed(files: Sequence[Reading], skip_invalid: bool) -> list[Reading]:
    """The files that cannot be imported, after reading all of them: so none is imported in part without being asked.

    With `skip_invalid` files are read as far as they can be, and not twice. Raises InputError where nothing is left.
    """
    if skip_invalid:
        for file in files:
            file.find_embedder()
        return []
    for file in files:
        file.rehearse()
    _check_any(files)
    return [file for file in files if file.report.error]


def _check_any(files: Sequence[Reading]) -> None:
    """Raise InputError where no file gave anything, with what is wrong with each."""
    failed = [file.report for file in files if file.report.error and not file.report.partly]
    if len(failed) < len(files):
        return
    if len(failed) == 1:
        raise InputError(failed[0].error)
    rest = f"\n... and {len(failed) - _LISTED:,} more" if len(failed) > _LISTED else ""
    listed = "\n".join(report.error for report in failed[:_LISTED])
    raise InputError(f"None of the {len(failed)} files can be imported.\n{listed}{rest}")


class _Reader:
    """Reads all files, and counts questions once each."""

    def __init__(self, bank: QuestionBank, files: Sequence[Reading], skip: bool, report: ImportReport) -> None:
        self.bank, self.files, self.skip, self.report = bank, files, skip, report
        self.questions: set[tuple[str, int]] = set()

    def found(self) -> Iterator[Found]:
        """What is in the files, in order."""
        for file in self.files:
            file.vectors = file.spec is not None and self._usable(file.path, file.spec)
            try:
                for item in file.found():
                    self.questions.add((item.question.id, hash(item.question.text)))
                    yield item
            except SmacsError as error:
                if not self.skip:
                    raise
                file.report.error = str(error)
                file.report.partly = file.report.questions > 0
            self.report.notes += [*file.notes, *remarks(file.report)]

    def _usable(self, path: Path, spec: EmbedderSpec) -> bool:
        """Whether the vectors in a file are those that the bank's embedder would give."""
        try:
            self.bank.manifest.embedder.check(spec)
        except EmbedderMismatchError:
            made_for = self.bank.manifest.embedder
            self.report.notes.append(
                f"{path.name}: its vectors are of {spec.model}, the bank's of {made_for.model}: left out"
            )
            return False
        return True


def _embedder(files: Sequence[Reading], pool: Pool | None) -> EmbedderSpec:
    """The embedder of a new bank."""
    own = next((file.spec for file in files if file.spec), None)
    return own or (pool.file.embedder if pool else None) or DEFAULT_EMBEDDER


def _summed(report: ImportReport, done: MergeReport, reader: _Reader, names: Names) -> ImportReport:
    counts = {name: getattr(done, name) for name in done.__struct_fields__}
    report = msgspec.structs.replace(report, **counts)
    report.questions_known = len(reader.questions) - report.questions_new
    report.mapped, report.unmapped = names.mapped, names.unmapped
    report.notes += [f"--rename {name}=...: no LLM in the files has this name" for name in names.unused]
    bank = reader.bank
    report.questions = len(bank.questions)
    report.ungradable = sum(not gradable(question) for question in bank.questions)
    report.bank_llms = len(bank.llms)
    cells = bank.correctness(bank.llms)
    report.filled = float(np.mean(~np.isnan(cells))) if cells.size else 0.0
    return report
