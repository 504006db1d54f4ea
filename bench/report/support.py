"""Fig. 4: from which data sets of the bank the support of a benchmark's questions comes."""

from collections import Counter

from smacs.bench.report.model import Support
from smacs.bench.report.names import REFERENCE
from smacs.bench.report.read import Run


def support(run: Run) -> list[Support]:
    """Mean shares in %, a row for each benchmark; the data sets of all rows are the same, the largest first."""
    found = [(name, *_shares(run, code)) for code, name in enumerate(run.benchmarks)]
    total: Counter[str] = Counter()
    for _, _, shares in found:
        total.update(shares)
    order = [name for name, _ in total.most_common()]
    return [
        Support(benchmark=name, questions=count, shares={data: shares[data] for data in order})
        for name, count, shares in found
        if count
    ]


def _shares(run: Run, code: int) -> tuple[int, Counter[str]]:
    """How many questions of a benchmark have a support, and its mean shares."""
    lines = [line for line, at in zip(run.lines.get(REFERENCE, []), run.benchmark, strict=False) if line and at == code]
    supported = [line.support for line in lines if line.support]
    sums: Counter[str] = Counter()
    for shares in supported:
        sums.update(shares)
    return len(supported), Counter({name: 100 * sums[name] / len(supported) for name in sums})
