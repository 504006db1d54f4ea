"""Everything about the sources that needs no embedding: read, convert, check, find duplicates and exact leaks."""

from collections.abc import Sequence
from typing import NamedTuple

from smacs.errors import GradingError, InputError
from smacs.store.create.columns import find_columns
from smacs.store.create.convert import Draft, to_questions
from smacs.store.create.distinct import distinct, unique_ids
from smacs.store.create.leakage import OnProgress, without_exact
from smacs.store.create.read import read
from smacs.store.create.report import CreateReport, Problem, SourceReport
from smacs.store.create.source import Rows, Source
from smacs.store.graders import check_label
from smacs.store.identity import normalised

_EVERY = 100  # labels checked between two words about the progress


class Gathered(NamedTuple):
    """The questions that may be taken, and the excluded ones."""

    drafts: list[Draft]
    excluded: list[Draft]


def gather(
    sources: Sequence[Source], exclude: Sequence[Source], report: CreateReport, on_progress: OnProgress
) -> Gathered:
    """Read it all; what is found goes into `report`. Blocks. Raises InputError."""
    _check_names([*sources, *exclude])
    every = [draft for source in exclude for draft in _texts(source, report)]
    excluded = list({normalised(draft.question.text): draft for draft in reversed(every)}.values())[::-1]
    found = [draft for source in sources for draft in _questions(source, report)]
    drafts = _gradable(found, report.problems, on_progress)
    drafts, report.duplicates, report.conflicts = distinct(drafts)
    drafts, problems = unique_ids(drafts)
    report.problems += problems
    drafts, report.leaks = without_exact(drafts, excluded)
    return Gathered(drafts, excluded)


def _check_names(sources: Sequence[Source]) -> None:
    names = [source.name for source in sources]
    twice = next((source for source in sources if names.count(source.name) > 1), None)
    if twice is not None:
        raise InputError(f"Two sources are called {twice.name!r}. Give {twice.where} a name: NAME={twice.where}.")


def _questions(source: Source, report: CreateReport) -> list[Draft]:
    rows = read(source)
    columns = find_columns(source, _names(rows))
    drafts, problems, grader = to_questions(rows, columns)
    report.problems += problems
    line = SourceReport(source.where, source.name, columns.describe(), grader, len(rows.rows))
    report.sources.append(line)
    return drafts


def _texts(source: Source, report: CreateReport) -> list[Draft]:
    """The excluded questions of a source; one that cannot be read could be let through, so it is an error."""
    rows = read(source)
    columns = find_columns(source, _names(rows), label=False)
    drafts, problems, _ = to_questions(rows, columns, label=False)
    if problems:
        raise InputError(f"An excluded question cannot be read: {problems[0]}.")
    text = f"text={columns.fields['text']!r}".replace("\\\\n", "\\n")
    report.excluded.append(SourceReport(source.where, source.name, text, "", len(rows.rows), len(drafts)))
    return drafts


def _names(rows: Rows) -> list[str]:
    return list(dict.fromkeys(name for row in rows.rows for name in row.values))


def _gradable(drafts: Sequence[Draft], problems: list[Problem], on_progress: OnProgress) -> list[Draft]:
    """The questions whose grader can use their label; the others are added to `problems`."""
    good = []
    for number, draft in enumerate(drafts, 1):
        try:
            check_label(draft.question)
            good.append(draft)
        except GradingError as error:
            problems.append(Problem(draft.place, str(error)))
        if number % _EVERY == 0 or number == len(drafts):
            on_progress("checking labels", number, len(drafts))
    return good
