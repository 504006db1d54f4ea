"""What reading the results of a batch gave."""

from dataclasses import dataclass, field

from smacs.store.evaluate.batch_lines import Refused
from smacs.store.evaluate.summary import EvaluationSummary

MOST_NAMED = 1000


@dataclass(slots=True)
class BatchReport:
    """Of `lines` results `known` were in the bank already, `refused` hold nothing for it.

    `otherwise` cells were asked with another prompt or sampling than those at hand: theirs are left empty. `summaries`
    are by LLM, where `asked` counts its results that were new; `named` are the first thousand refused lines.
    """

    lines: int = 0
    known: int = 0
    otherwise: int = 0
    refused: int = 0
    named: list[Refused] = field(default_factory=list)
    summaries: dict[str, EvaluationSummary] = field(default_factory=dict)

    def refuse(self, file: str, line: int, reason: str) -> None:
        """Count a line out, and keep where it is."""
        self.refused += 1
        if len(self.named) < MOST_NAMED:
            self.named.append(Refused(file, line, reason))
