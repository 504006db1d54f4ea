"""The results of a batch, as OpenAI and `vllm run-batch` write them, and the report on reading them.

`{"custom_id": .., "response": {"status_code": .., "body": {..}}, "error": ..}`: a call that failed has another status,
an `error`, or both; OpenAI puts the server's words into the body, vLLM into `error`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from smacs.errors import BankError
from smacs.pool.calls.generation import read_body
from smacs.pool.calls.replies import Failure, FailureKind, Reply
from smacs.pool.config import LLMSpec
from smacs.store.evaluate.grading import EvaluationSummary

MOST_NAMED = 1000


class Response(msgspec.Struct, frozen=True):
    """What the server said."""

    status_code: int = 200
    body: msgspec.Raw = msgspec.Raw(b"null")


class ResultLine(msgspec.Struct, frozen=True):
    """One result."""

    custom_id: str
    response: Response | None = None
    error: Any = None


class RefusedLine(msgspec.Struct, frozen=True):
    """A line that holds nothing for this bank."""

    file: str
    line: int
    reason: str


@dataclass(slots=True)
class BatchReport:
    """What became of `lines` results: `known` were in the bank already, `refused` hold nothing for it.

    `otherwise` cells were asked with another prompt or sampling than the present one, so theirs are left empty.
    `summaries` are by LLM, and `asked` in them counts the results that were new. `named` are the refused lines, a
    thousand at most.
    """

    lines: int = 0
    known: int = 0
    otherwise: int = 0
    refused: int = 0
    named: list[RefusedLine] = field(default_factory=list)
    summaries: dict[str, EvaluationSummary] = field(default_factory=dict)

    def refuse(self, file: str, line: int, reason: str) -> None:
        """Count a line out, and keep where it is."""
        self.refused += 1
        if len(self.named) < MOST_NAMED:
            self.named.append(RefusedLine(file, line, reason))


_decoder = msgspec.json.Decoder(ResultLine)


def read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file that are not empty, with their numbers. Raises BankError."""
    try:
        with path.open("rb") as file:
            yield from ((number, line) for number, line in enumerate(file, 1) if line.strip())
    except OSError as error:
        raise BankError(f"{path} cannot be read ({error.strerror or error}). Name a file of batch results.") from error


def decode(line: bytes) -> ResultLine | str:
    """The result, or why the line is none."""
    try:
        result = _decoder.decode(line)
    except msgspec.ValidationError as error:
        return f"no batch result ({error})"
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return f"not JSON ({error})"
    if result.response is None and result.error is None:
        return "no batch result (neither response nor error; is it a file of requests?)"
    return result


def reply_in(result: ResultLine, llm: str, spec: LLMSpec) -> Reply | Failure:
    """The reply of an LLM that a line holds."""
    response = result.response or Response()
    body = bytes(response.body)
    if result.error is None and response.status_code == 200 and body != b"null":
        return read_body(llm, spec, body)
    said = msgspec.json.encode(result.error).decode() if result.error is not None else body.decode(errors="replace")
    status = f"HTTP {response.status_code}, " if result.response else ""
    return Failure(llm, _kind(result, response.status_code), f"{llm} in the batch: {status}{said[:200]}", 0.0)


def _kind(result: ResultLine, status: int) -> FailureKind:
    if isinstance(result.error, dict) and result.error.get("code") == "batch_expired":
        return "late"
    return "overloaded" if status == 429 or status >= 500 else "rejected"
