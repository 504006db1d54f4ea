"""The authors' released bank, `union_question_bank_8d.json` of the hub data set `aisfuture/smcs_data`.

One JSON object of hundreds of megabytes, most of it the digits of 4,096-d embeddings: it is mapped into memory and
decoded entry by entry.
"""

import mmap
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from smacs.errors import InputError
from smacs.pool.config import EmbedderSpec
from smacs.store.imports.format import Format, ImportOptions
from smacs.store.imports.lines import opened
from smacs.store.imports.report import Tally, UnscoredError, UnusableError
from smacs.store.merge import Found
from smacs.store.records import Evaluation, Question

LOOKS = (
    'one JSON object with the keys "0", "1", ..., each {"question": ..., "src": ..., "embedding": [...], '
    '"model_res": {llm: {"is_correct": true}}}'
)
_HEAD = 1 << 20  # bytes: more than a first entry has, however it is indented
_START = re.compile(rb'\s*\{\s*"\d+"\s*:\s*\{')
_TASKS = {
    **dict.fromkeys(("GPQA", "MedMCQA", "MMLU-Pro"), "choice"),
    **dict.fromkeys(("MATH", "AIME"), "math"),
    **dict.fromkeys(("MBPP", "LiveCodeBench"), "code"),
    "IFEval": "instruction",
}
_DATASETS = {name.casefold(): name for name in _TASKS}
_QUERY = (
    "Instruct: Given a question, find the question that is closest to it in meaning and in subject matter.\n"
    "Query: {text}"
)


class _Result(msgspec.Struct):
    is_correct: bool | float | None


class _Entry(msgspec.Struct):
    question: str
    src: str
    model_res: dict[str, _Result]
    src_subject: str | None = None
    embedding: list[float] | None = None


def recognises(path: Path) -> bool:
    """Whether it is an object with numbers as keys, and results of models in the first of them."""
    if not path.is_file():
        return False
    with opened(path) as file:
        head = file.read(_HEAD)
    return _START.match(head) is not None and b'"model_res"' in head


def read(path: Path, options: ImportOptions) -> Iterator[Found]:
    """A question with its vector and the grades of all LLMs for each entry."""
    dimension = 0
    for name, entry in _entries(path, options):
        with options.record():
            vector = _vector(entry)
            if vector is not None:
                dimension = dimension or len(vector)
                if len(vector) != dimension:
                    message = f"{path}, key {name!r}: expected {dimension} numbers in `embedding`, got {len(vector)}."
                    raise UnusableError(message, "with an unusable vector")
            yield Found(_question(entry, options), _evaluations(path, name, entry.model_res, options), vector)


def _vector(entry: _Entry) -> NDArray[np.float32] | None:
    """The embedding; numbers too large for 32 bits become infinite, which the reader refuses."""
    with np.errstate(over="ignore"):
        return None if entry.embedding is None else np.array(entry.embedding, np.float64).astype(np.float32)


def embedder(path: Path) -> EmbedderSpec | None:
    """Linq-Embed-Mistral in the dimension of the first embedding. The query template is in words of our own."""
    first = next((entry.embedding for _, entry in _entries(path, ImportOptions(omissions=Tally()))), None)
    if not first:
        return None
    return EmbedderSpec(
        kind="openai", model="Linq-AI-Research/Linq-Embed-Mistral", dimension=len(first), query_template=_QUERY
    )


def _entries(path: Path, options: ImportOptions) -> Iterator[tuple[str, _Entry]]:
    with opened(path) as file:
        if not path.stat().st_size:
            raise InputError(f"{path} is empty. Expected {LOOKS}.")
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        try:
            raw = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise InputError(f"{path} is not whole or not the authors' bank: {error}. Expected {LOOKS}.") from error
    decoder = msgspec.json.Decoder(_Entry)
    for name in list(raw):
        with options.record():
            yield name, _entry(f"{path}, key {name!r}", raw.pop(name), decoder)


def _entry(place: str, value: msgspec.Raw, decoder: msgspec.json.Decoder[_Entry]) -> _Entry:
    try:
        return decoder.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnusableError(f"{place}: {error}. Expected {LOOKS}.", "of another form") from error


def _question(entry: _Entry, options: ImportOptions) -> Question:
    dataset = _DATASETS.get(entry.src.casefold(), entry.src)
    task = _TASKS.get(dataset, "open")
    return Question(
        id="",
        text=entry.question.strip(),
        task=task,
        dataset=options.dataset or dataset,
        subject=entry.src_subject or "",
    )


def _evaluations(
    path: Path, name: str, results: Mapping[str, _Result], options: ImportOptions
) -> dict[str, Evaluation]:
    found = {}
    for llm, result in results.items():
        with options.record():
            place = f"{path}, key {name!r}"
            if result.is_correct is None:
                raise UnscoredError(f"{place}: nobody has graded {llm!r}.")
            if not 0 <= result.is_correct <= 1:
                message = f"{place}: expected `is_correct` of {llm!r} to be true or false."
                raise UnusableError(message, "with a score outside the scale")
            found[llm] = Evaluation(question="", correct=float(result.is_correct), source=f"authors: {path.name}")
    return found


FORMAT = Format(
    name="authors",
    looks=f"the authors' union_question_bank_8d.json, {LOOKS}",
    recognises=recognises,
    read=read,
    embedder=embedder,
)
