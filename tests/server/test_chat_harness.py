"""Two evaluation harnesses that people have, each with its own client for OpenAI-compatible servers."""

from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import LLMS, Served
from tools.mock.process import MockServer

pytestmark = pytest.mark.slow

QUESTIONS = {"How many legs has a spider?": "eight", "How many legs has an ant?": "six"}


@pytest.fixture
def answered(server: Served, mock: MockServer) -> Served:
    """The server; whatever it is asked, the answer is eight: right for one question of two."""
    for name in LLMS:
        mock.set(name, text="It has eight.")
    return server


async def test_inspect_evaluates_a_model_of_the_server(answered: Served, tmp_path: Path) -> None:
    inspect = pytest.importorskip("inspect_ai")
    from inspect_ai.dataset import Sample
    from inspect_ai.model import GenerateConfig, get_model
    from inspect_ai.scorer import includes

    task = inspect.Task(
        dataset=[Sample(input=question, target=target) for question, target in QUESTIONS.items()],
        scorer=includes(),
        config=GenerateConfig(temperature=0.5, max_tokens=32, seed=1, stop_seqs=["\n\n"]),
    )
    model = get_model("openai-api/local/smacs", base_url=f"{answered.url}/v1", api_key="none")
    (log,) = await inspect.eval_async(task, model=model, log_dir=str(tmp_path))
    assert log.status == "success"
    assert log.results.scores[0].metrics["accuracy"].value == pytest.approx(0.5)
    usage = log.stats.model_usage["openai-api/local/smacs"]
    assert usage.output_tokens == 2 * (4 * 3 + 3 * 3)  # four references and three candidates of three words each


def test_lm_eval_evaluates_a_model_of_the_server(answered: Served, tmp_path: Path) -> None:
    lm_eval: Any = pytest.importorskip("lm_eval")
    import orjson

    rows = [{"question": question, "answer": answer} for question, answer in QUESTIONS.items()]
    (tmp_path / "test.jsonl").write_bytes(b"\n".join(map(orjson.dumps, rows)))
    task = {
        "task": "legs",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(tmp_path / "test.jsonl")}, "cache_dir": str(tmp_path)},
        "test_split": "test",
        "output_type": "generate_until",
        "doc_to_text": "{{question}}",
        "doc_to_target": "It has {{answer}}.",
        "generation_kwargs": {"until": ["\n\n"], "temperature": 0.0, "max_gen_toks": 32},
        "metric_list": [{"metric": "exact_match"}],
    }
    result = lm_eval.simple_evaluate(
        model="local-chat-completions",
        model_args={"model": "smacs", "base_url": f"{answered.url}/v1/chat/completions", "max_retries": 1},
        tasks=[task],
        apply_chat_template=True,
        bootstrap_iters=0,
    )
    assert result["results"]["legs"]["exact_match,none"] == pytest.approx(0.5)
