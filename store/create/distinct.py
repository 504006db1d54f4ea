"""Questions that come more than once: the same normalised text, with the same label or with another one."""

from collections.abc import Sequence

from smacs.errors import GradingError
from smacs.store.create.convert import Draft
from smacs.store.create.report import Conflict, Duplicate, Problem
from smacs.store.graders import grade
from smacs.store.identity import normalised
from smacs.store.records import Question

SHOWN = 200  # characters of a text that a report quotes


def distinct(drafts: Sequence[Draft]) -> tuple[list[Draft], list[Duplicate], list[Conflict]]:
    """The first question of each text, in order; all of a text with several labels are left out."""
    groups: dict[str, list[Draft]] = {}
    for draft in drafts:
        groups.setdefault(normalised(draft.question.text), []).append(draft)
    kept, duplicates, conflicts = [], [], []
    for group in groups.values():
        first, text = group[0], group[0].question.text[:SHOWN]
        if not all(same_label(first.question, other.question) for other in group[1:]):
            labels = [str(draft.question.label)[:SHOWN] for draft in group]
            conflicts.append(Conflict([draft.place for draft in group], labels, text))
            continue
        kept.append(first)
        duplicates += [Duplicate(other.place, first.place, text) for other in group[1:]]
    return kept, duplicates, conflicts


def same_label(one: Question, other: Question) -> bool:
    """Whether two labels mean the same; for numbers and mathematics their grader says so."""
    if one.label == other.label:
        return True
    if one.grader not in ("number", "math") or one.grader != other.grader:
        return False
    try:
        return grade(one, f"\\boxed{{{other.label}}}").correct == 1
    except GradingError:
        return False


def unique_ids(drafts: Sequence[Draft]) -> tuple[list[Draft], list[Problem]]:
    """The questions whose id no earlier one has, and the others as problems."""
    first: dict[str, Draft] = {}
    problems = []
    for draft in drafts:
        holder = first.setdefault(draft.question.id, draft)
        if holder is not draft:
            message = f"id {draft.question.id!r} is that of another question ({holder.place}); map id otherwise"
            problems.append(Problem(draft.place, message))
    return list(first.values()), problems
