"""Most consistent: an LLM is shown its own replies and says which of them agrees best with the others.

Universal self-consistency (Chen et al., arXiv 2311.17311), for answers that cannot be counted.
"""

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from smacs.nodes.shared.determinism import call_seed
from smacs.nodes.shared.reading import Reading, Writing, read
from smacs.nodes.shared.records import (
    Reference,
    ReferencesState,
    answer_with_reference,
    at_least_one,
    name_of,
    shortfall,
    total_usage,
)
from smacs.nodes.shared.run import Tools, run_of

_NAMED = re.compile(
    r"(?:most consistent|response|answer|choice)\b\W{0,8}(?:(?:is|response|number|no)\b\W{0,6}){0,3}(\d{1,9})(?!\d)",
    re.I,
)
_NUMBER = re.compile(r"(?<!\d)\d{1,9}(?!\d)")  # int() refuses very long ones


def read_pick(reply: str, count: int) -> int | None:
    """The position that a reply picks out of `count` responses, numbered from 1; None when it names no single one."""
    wanted = range(1, count + 1)
    named = [int(found) for found in _NAMED.findall(reply) if int(found) in wanted]
    if named:
        return named[-1] - 1
    numbers = {int(found) for found in _NUMBER.findall(reply)} & set(wanted)
    return numbers.pop() - 1 if len(numbers) == 1 else None


async def most_consistent(state: ReferencesState, tools: Tools) -> dict[str, Any]:
    """Let the LLM choose among its replies. Raises NoAnswerError when it gave none."""
    here = at_least_one(state["references"])
    reasons = shortfall(state["references"], state["samples"])
    if len(here) == 1:
        return answer_with_reference(here[0], tools, reasons)
    llm = here[0]["llm"]
    written = await _ask(llm, here, state, tools)
    reasons += written.cuts
    if written.failure:
        reasons.append(f"the first reply counts, {llm} chose none: {written.failure.kind}: {written.failure.message}")
    pick = read_pick(written.choices[0].text, len(here)) if written.choices else None
    note = f"{llm} named none of its {len(here)} replies: the first counts"
    if pick is not None:
        note = f"{llm} chose reply {pick + 1} of its {len(here)}"
    answer = answer_with_reference(here[pick or 0], tools, reasons)
    return {**answer, "notes": [note, *written.notes], "usage": total_usage(written.usage)}


async def _ask(llm: str, here: Sequence[Reference], state: ReferencesState, tools: Tools) -> Writing:
    asked, seed = state["asked"], tools.settings.seed
    texts = {name_of(record): record["text"] for record in here}
    reading = Reading(
        prompt=partial(tools.prompts.choosing, asked["question"], history=asked["history"]),
        texts=texts,
        subset=list(texts),
        seed=lambda attempt: call_seed(seed, "choice", llm, str(attempt), asked["question"]),
    )
    return await read(tools.pool.llms[llm], reading, run_of(state.get("run"), tools.settings), tools)
