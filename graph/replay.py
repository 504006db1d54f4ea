"""A run once more from its trace: the same graph, with LLMs that say what they said then. No LLM is called.

Priors come from the bank and similarities from the embedder, as then. Under other settings it shows what would have
been chosen, as long as that needs no call that was not made.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from smacs.errors import InputError
from smacs.graph.node import under_way
from smacs.graph.settings import default_drop
from smacs.graph.system import RANKING, AnyBank, AnyPool, open_bank, open_pool
from smacs.graph.systems import SINGLE_LLM, build_system
from smacs.graph.trace import Trace, datum, recorded_failure, remarked_failure
from smacs.nodes.shared.records import Candidate, Reference
from smacs.nodes.shared.remarks import remark
from smacs.pool.calls.llm import LLM
from smacs.pool.calls.replies import Choice, Failure, Reply
from smacs.pool.pool import Pool
from smacs.pool.prompts import Message, Prompts

_CLOSE = 1e-6  # relative; another machine's last bits are no other bank


async def replay_trace(
    trace: Trace,
    *,
    pool: AnyPool = "local",
    bank: AnyBank = None,
    settings: Mapping[str, Any] | None = None,
    prompts: Prompts | None = None,
) -> dict[str, Any]:
    """What the graph of the trace's system returns, `settings` over those of the trace; `usage` is what was spent then.

    `degraded` says when the bank is no longer the one that the trace was made with. Raises InputError where a call
    would be needed that the trace lacks, where the pool lacks its LLMs, or for a setting that its system has no use
    for.
    """
    settings = settings or {}
    under = _under(trace.settings, settings)
    part = _recorded(open_pool(pool), trace)
    graph = build_system(trace.system, part, open_bank(bank), settings, under=under, prompts=prompts)
    state = await graph.compile(name=trace.system).ainvoke(trace.asked.input)
    result = {key: value for key, value in state.items() if key != "messages"}
    if not settings.keys() & set(RANKING) and not same_priors(trace.priors, result["priors"]):
        changed = "the bank has changed since: the priors are not those of the trace"
        result["degraded"] = [*result["degraded"], remark("bank_changed", changed)]
    return {**result, "usage": trace.usage}


def _under(then: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of then; k_drop is worked out anew for another k where it was what follows from the k of then."""
    derived = "k" in settings and isinstance(then.get("k"), int) and then.get("k_drop") == default_drop(then["k"])
    return {name: value for name, value in then.items() if name != "k_drop" or not derived}


def compare(trace: Trace, result: Mapping[str, Any]) -> list[str]:
    """What a replay brought out otherwise than its trace has it, in plain language; nothing when all is the same."""
    lines = []
    if not same_priors(trace.priors, result["priors"]):
        lines.append("the priors differ")
    if trace.subsets != result["subsets"]:
        lines.append("the subsets differ")
    lines += _scores(trace, result)
    then, now = (
        (trace.selected.candidate, trace.selected.llm),
        (result["selected"]["candidate"], result["selected"]["llm"]),
    )
    if then != now:
        lines.append(f"selected is {_chosen(*now)}, then it was {_chosen(*then)}")
    if trace.answer != result["answer"]:
        lines.append("the answer is another one")
    return lines


def same_priors(then: Mapping[str, float], now: Mapping[str, float]) -> bool:
    """Whether the priors are the same but for rounding, in the same order."""
    return list(then) == list(now) and all(_close(then[name], now[name]) for name in then)


def _recorded(pool: Pool, trace: Trace) -> Pool:
    """The LLMs that the trace ranks, each saying again what it said; one that answered alone had no others to beat."""
    missing = [name for name in trace.priors if name not in pool.llms]
    if missing:
        raise InputError(
            f"The trace is of another pool: {pool.source} has no {', '.join(missing)}. Name the pool that answered."
        )
    part = pool.part(list(pool.llms if trace.system == SINGLE_LLM else trace.priors))
    part.llms = {name: RecordedLLM(llm, trace) for name, llm in part.llms.items()}
    return part


def _scores(trace: Trace, result: Mapping[str, Any]) -> list[str]:
    then = {candidate["index"]: candidate["score"] for candidate in trace.candidates}
    now = {candidate["index"]: candidate["score"] for candidate in result["candidates"]}
    other = [index for index in sorted(then.keys() | now.keys()) if not _close(then.get(index), now.get(index))]
    return [
        f"the score of candidate {i + 1} is {_number(now.get(i))}, then it was {_number(then.get(i))}" for i in other
    ]


def _close(left: float | None, right: float | None) -> bool:
    if left is None or right is None:
        return left is right
    return math.isclose(left, right, rel_tol=_CLOSE, abs_tol=_CLOSE)


def _chosen(candidate: int | None, llm: str) -> str:
    return f"the reference of {llm}" if candidate is None else f"candidate {candidate + 1}, written by {llm}"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"


class RecordedLLM(LLM):
    """Stands for an LLM of a pool; who asks decides what it answers, not the prompt."""

    def __init__(self, llm: LLM, trace: Trace) -> None:
        super().__init__(llm.name, llm.spec)
        self._trace = trace
        self._given = 0  # samples of a reference

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
            case "recruit":
                return self._keywords()
            case _:
                raise InputError(f"A replay has no answers for the node {node}, which calls LLMs.")

    def _reference(self, state: Any, n: int) -> Reply | Failure:
        mine = [record for record in self._trace.references if record["llm"] == self.name]
        if not mine:
            raise self._lacks("was not asked for a reference")
        if mine[0]["error"] is not None:
            self._keep_substitutes(state)
            return recorded_failure(self.name, mine[0]["error"], mine[0]["seconds"])
        left = mine[self._given :]
        if not left and self._trace.remarks("references_missing"):
            return Failure(self.name, "empty", "no more samples came", 0.0)
        if not left:
            raise self._lacks(f"gave {len(mine)} samples, more are asked for")
        _, together = next(groupby(left, key=itemgetter("tokens", "seconds")))
        samples = list(together)[:n]
        self._given += len(samples)
        return _reference_reply(self.name, samples)

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
        failed = self._trace.remarks("aggregator_failed", self.name)
        left = mine[wanted - n : wanted]
        if not left and failed:
            return remarked_failure(self.name, failed[0])
        if not mine:
            raise self._lacks("made no candidate")
        return Reply(self.name, tuple(map(_choice, left)), 0, 0, 0.0)

    def _pick(self, state: Any) -> Reply | Failure:
        if len(state["references"]) != len(self._trace.references):
            raise self._lacks(f"chose among {len(self._trace.references)} replies, not {len(state['references'])}")
        failed = self._trace.remarks("choice_failed", self.name)
        if failed:
            return remarked_failure(self.name, failed[0])
        choices = self._trace.remarks("choice", self.name)
        if not choices:
            raise self._lacks("was not asked to choose among its replies")
        reply = datum(choices[0], "reply")
        return self._says("none" if reply is None else f"Response {reply}")

    def _keywords(self) -> Reply | Failure:
        none = self._trace.remarks("skills_unknown", self.name)
        if none:
            return remarked_failure(self.name, none[0]) if "data" in none[0] else self._says("-")
        named = self._trace.remarks("skills")
        if not named:
            raise self._lacks("was not asked for the question's skills")
        return self._says(", ".join(datum(named[0], "skills")))

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
