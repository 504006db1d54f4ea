"""Taking an LLM out of a bank, in a way that can be undone."""

from datetime import UTC, datetime
from pathlib import Path

from smacs.errors import BankError
from smacs.store.bank import QuestionBank
from smacs.store.io.lock import write_lock
from smacs.store.stats import check_llms


def remove_llm(bank: QuestionBank, llm: str) -> Path:
    """Move an LLM's evaluations to `removed/<name>-<time>.jsonl` in the bank; moved back, they count again.

    Raises InputError for an LLM that the bank does not have, BankLockedError, BankError.
    """
    with write_lock(bank.path):
        check_llms(bank, [llm])
        source = bank.evaluation_file(llm)
        now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        target = bank.path / "removed" / f"{source.stem}-{now}.jsonl"
        try:
            target.parent.mkdir(exist_ok=True)
            return source.rename(target)
        except OSError as error:
            raise BankError(f"{source} cannot be moved to {target}: {error.strerror or error}.") from error
