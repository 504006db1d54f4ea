"""The paper's eight benchmarks: their test part, and their bank part, which shares no question with it.

Each is one file of this package that ends in `BENCHMARK = ...`; `benchmarks()` finds them all. What they share is in
`shared/`.
"""

from smacs.bench.benchmarks.shared.benchmark import (
    BankPart,
    Benchmark,
    bank_part,
    bank_questions,
    benchmarks,
    find_benchmark,
    test_questions,
)
from smacs.bench.benchmarks.shared.leaks import refuse_leaks

__all__ = [
    "BankPart",
    "Benchmark",
    "bank_part",
    "bank_questions",
    "benchmarks",
    "find_benchmark",
    "refuse_leaks",
    "test_questions",
]
