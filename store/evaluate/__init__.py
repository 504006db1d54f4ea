"""Filling the bank: LLMs answer its questions, over their endpoints or through batch files, and are graded."""

from smacs.store.evaluate.batch_export import export_batch
from smacs.store.evaluate.batch_files import BatchFile
from smacs.store.evaluate.batch_import import import_batch
from smacs.store.evaluate.batch_report import BatchReport
from smacs.store.evaluate.estimate import Estimate, estimate
from smacs.store.evaluate.selection import Selection
from smacs.store.evaluate.summary import EvaluationSummary, Unanswered
from smacs.store.evaluate.together import evaluate, evaluate_all, plan

__all__ = [
    "BatchFile",
    "BatchReport",
    "Estimate",
    "EvaluationSummary",
    "Selection",
    "Unanswered",
    "estimate",
    "evaluate",
    "evaluate_all",
    "export_batch",
    "import_batch",
    "plan",
]
