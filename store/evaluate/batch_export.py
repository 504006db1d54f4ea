"""Missing cells as OpenAI batch files, for a cluster's own engine: `vllm run-batch`, a hosted batch API."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

from smacs.pool.calls.generation import request_body
from smacs.pool.calls.llm import LLM
from smacs.pool.prompts import Prompts
from smacs.store.bank import QuestionBank
from smacs.store.evaluate.batch_files import BatchFile, RequestFiles, check_free
from smacs.store.evaluate.batch_id import BatchId, asked_digest, llm_digest, question_digest
from smacs.store.evaluate.grading import Grading
from smacs.store.evaluate.missing import Missing, missing_cells
from smacs.store.evaluate.selection import EVERYTHING, Selection


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
