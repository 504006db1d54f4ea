"""`smacs ask` and what it tells of itself: to a collector, to LangSmith, and to `smacs replay`."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from smacs.store.bank import QuestionBank
from tests.support.sink import sink
from tools.mock.process import MockServer

pytestmark = pytest.mark.slow

LIMIT = 300.0
QUESTION = "How many legs has a spider?"
NODES = {"retrieve": 1, "prior_score": 1, "referencer": 3, "prior_drop": 1, "hybrid_score": 1, "select": 1}
LLMS = ["llm-0", "llm-1", "llm-2", "llm-3"]


@pytest.fixture
def pool(mock: MockServer, tmp_path: Path) -> Path:
    """K = 3 of four LLMs answer; the fourth makes candidates of all three references, in one call with n = 2."""
    llms = "".join(f'[llms."{name}"]\nendpoint = "{mock.url}"\n' for name in LLMS)
    embedder = f'[embedder]\nkind = "openai"\nmodel = "mock-embedder"\nendpoint = "{mock.url}"\n'
    file = tmp_path / "pool.toml"
    file.write_text(f'aggregators = ["llm-3"]\n[settings]\nk = 3\nk_drop = 0\nn = 2\n{embedder}{llms}')
    return file


def smacs(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    known = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "LANGSMITH_", "LANGC"))}
    return subprocess.run(
        [sys.executable, "-m", "smacs", *map(str, arguments)],
        env={**known, **variables},
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )


def ask(pool: Path, bank: QuestionBank, **variables: str) -> dict[str, Any]:
    done = smacs("ask", QUESTION, "--pool", pool, "--bank", bank.path, "--json", "--quiet", **variables)
    assert done.returncode == 0, done.stderr
    trace: dict[str, Any] = json.loads(done.stdout)
    return trace


def test_spans_reach_a_collector_over_http(pool: Path, bank: QuestionBank) -> None:
    with sink(b"", "application/x-protobuf") as collector:
        ask(pool, bank, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_SERVICE_NAME="the-service")
    assert {kept.path for kept in collector.requests} == {"/v1/traces"}
    sent = [ExportTraceServiceRequest.FromString(kept.body) for kept in collector.requests]
    groups = [group for request in sent for group in request.resource_spans]
    names = {a.value.string_value for group in groups for a in group.resource.attributes if a.key == "service.name"}
    found = Counter(span.name for group in groups for scope in group.scope_spans for span in scope.spans)
    calls = {"chat llm-0": 1, "chat llm-1": 1, "chat llm-2": 1, "chat llm-3": 1, "embeddings mock-embedder": 2}
    assert names == {"the-service"}
    assert found == {"ask": 1, **NODES, "aggregator": 1, **calls}
    assert not any(b"spider" in kept.body for kept in collector.requests)


def test_langsmith_gets_graph_nodes_and_llm_calls_by_its_own_variables(pool: Path, bank: QuestionBank) -> None:
    with sink() as langsmith:
        variables = {"LANGSMITH_ENDPOINT": langsmith.url, "LANGSMITH_API_KEY": "k", "LANGSMITH_PROJECT": "p"}
        ask(pool, bank, **variables, LANGSMITH_TRACING="false")
        assert langsmith.requests == []
        ask(pool, bank, **variables, LANGSMITH_TRACING="true", LANGSMITH_DISABLE_RUN_COMPRESSION="true")
    sent = b"".join(kept.body for kept in langsmith.requests).decode("utf-8", "replace")
    names = set(re.findall(r'"name":\s*"([^"]+)"', sent))
    assert {"smacs", *NODES, "aggregator", *LLMS} <= names


def test_a_run_is_replayed_when_its_llms_are_gone(
    pool: Path, bank: QuestionBank, mock: MockServer, tmp_path: Path
) -> None:
    kept = tmp_path / "trace.json"
    trace = ask(pool, bank)
    kept.write_text(json.dumps(trace))
    for name in LLMS:
        mock.set(name, fault="refuse")
    own = ("--pool", pool, "--bank", bank.path)
    again = smacs("replay", kept, *own, "--json")
    assert json.loads(again.stdout) == trace
    told = smacs("replay", kept, *own)
    assert told.stdout == f"{trace['answer']}\n"
    assert "priors, subsets, scores and answer are those of the trace" in told.stderr
    other = smacs("replay", kept, *own, "--set", "lam=0")
    assert "the score of candidate 1 is" in other.stderr
    missing = smacs("replay", kept, *own, "--set", "k=4")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "llm-3 was not asked for a reference" in missing.stderr
    assert smacs("replay", kept, *own, "--set", "lam").stderr.startswith("error: --set: expected NAME=VALUE")
