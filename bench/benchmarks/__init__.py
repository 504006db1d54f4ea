"""The paper's eight benchmarks: their test part, and their bank part, which shares no question with it.

Each is one file of this package that ends in `BENCHMARK = ...`; `benchmarks()` finds them all.
"""

from smacs.bench.benchmarks.benchmark import Benchmark
from smacs.bench.benchmarks.choose import Part, bank_part, bank_questions, test_questions
from smacs.bench.benchmarks.leaks import refuse_leaks
from smacs.bench.benchmarks.registry import benchmarks, find_benchmark

__all__ = [
    "Benchmark",
    "Part",
    "bank_part",
    "bank_questions",
    "benchmarks",
    "find_benchmark",
    "refuse_leaks",
    "test_questions",
]
