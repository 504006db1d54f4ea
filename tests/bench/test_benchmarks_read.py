"""Each benchmark from small files in its own columns; the questions are made up."""

import base64
import json
import pickle
import string
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smacs.bench.benchmarks import bank_part, find_benchmark
from smacs.bench.benchmarks.livecodebench import Case, read_cases, small
from smacs.bench.benchmarks.medmcqa import split_options
from smacs.errors import InputError
from smacs.store.graders import check_label, grade

FIXTURES = Path(__file__).parent / "fixtures" / "benchmarks"


def write(folder: Path, name: str, rows: Sequence[Mapping[str, object]]) -> None:
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))


def both(name, data):
    """Both parts by the last part of their ids."""
    test = {item.id.partition("/")[2]: item for item in find_benchmark(name).test(data)}
    bank = {item.id.partition("/")[2]: item for item in bank_part(name, data).questions}
    for item in (*test.values(), *bank.values()):
        assert item.dataset == name
    return test, bank


def test_aime(tmp_path):
    write(tmp_path, "aime2024.jsonl", [{"id": 60, "problem": "What is 30 + 3? ", "answer": "033", "url": "x"}])
    rows = ["1983-1,1983,1,What is 5 * 5?,25,", "2023-II-9,2023,9,What is 30 + 3?,33,II", "2024-I-1,2024,1,New?,1,I"]
    (tmp_path / "aime.csv").write_text("\n".join(["ID,Year,Problem Number,Question,Answer,Part", *rows]))
    test, bank = both("aime2024", tmp_path)
    assert list(test) == ["60"]
    assert list(bank) == ["1983-1"]  # the second is the test question, the third is of 2024
    assert grade(test["60"], r"So it is $\boxed{33}$.").correct == 1
    assert grade(test["60"], r"So it is $\boxed{330}$.").correct == 0
    assert grade(bank["1983-1"], r"$\boxed{025}$").correct == 1


def test_math(tmp_path):
    row = {"problem": "What is $1/2$ of $7$?", "solution": "", "answer": "\\frac{7}{2}", "subject": "Algebra"}
    write(tmp_path, "math500.jsonl", [{**row, "level": 1, "unique_id": "test/algebra/1.json"}])
    others = [{"problem": f"What is ${i}+1$?", "answer": str(i + 1)} for i in range(20)]
    write(tmp_path, "math.jsonl", [{**row, "unique_id": "train/algebra/9.json"}, *others])
    test, bank = both("math500", tmp_path)
    assert list(test) == ["test/algebra/1"]
    assert (test["test/algebra/1"].subject, test["test/algebra/1"].grader) == ("Algebra", "math")
    assert len(bank) == 20
    assert [item.label for item in bank.values()] != [str(i + 1) for i in range(20)]  # drawn, not the first ones


def test_mbpp(tmp_path):
    def task(number, text, setup=""):
        return {"task_id": number, "text": text, "test_list": [f"assert f({number}) == 1"], "test_setup_code": setup}

    words = {10: "A prompt.", 11: "Return one.", 510: "Return 1.", 511: " return ONE.", 974: "Give one.", 975: "None."}
    write(tmp_path, "mbpp.jsonl", [task(number, text) for number, text in words.items()])
    test, bank = both("mbpp", tmp_path)
    assert list(test) == ["11", "510"]
    assert list(bank) == ["974"]  # task 511 has the words of task 11
    assert test["11"].text == "Return one.\nYour code should pass these tests:\nassert f(11) == 1"
    assert test["11"].label == {"asserts": ["assert f(11) == 1"]}
    write(tmp_path, "mbpp.jsonl", [task(11, "Return one.", "import math\r\nroot = 3")])
    item = find_benchmark("mbpp").test(tmp_path)[0]
    assert item.text.endswith("tests:\nimport math\nroot = 3\nassert f(11) == 1")
    assert item.label == {"asserts": ["assert f(11) == 1"], "setup": "import math\nroot = 3"}


def test_ifeval(tmp_path):
    kwargs = [{"num_words": 3, "relation": "at least", "keyword": None}]
    common = {"instruction_id_list": ["length_constraints:number_words"], "kwargs": kwargs}
    write(tmp_path, "ifeval.jsonl", [{"key": i, "prompt": f"Say {i} words.", **common} for i in range(303)])
    test, bank = both("ifeval", tmp_path)
    assert (len(test), list(bank)) == (300, ["300", "301", "302"])
    assert test["0"].label == {**common, "kwargs": [{"num_words": 3, "relation": "at least"}]}
    assert (test["0"].text, test["0"].task, test["0"].grader) == ("Say 0 words.", "instruction", "ifeval")


def test_medmcqa_of_the_hub(tmp_path):
    names = {"opa": "one", "opb": "two", "opc": "three", "opd": "four", "subject_name": "Anatomy", "id": "x"}
    write(tmp_path, "medmcqa.jsonl", [{"question": f"Bone\n no. {i}?", **names, "cop": i % 4} for i in range(1203)])
    test, bank = both("medmcqa", tmp_path)
    assert (len(test), list(bank)) == (1200, ["1201", "1202", "1203"])
    assert test["3"].text == "Bone no. 2?\n(A) one\n(B) two\n(C) three\n(D) four"
    assert (test["3"].label, test["3"].subject) == ("C", "Anatomy")


