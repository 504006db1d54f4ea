"""Evaluate SMACS, a baseline or a single LLM with Inspect; its log is the result.

    inspect eval examples/inspect_eval.py --model smacs/smacs -M pool=local
    inspect eval examples/inspect_eval.py --model smacs/llm:qwen2.5-coder-1.5b -T questions=my-bank/questions.jsonl
    inspect eval examples/inspect_eval.py --solver smacs/smacs_solver -S system=moa
    python examples/inspect_eval.py smacs moa llm:qwen2.5-coder-1.5b

What single LLMs answered can become a bank, and the bank then chooses among them:

    inspect eval examples/inspect_eval.py --model smacs/llm:qwen2.5-coder-1.5b,smacs/llm:qwen2.5-coder-0.5b
    smacs bank import logs --bank my-bank
    inspect eval examples/inspect_eval.py --model smacs/smacs -M bank=my-bank
"""

import argparse

from inspect_ai import Task, eval, task
from inspect_ai.dataset import FieldSpec, MemoryDataset, Sample, json_dataset
from inspect_ai.log import EvalLog
from inspect_ai.model import get_model
from inspect_ai.scorer import match
from inspect_ai.solver import generate, system_message

QUESTIONS = {
    "A shop sells pencils in boxes of 12. Maria buys 7 boxes and gives 15 away. How many pencils has she left?": "69",
    "A train leaves at 9:40 and arrives at 12:15. How many minutes does it take?": "155",
    "What is the smallest prime number above 90?": "97",
    "A rectangle is 8 cm long and its area is 40 square centimetres. What is its perimeter in centimetres?": "26",
    "How many of the numbers from 1 to 100 are divisible by 7?": "14",
}
FORMAT = "Think step by step. End with a line of its own: 'The answer is' and the number."


@task
def arithmetic(questions: str | None = None) -> Task:
    """Questions whose answer is a number: those above, or those of a JSON-lines file with `text` and `label`."""
    dataset = (
        json_dataset(questions, FieldSpec(id="id", input="text", target="label"))
        if questions
        else MemoryDataset([Sample(input=text, target=number) for text, number in QUESTIONS.items()])
    )
    return Task(dataset=dataset, solver=[system_message(FORMAT), generate()], scorer=match(numeric=True))


def line(log: EvalLog) -> str:
    """System, accuracy and tokens of one log."""
    if log.results is None:
        return f"{log.eval.model}: {log.status}: {log.error.message if log.error else 'no result'}"
    accuracy = log.results.scores[0].metrics["accuracy"].value
    tokens = sum(usage.total_tokens for usage in log.stats.model_usage.values())
    return f"{log.eval.model}: {accuracy:.1%} of {log.results.completed_samples} right, {tokens} tokens, {log.location}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Evaluate systems, one after another.")
    parser.add_argument("systems", nargs="*", default=["smacs"], help="smacs, moa, llm:NAME, smacs[k=3], ...")
    parser.add_argument("--pool", default="local", help="pool file")
    parser.add_argument("--bank", help="folder of a bank; default: the starter bank")
    parser.add_argument("--questions", help="JSON lines with `text` and `label`")
    given = parser.parse_args()
    models = [get_model(f"smacs/{name}", pool=given.pool, bank=given.bank) for name in given.systems]
    for log in eval(arithmetic(given.questions), model=models, max_tasks=1):
        print(line(log))
