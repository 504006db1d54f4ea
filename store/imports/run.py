"""`import_`: files of other tools into a bank, which is made where there is none."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as replaced
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from smacs.pool.config import EmbedderSpec
from smacs.pool.errors import EmbedderMismatchError, FolderTakenError, InputError
from smacs.pool.pool import Pool
from smacs.store.bank import QuestionBank
from smacs.store.graders import gradable
from smacs.store.imports.format import Format, Options
from smacs.store.imports.names import Names
from smacs.store.imports.registry import sources
from smacs.store.imports.report import ImportReport
from smacs.store.manifest import DEFAULT_EMBEDDER
from smacs.store.manifest import FILE as MANIFEST
from smacs.store.merge import Found, MergeReport, merge
from smacs.store.text import normalised

Files = Sequence[tuple[Format, Path, EmbedderSpec | None]]  # and what its vectors come from


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
    text: str | None = None,
    replace: bool = False,
    on_progress: Callable[[MergeReport], None] | None = None,
) -> ImportReport:
    """Import files, or folders of them, into the bank in folder `bank`; a second time changes nothing.

    A new bank gets the embedder of the vectors in the files, else the pool's, else all-MiniLM-L6-v2. LLMs get the names
    that `rename` (theirs -> ours) has for them, else the pool's. For the rest see `Options` and `merge`. What was read
    before an error stays in a bank that was there; a new one comes into being with the whole import. Raises InputError,
    BankError, BankLockedError.
    """
    files = [(format_, path, format_.embedder(path)) for format_, path in sources(paths, format)]
    _check(files, llm=llm, metric=metric, text=text)
    options = Options(llm=llm, dataset=dataset, metric=metric, text=text)
    names = partial(Names, rename or {}, pool.file if pool else None)
    work = _Import(files, options, names, replace, on_progress)
    folder = Path(bank).expanduser().absolute()
    while True:
        if folder.is_dir() and any(folder.iterdir()):
            return work.into(QuestionBank.open(folder), folder)
        try:
            with QuestionBank.draft(folder, _embedder(files, pool), []) as draft:
                return work.into(draft, folder)
        except FolderTakenError:  # by another import, while this one was at work: then into that bank
            if not (folder / MANIFEST).exists():
                raise


@dataclass(frozen=True, slots=True)
class _Import:
    """What is to be imported, and how."""

    files: Files
    options: Options
    names: Callable[[], Names]
    replace: bool
    on_progress: Callable[[MergeReport], None] | None

    def into(self, bank: QuestionBank, folder: Path) -> ImportReport:
        """Import into `bank`, which is the one in `folder` or becomes it."""
        report = ImportReport(bank=str(folder), created=bank.path != folder)
        report.files = {str(path): format_.name for format_, path, _ in self.files}
        options = replaced(self.options, has=_ids(bank).__contains__, note=report.notes.append)
        names = self.names()
        reader = _Reader(bank, self.files, options, names, report)
        done = merge(bank, reader.found(), replace=self.replace, on_progress=self.on_progress)
        return _summed(report, done, reader, bank)


def _ids(bank: QuestionBank) -> set[str]:
    """The ids that stand for their questions; one that is also a question's text stands for that."""
    texts = {normalised(question.text) for question in bank.questions}
    return {question.id for question in bank.questions if normalised(question.id) not in texts}


def _check(files: Files, **given: str | None) -> None:
    """Raise InputError for an option that no file takes."""
    for name, value in given.items():
        if value is not None and not any(name in format_.uses for format_, _, _ in files):
            kinds = ", ".join(sorted({format_.name for format_, _, _ in files}))
            raise InputError(f"--{name} {value}: files of format {kinds} say this themselves. Leave it out.")


class _Reader:
    """Reads all files under the names that LLMs have here, and counts questions once each."""

    def __init__(self, bank: QuestionBank, files: Files, options: Options, names: Names, report: ImportReport) -> None:
        self.bank, self.files, self.options, self.names, self.report = bank, files, options, names, report
        self.questions: set[tuple[str, int]] = set()

    def found(self) -> Iterator[Found]:
        """What is in the files, in order."""
        for format_, path, spec in self.files:
            usable = spec is not None and self._usable(path, spec)
            for item in format_.read(path, self.options):
                self.questions.add((item.question.id, hash(item.question.text)))
                cells = {ours: item.evaluations[theirs] for ours, theirs in self.names.all(item.evaluations).items()}
                yield replaced(item, evaluations=cells, vector=item.vector if usable else None)

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


def _embedder(files: Files, pool: Pool | None) -> EmbedderSpec:
    """The embedder of a new bank."""
    own = next((spec for _, _, spec in files if spec), None)
    return own or (pool.file.embedder if pool else None) or DEFAULT_EMBEDDER


def _summed(report: ImportReport, done: MergeReport, reader: _Reader, bank: QuestionBank) -> ImportReport:
    counts = {name: getattr(done, name) for name in done.__struct_fields__}
    report = msgspec.structs.replace(report, **counts)
    report.questions_known = len(reader.questions) - report.questions_new
    names = reader.names
    report.mapped, report.unmapped = names.mapped, names.unmapped
    report.notes += [f"--rename {name}=...: no LLM in the files has this name" for name in names.unused]
    report.questions = len(bank.questions)
    report.ungradable = sum(not gradable(question) for question in bank.questions)
    report.bank_llms = len(bank.llms)
    cells = bank.correctness(bank.llms)
    report.filled = float(np.mean(~np.isnan(cells))) if cells.size else 0.0
    return report
