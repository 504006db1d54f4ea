"""The paper's eight benchmarks: their test part, and their bank part, which shares no question with it.

Each is one file of this package that ends in `BENCHMARK = ...`; `benchmarks()` finds them all. What they share is in
`shared/`.
"""

from smacs.bench.benchmarks.shared.benchmark import Benchmark, benchmarks, find_benchmark
from smacs.bench.benchmarks.shared.leaks import refuse_leaks
from smacs.bench.benchmarks.shared.parts import BankPart, bank_part, bank_questions, test_questions

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
