"""No test question is ever in a bank: what a system is asked must not be what its prior was measured on."""

from collections.abc import Iterable

from smacs.errors import BankError
from smacs.store.bank import QuestionBank
from smacs.store.identity import normalised
from smacs.store.records import Question

_SHOWN = 5  # leaked questions that the message names


def refuse_leaks(bank: QuestionBank, questions: Iterable[Question]) -> None:
    """Raise BankError where a test question is in the bank, by its id or its normalised text."""
    texts = {normalised(question.text): question.id for question in bank.questions}
    ids = {question.id for question in bank.questions}
    pairs = [(q.id, q.id if q.id in ids else texts.get(normalised(q.text))) for q in questions]
    leaked = [f"  {asked} (in the bank: {there})" for asked, there in pairs if there is not None]
    if not leaked:
        return
    more = [f"  ... and {len(leaked) - _SHOWN:,} more"] if len(leaked) > _SHOWN else []
    count = "1 test question is" if len(leaked) == 1 else f"{len(leaked):,} test questions are"
    head = (
        f"{count} in the bank {bank.path}, so that a run would show nothing. Make a bank without them: "
        "`smacs bench bank` takes the bank parts of the benchmarks, `smacs bank create --exclude` leaves out any file."
    )
    raise BankError("\n".join([head, *leaked[:_SHOWN], *more]))
