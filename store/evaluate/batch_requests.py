"""Missing cells as OpenAI batch files, for `vllm run-batch` on a cluster or a hosted batch API.

The `custom_id` of a request says which LLM is asked which question, and how. It is made of digests: 48 characters
(hosts allow 64) out of a-z, 0-9 and "-", whatever an id or a name holds, and the same in every process. A question's
digest covers its text, so that an id like "1" of another bank is not taken for this one's.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple, Self
from urllib.parse import quote

import msgspec
import orjson

from smacs.errors import BankError
from smacs.pool.calls.generation import request_body
from smacs.pool.calls.llm import LLM
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.evaluate.grading import Grading
from smacs.store.evaluate.selection import EVERYTHING, Missing, Selection, missing_cells
from smacs.store.records import Question

MOST_REQUESTS = 50_000  # in one file
MOST_BYTES = 200_000_000
_FORM = re.compile(r"smacs-([0-9a-f]{12})-([0-9a-f]{20})-([0-9a-f]{8})")


class BatchFile(msgspec.Struct, frozen=True):
    """A file of requests to one LLM."""

    llm: str
    path: Path
    requests: int


def export_batch(
    bank: QuestionBank,
    llms: Sequence[LLM],
    prompts: Prompts,
    path: Path,
    *,
    sampling: Mapping[str, Any] | None = None,
    selection: Selection = EVERYTHING,
) -> list[BatchFile]:
    """Write a request for every missing cell; what `evaluate` would ask, word for word. Nothing is asked.

    A batch is for one LLM: several get a file each, with their name before the suffix. What a hosted API would refuse
    to take in one file goes on in numbered ones. Raises BankError, InputError.
    """
    names = {llm.name: path.with_stem(f"{path.stem}-{quote(llm.name, safe='')}") for llm in llms}
    targets = names if len(llms) > 1 else {llms[0].name: path}
    for target in targets.values():
        check_free(target)
    rows, found = selection.rows(bank), []
    for llm in llms:
        missing = missing_cells(bank, llm.name, rows)
        with RequestFiles(targets[llm.name]) as files:
            files.write(_lines(llm, missing, Grading.of(llm.spec, prompts, sampling), sampling))
        found += [BatchFile(llm.name, files.numbered(i), count) for i, count in enumerate(files.counts, 1)]
    return found


def _lines(llm: LLM, missing: Missing, grading: Grading, sampling: Mapping[str, Any] | None) -> Iterator[bytes]:
    whom = llm_digest(llm.name)
    for question in missing.questions():
        messages = grading.prompts.messages(question.task, question.text)
        request = {
            "custom_id": str(BatchId(whom, question_digest(question), asked_digest(question, grading))),
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": request_body(llm.name, llm.spec, messages, sampling),
        }
        yield orjson.dumps(request, option=orjson.OPT_APPEND_NEWLINE)


class RequestFiles:
    """Request files within the limits of hosted batch APIs: `path`, then `path` with -2, -3, ... before its suffix.

    Files get their names when all are complete. Raises BankError where a file is there already or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.counts: list[int] = []
        self._size = 0
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        return self

    def write(self, lines: Iterable[bytes]) -> None:
        """Append lines, each with its line break."""
        try:
            for line in lines:
                if self._file is None or self.counts[-1] == MOST_REQUESTS or self._size + len(line) > MOST_BYTES:
                    self._next()
                assert self._file is not None
                self._file.write(line)
                self.counts[-1] += 1
                self._size += len(line)
        except OSError as error:
            raise BankError(f"{self.path} cannot be written ({error.strerror or error}). Name another file.") from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
        for number in range(1, len(self.counts) + 1):
            if kind is None:
                _draft(self.numbered(number)).replace(self.numbered(number))
            else:
                _draft(self.numbered(number)).unlink(missing_ok=True)

    def numbered(self, number: int) -> Path:
        """The path of the file with a number, counted from 1."""
        return self.path if number == 1 else self.path.with_stem(f"{self.path.stem}-{number}")

    def _next(self) -> None:
        if self._file is not None:
            self._file.close()
        target = self.numbered(len(self.counts) + 1)
        check_free(target)
        self._file, self._size = _draft(target).open("wb"), 0
        self.counts.append(0)


def check_free(path: Path) -> None:
    """Raise BankError where a file is there already: it may be a batch that is under way."""
    if path.exists():
        raise BankError(f"{path} is there already. Name another file, or remove it once its batch is done.")


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


class BatchId(NamedTuple):
    """The parts of a custom_id, each a digest."""

    llm: str
    question: str
    asked: str

    def __str__(self) -> str:
        return f"smacs-{self.llm}-{self.question}-{self.asked}"


def read_batch_id(text: str) -> BatchId | None:
    """The parts of a custom_id that `BatchId` has written, None for any other."""
    found = _FORM.fullmatch(text)
    return BatchId(*found.groups()) if found else None


def llm_digest(name: str) -> str:
    """12 hex digits for an LLM."""
    return _digest(name)[:12]


def question_digest(question: Question) -> str:
    """20 hex digits for a question."""
    return _digest([question.id, question.text])[:20]


def asked_digest(question: Question, grading: Grading) -> str:
    """8 hex digits for the prompt and the sampling."""
    return _digest([grading.prompts.id(question.task), grading.sampling])[:8]


def _digest(value: Any) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()
