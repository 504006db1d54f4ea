import base64
import json

import numpy as np
import pytest

from tools.speed import __main__ as speed
from tools.speed import retrieval, throughput
from tools.speed.clients import ByHand, Script, best
from tools.speed.figure import Figure
from tools.speed.world import Asker, made_up, world


@pytest.mark.parametrize(
    ("value", "target", "at_least", "verdict"),
    [
        (1.05, 1.05, False, "passed"),
        (1.06, 1.05, False, "missed"),
        (0.85, 0.85, True, "passed"),
        (0.84, 0.85, True, "missed"),
        (9.0, None, False, ""),
    ],
)
def test_a_figure_passes_up_to_its_target(value, target, at_least, verdict):
    assert Figure(name="f", value=value, target=target, at_least=at_least).verdict == verdict


def test_a_missed_target_is_printed_and_only_strict_fails(tmp_path, monkeypatch, capsys):
    figures = [Figure(name="slow", value=2.0, target=1.0), Figure(name="fine", value=1.0, target=1.0)]
    monkeypatch.setattr(speed, "MEASUREMENTS", {"one": lambda: figures, "two": lambda: pytest.fail("not asked for")})
    file = tmp_path / "figures.json"
    assert speed.main(["--only", "one", "--json", str(file)]) == 0
    assert "missed" in capsys.readouterr().out
    assert speed.main(["--only", "one", "--strict"]) == 1
    written = json.loads(file.read_text())
    assert [figure["value"] for figure in written["figures"]] == [2.0, 1.0]
    assert written["machine"]["cores"] >= 1
    assert written["machine"]["versions"]["numpy"]


def test_numpys_side_of_retrieval_finds_the_kth_largest(monkeypatch):
    monkeypatch.setattr(retrieval, "N_BASE", 2)
    matrix = np.eye(4, dtype=np.float32)
    assert retrieval.plain(matrix, np.array([0.5, 0.25, 0.75, 0], np.float32)) == 0.5


def test_rows_have_length_one():
    np.testing.assert_allclose(np.linalg.norm(retrieval.unit_rows(5000, 8), axis=1), 1, rtol=1e-5)


@pytest.mark.slow
def test_retrieval_is_measured_in_a_process_of_its_own():
    time, memory = retrieval.figures(50_000, 64)  # 12.8 MB, more than what a process needs anyway
    assert time.details["matrix_bytes"] == 50_000 * 64 * 4
    assert time.value > 0
    assert memory.value > 1


def test_the_client_by_hand_scores_by_equation_7():
    def choice(*logprobs):
        return {"logprobs": {"content": [{"logprob": value} for value in logprobs]}}

    def vectors(*rows):
        coded = [base64.b64encode(np.array(row, "<f4").tobytes()).decode() for row in rows]
        return {"data": [{"embedding": value} for value in coded]}

    # similarities 2/3, 2/3, 1/3; equal perplexities: the first of the two that agree
    assert best(vectors([1, 0], [2, 0], [0, 1]), [choice(-1), choice(-1, -1), choice(-1)]) == 0
    # the same similarities; perplexities e, sqrt(e), 1: 0.67 - 1.72, 0.67 - 0.65, 0.33 - 0
    assert best(vectors([1, 0], [2, 0], [0, 1]), [choice(-1), choice(0, -1), choice(0)]) == 2


def sent(mock):
    """The bodies, whatever order they came in; the candidates may be embedded in any order."""
    bodies = [seen.json() for seen in mock.stats().received]
    whole = [body | {"input": sorted(body["input"])} if "input" in body else body for body in bodies]
    return sorted(json.dumps(body, sort_keys=True) for body in whole)


@pytest.mark.slow
async def test_the_client_by_hand_sends_what_the_graph_sends_and_finds_its_answer():
    with world() as (mock, folder):
        asker = Asker.load(folder)
        await asker.ask(made_up(-1))  # embeds the bank
        mock.reset()
        answer = await asker.ask(made_up(-2))
        await asker.aclose()
        stats, by_graph = mock.stats(), sent(mock)
        client = ByHand(mock.url)
        mock.reset()
        by_hand = await client.ask(Script.of(stats, k=7))
        await client.aclose()
        assert sent(mock) == by_graph
        assert by_hand == answer["answer"]


@pytest.mark.slow
def test_the_sides_take_turns_in_processes_of_their_own(monkeypatch):
    monkeypatch.setattr(throughput, "ROUNDS", 1)
    monkeypatch.setattr(throughput, "QUESTIONS", 2)
    graph, by_cpu, chatopenai = throughput.measure()
    assert graph.value > 0
    assert by_cpu.value > 0
    assert chatopenai.value > 0
    assert all(len(graph.details[side]) == 1 for side in ("graph", "by hand"))
