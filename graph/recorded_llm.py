"""An LLM that says again what a trace has of it, to whom it said it; no call is made."""

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from smacs.errors import InputError
from smacs.graph.node import under_way
from smacs.graph.trace import Trace, failure_from
from smacs.nodes.shared.records import Candidate, Reference
from smacs.pool.calls.llm import LLM
from smacs.pool.calls.replies import Choice, Failure, Reply
from smacs.pool.prompts import Message

# How nodes say in a trace's notes what an LLM said. A trace in other words is refused: what it does not say is not
# guessed, or the replay would be of another run.
_PICKED = re.compile(r".+ chose reply (\d+) of its \d+")
_PICKED_NONE = re.compile(r".+ named none of its \d+ replies: the first counts")
_SKILLS = "skills: "


class RecordedLLM(LLM):
    """Stands for an LLM of a pool; who asks decides what it answers, not the prompt."""

    def __init__(self, llm: LLM, trace: Trace) -> None:
        super().__init__(llm.name, llm.spec)
        self._trace = trace
        self._told = 0  # samples told as a referencer

    async def ready(self) -> None:
        """Nobody is asked for its window."""

    async def call(
        self,
        messages: Sequence[Message],  # noqa: ARG002
        *,
        n: int = 1,
        logprobs: bool = False,  # noqa: ARG002
        seed: int | None = None,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002
        sampling: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> Reply | Failure:
        """What it said. Raises InputError where the trace has nothing of it that was said there."""
        node, state = under_way.get()
        match node:
            case "referencer":
                return self._reference(state, n)
            case "aggregator":
                return self._candidates(state, n)
            case "most_consistent":
                return self._pick(state)
            case _:
                return self._keywords()

    def _reference(self, state: Any, n: int) -> Reply | Failure:
        mine = [record for record in self._trace.references if record["llm"] == self.name]
        if not mine:
            raise self._lacks("was not asked for a reference")
        if mine[0]["error"] is not None:
            self._keep_substitutes(state)
            return failure_from(self.name, mine[0]["error"], mine[0]["seconds"])
        left = mine[self._told :]
        if not left and self._trace.short:
            return Failure(self.name, "empty", "no more samples came", 0.0)
        if not left:
            raise self._lacks(f"gave {len(mine)} samples, more are asked for")
        _, together = next(groupby(left, key=itemgetter("tokens", "seconds")))
        told = list(together)[:n]
        self._told += len(told)
        return _reference_reply(self.name, told)

    def _keep_substitutes(self, state: Any) -> None:
        """Nobody stands in who did not then: it may have been too late for more."""
        asked = {record["llm"] for record in self._trace.references}
        substitutes = state["run"].substitutes
        substitutes[:] = [name for name in substitutes if name in asked]

    def _candidates(self, state: Any, n: int) -> Reply | Failure:
        subset, wanted = state["subset"], len(state["indices"])
        drawn = self._trace.subsets.count(subset)
        if wanted > drawn:
            raise self._lacks(f"made {drawn} candidates of the references of {', '.join(subset)}, not {wanted}")
        mine = [c for c in self._trace.candidates if c["aggregator"] == self.name and c["subset"] == subset]
        failed = self._trace.reasons(self.name, "an aggregator failed: ")
        left = mine[wanted - n : wanted]
        if not left and failed:
            return failure_from(self.name, failed[0])
        if not mine:
            raise self._lacks("made no candidate")
        return Reply(self.name, tuple(map(_choice, left)), 0, 0, 0.0)

    def _pick(self, state: Any) -> Reply | Failure:
        if len(state["references"]) != len(self._trace.references):
            raise self._lacks(f"chose among {len(self._trace.references)} replies, not {len(state['references'])}")
        failed = self._trace.reasons(self.name, f"the first reply counts, {self.name} chose none: ")
        if failed:
            return failure_from(self.name, failed[0])
        notes = self._trace.notes
        picked = [found[1] for note in notes if (found := _PICKED.fullmatch(note))]
        if not picked and not any(map(_PICKED_NONE.fullmatch, notes)):
            raise self._lacks("chose one of its replies, and the notes do not say which in words known here")
        return self._says(f"Response {picked[0]}" if picked else "none")

    def _keywords(self) -> Reply | Failure:
        failed = self._trace.reasons(self.name, "the question's skills are not named: ")
        if failed:
            none = failed[0] == f"{self.name} named none"
            return self._says("-") if none else failure_from(self.name, failed[0])
        skills = [note.removeprefix(_SKILLS) for note in self._trace.notes if note.startswith(_SKILLS)]
        if not skills:
            raise self._lacks("was not asked for the question's skills")
        return self._says(skills[0])

    def _says(self, text: str) -> Reply:
        return Reply(self.name, (Choice(text),), 0, 0, 0.0)

    def _lacks(self, what: str) -> InputError:
        return InputError(
            f"The replay needs a call that the trace lacks: {self.name} {what}. Leave the setting that asks for it as "
            "it was, replay with the bank that the trace was made with, or ask anew with `smacs ask`."
        )


def _reference_reply(llm: str, records: Sequence[Reference]) -> Reply:
    choices = tuple(Choice(record["text"], record["reasoning"], record["finish"]) for record in records)
    return Reply(llm, choices, 0, sum(record["tokens"] for record in records), records[0]["seconds"])


def _choice(candidate: Candidate) -> Choice:
    """Its mean log-probability as that of a single token."""
    mean = candidate["logprob"]
    said = (candidate["text"], candidate["reasoning"], candidate["finish"])
    return Choice(*said, logprob_sum=mean, logprob_count=int(mean is not None))
