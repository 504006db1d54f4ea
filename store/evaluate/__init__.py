"""Filling the bank: LLMs answer its questions, over their endpoints or through batch files, and are graded."""

from smacs.store.evaluate.batch_import import import_batch
from smacs.store.evaluate.batch_requests import BatchFile, export_batch
from smacs.store.evaluate.batch_results import BatchReport
from smacs.store.evaluate.estimate import Estimate, estimate
from smacs.store.evaluate.evaluation import evaluate, evaluate_all, missing_by_llm
from smacs.store.evaluate.grading import EvaluationSummary, Unanswered
from smacs.store.evaluate.selection import Selection

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
    "missing_by_llm",
]
