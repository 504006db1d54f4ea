"""`smacs bank stats`: how good each LLM is on a question bank."""

import sys

from smacs.commands.bank.common import JsonOption, open_bank
from smacs.commands.options import BankOption


def stats(
    bank: BankOption = None,
    as_json: JsonOption = False,
) -> None:
    """Accuracy, coverage and cost of every LLM, over the whole bank and by dataset."""
    import msgspec

    from smacs.commands.bank.display import statistics
    from smacs.store.stats import bank_stats

    rows = bank_stats(open_bank(bank))
    if as_json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(rows)) + b"\n")
    else:
        statistics(rows)