def test_medmcqa_with_options_in_the_text(tmp_path):
    text = "Which ones (A, B)? The options are: (A) This (not that) (B) b (C) Both (A) & (B) (D) Neither (A) nor (C)"
    (tmp_path / "medmcqa.json").write_text(json.dumps([{"question": text, "gold_answer": "D"}]))
    (item,) = find_benchmark("medmcqa").test(tmp_path)
    lines = ["(A) This (not that)", "(B) b", "(C) Both (A) & (B)", "(D) Neither (A) nor (C)"]
    assert item.text.split("\n") == ["Which ones (A, B)?", *lines]
    assert (item.label, item.id) == ("D", "medmcqa/1")
    (tmp_path / "medmcqa.json").write_text(json.dumps([{"question": "Which? (A) x (B) y", "gold_answer": "D"}]))
    with pytest.raises(InputError, match=r"row 1: expected a question with \"The options are:"):
        find_benchmark("medmcqa").test(tmp_path)
    (tmp_path / "medmcqa.json").write_text(json.dumps([{"question": "Which?", "opa": "x", "cop": 4}]))
    with pytest.raises(InputError, match=r"row 1: expected gold_answer A to D, or cop 0 to 3, got 4\."):
        find_benchmark("medmcqa").test(tmp_path)


_TEXTS = st.text(string.ascii_letters + " ().,-", min_size=1).map(str.strip).filter(bool)


@given(_TEXTS, st.lists(_TEXTS.filter(lambda text: "(" not in text), min_size=4, max_size=4))
def test_options_are_found_again(question, options):
    marked = " ".join(f"({letter}) {option}" for letter, option in zip("ABCD", options, strict=True))
    text, found = split_options(f"{question} The options are: {marked}", "here")
    assert text.strip() == question
    assert [option.strip() for option in found] == options


def test_mmlu_pro_takes_a_tenth_of_each_subject(tmp_path):
    sizes = {"law": 29, "physics": 10, "history": 9}
    names = [name for i in range(29) for name, size in sizes.items() if i < size]
    rows = [
        {"question_id": i, "question": f"Question {i}?", "options": ["yes", "no", "both"], "answer": "B", "category": n}
        for i, n in enumerate(names)
    ]
    write(tmp_path, "mmlu_pro.jsonl", rows)
    test, bank = both("mmlu_pro", tmp_path)
    assert [item.subject for item in test.values()] == ["law", "physics", "law"]  # 2.9, 1.0 and 0.9 questions
    assert list(test) == ["0", "1", "3"]
    assert len(bank) == 45
    assert test["0"].text == "Question 0?\n(A) yes\n(B) no\n(C) both"


def test_gpqa():
    test, bank = both("gpqa_diamond", FIXTURES)
    assert list(test) == ["recD1", "recD2"]
    assert list(bank) == ["recM1", "recM2", "recE1"]
    assert bank_part("gpqa_diamond", FIXTURES).copies == 6  # two of main, four of extended
    right = {"recD1": "It floats", "recD2": "Carbon dioxide", "recM1": "Neon", "recM2": "7", "recE1": "The heart"}
    for name, item in {**test, **bank}.items():
        check_label(item)
        assert f"({item.label}) {right[name]}" in item.text.split("\n")
    assert len({item.label for item in (*test.values(), *bank.values())}) > 1
    assert test["recD2"].subject == "Biology"


def test_livecodebench():
    test, bank = both("livecodebench", FIXTURES)
    assert list(test) == ["sum_a", "add_up"]  # the first and the last day; the day after is in neither part
    assert list(bank) == ["twice", "length"]
    cases = [
        {"input": "1 2\n", "output": "3\n"},
        {"input": "5 6\n", "output": "11\n"},
        {"input": "-1 1\n", "output": "0\n"},
    ]
    assert test["sum_a"].label == {"kind": "stdin", "cases": cases}
    assert test["sum_a"].text.endswith("sum.\n\nThe program reads from standard input and writes to standard output.")
    assert (test["add_up"].label["kind"], test["add_up"].label["function"]) == ("functional", "addUp")
    signature = "    def addUp(self, first: int, second: int) -> int:"
    assert test["add_up"].text.endswith(f"Begin with this code:\n```python\nclass Solution:\n{signature}\n```")
    assert [case["input"] for case in bank["twice"].label["cases"]] == ["4\n", "5\n"]  # not the one of 240,000 letters
    assert [item.subject for item in test.values()] == ["easy", "medium"]
    for item in (*test.values(), *bank.values()):
        check_label(item)


class _Program:
    """Unpickled as usual, it makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self):
        return Path.mkdir, (self.folder,)


def test_a_pickle_that_names_a_program_is_not_run(tmp_path):
    packed = base64.b64encode(zlib.compress(pickle.dumps(_Program(tmp_path / "made")))).decode()
    with pytest.raises(InputError, match=r"here: the test cases cannot be read: it names .*, a text does not"):
        read_cases("[]", packed, "here")
    assert not (tmp_path / "made").exists()
    with pytest.raises(InputError, match="neither JSON nor base64"):
        read_cases("[]", "no base64!", "here")


def test_the_smallest_case_is_kept_where_all_are_large():
    cases = [Case("x" * 100_000, "y"), Case("x", "y" * 100_000), Case("xx", "y" * 100_000)]
    assert small(cases) == [cases[0]]
    assert small([]) == []
