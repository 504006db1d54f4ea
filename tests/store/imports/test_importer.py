"""Importing: which file is what, new banks and old ones, and that a second time changes nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from smacs.errors import BankError, InputError
from smacs.pool.config import EmbedderSpec
from smacs.pool.pool import Pool
from smacs.store.bank import QuestionBank
from smacs.store.imports import import_
from smacs.store.imports.formats import formats, sources
from smacs.store.merge import MergeReport
from smacs.store.records import Question

SAMPLES = Path(__file__).parent / "samples"
PLAIN = SAMPLES / "plain" / "answers.jsonl"
SUM = "What is 7 + 5?"


def content(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def lines(path: Path, *answers: tuple[str, str, float]) -> Path:
    text = [f'{{"question": "{question}", "llm": "{llm}", "correct": {grade}}}\n' for question, llm, grade in answers]
    path.write_text("".join(text))
    return path


def test_every_file_of_the_package_that_is_a_format_is_found() -> None:
    assert sorted(formats()) == ["authors", "evalscope", "inspect", "lm_eval", "plain", "recorded"]


@pytest.mark.parametrize("name", ["lm_eval", "evalscope", "evalscope_twice", "inspect", "plain"])
def test_a_second_time_changes_nothing(tmp_path: Path, name: str) -> None:
    if name == "inspect":
        pytest.importorskip("inspect_ai", reason="the extra `inspect` is not installed")
    first = import_([SAMPLES / name], tmp_path / "bank")
    assert first.created
    assert first.cells_new > 0
    assert set(first.files.values()) == {name.removesuffix("_twice")}
    before = content(tmp_path / "bank")
    second = import_([SAMPLES / name], tmp_path / "bank")
    third = import_([SAMPLES / name], tmp_path / "bank", replace=True)
    assert content(tmp_path / "bank") == before
    for again in (second, third):
        assert (again.created, again.questions_new, again.cells_new, again.conflicts) == (False, 0, 0, 0)
        assert (again.questions_known, again.cells_known) == (first.questions_new, first.cells_new)


def test_one_question_from_several_tools_is_one_question(tmp_path: Path) -> None:
    pytest.importorskip("inspect_ai", reason="the extra `inspect` is not installed")
    folders = [SAMPLES / name for name in ("lm_eval", "inspect", "evalscope", "plain")]
    report = import_(folders, tmp_path / "bank")
    bank = QuestionBank.open(tmp_path / "bank")
    assert len(bank.questions) == 3 + 3 + 2 + 1  # facts, sums, mathematics of evalscope, a haiku
    assert bank.llms == ["acme/tiny-1b", "acme/tiny-7b-instruct", "mockllm/tiny", "tiny-1b", "tiny-7b"]
    grades = bank.correctness(bank.llms)[[q.text for q in bank.questions].index(SUM)]
    assert grades[1:].tolist() == [1.0, 1.0, 0.0, 1.0]
    assert report.bank_llms == 5


def test_a_folder_of_other_things_too(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "notes.txt").write_text("nothing")
    (tmp_path / "logs" / "empty.jsonl").write_text("")
    lines(tmp_path / "logs" / "a.jsonl", (SUM, "a", 1))
    assert [(format_.name, path.name) for format_, path in sources([tmp_path / "logs"])] == [("plain", "a.jsonl")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "x is empty. Expected one of\n  authors: "),
        ('{"a": 1, "b": 2}\n', "x is JSON whose first line has the keys a, b. Expected one of"),
        ('{"question": "q', 'x is JSON, or what is left of it; it begins with \'{"question": "q\''),
        ("name,score\n", "x is of no known kind; it begins with b'name,score"),
    ],
)
def test_a_file_of_no_known_format(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "x").write_text(text)
    with pytest.raises(InputError) as caught:
        import_([tmp_path / "x"], tmp_path / "bank")
    assert said in str(caught.value)
    assert not (tmp_path / "bank").exists()


def test_paths_and_formats_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file or folder"):
        import_([tmp_path / "none"], tmp_path / "bank")
    with pytest.raises(InputError, match="none of the 0 files in this folder is one of"):
        import_([tmp_path], tmp_path / "bank")
    with pytest.raises(InputError, match="there is no format 'lighteval'; there are authors, evalscope"):
        import_([PLAIN], tmp_path / "bank", format="lighteval")


@pytest.mark.parametrize("name", ["authors", "evalscope", "inspect", "lm_eval", "recorded"])
def test_a_file_of_another_tool(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"answers.jsonl"):
        import_([PLAIN], tmp_path / "bank", format=name)
    assert not (tmp_path / "bank").exists()


def test_options_that_no_file_takes(tmp_path: Path) -> None:
    for option in ("llm", "metric"):
        given: dict[str, Any] = {option: "x"}
        with pytest.raises(InputError, match=f"--{option} x: files of format plain say this themselves"):
            import_([PLAIN], tmp_path / "bank", **given)


def test_into_a_bank_that_is_there(tmp_path: Path) -> None:
    spec = EmbedderSpec(model="fake", dimension=4)
    bank = QuestionBank.create(tmp_path / "bank", spec, [Question(id="q1", text="what IS 7  + 5?"), ABOUT])
    report = import_([lines(tmp_path / "x.jsonl", (SUM, "a", 1), ("q2", "a", 0), ("New?", "a", 1))], bank.path)
    assert (report.questions_new, report.questions_known, report.created) == (1, 2, False)
    opened = QuestionBank.open(bank.path)
    assert [question.id for question in opened.questions][:2] == ["q1", "q2"]
    assert opened.embedder == spec
    assert [(cell.question, cell.correct) for cell in opened.evaluations("a")][:2] == [("q1", 1.0), ("q2", 0.0)]
    report = import_([lines(tmp_path / "x.jsonl", (SUM, "b", 1))], bank.path)
    assert report.filled == pytest.approx(4 / 6)  # 3 questions x 2 LLMs


ABOUT = Question(id="q2", text="What is a bank about?")


def test_another_grade_is_a_conflict(tmp_path: Path) -> None:
    import_([lines(tmp_path / "x.jsonl", (SUM, "a", 1))], tmp_path / "bank")
    again = lines(tmp_path / "x.jsonl", (SUM, "a", 0), (SUM, "a", 0.5))
    assert import_([again], tmp_path / "bank").conflicts == 2
    assert QuestionBank.open(tmp_path / "bank").correctness(["a"]).tolist() == [[1.0]]
    for conflicts in (1, 0):  # the first line wins, every time
        assert import_([again], tmp_path / "bank", replace=True).conflicts == conflicts
        assert QuestionBank.open(tmp_path / "bank").correctness(["a"]).tolist() == [[0.0]]


def test_names_and_embedder_of_a_pool(tmp_path: Path) -> None:
    pool = Pool.from_dict(
        {
            "aggregators": ["big"],
            "llms": {"big": {"endpoint": "http://x/v1", "model": "Acme/Tiny-7B-Instruct"}},
            "embedder": {"kind": "openai", "model": "e", "endpoint": "http://x/v1", "dimension": 8},
        }
    )
    report = import_([SAMPLES / "lm_eval"], tmp_path / "bank", pool=pool, rename={"gone": "x"})
    assert report.mapped == {"acme/tiny-7b-instruct": "big"}
    assert report.unmapped == ["acme/tiny-1b"]
    assert "--rename gone=...: no LLM in the files has this name" in report.notes
    bank = QuestionBank.open(tmp_path / "bank")
    assert bank.llms == ["acme/tiny-1b", "big"]
    assert (bank.embedder.model, bank.embedder.dimension) == ("e", 8)


def test_dataset_and_llm_from_the_user(tmp_path: Path) -> None:
    import_([SAMPLES / "lm_eval" / "acme__tiny-1b"], tmp_path / "bank", dataset="facts", llm="me")
    bank = QuestionBank.open(tmp_path / "bank")
    assert {question.dataset for question in bank.questions} == {"facts"}
    assert bank.llms == ["me"]


def test_vectors_of_another_embedder_are_left_out(tmp_path: Path) -> None:
    released = tmp_path / "bank.json"
    released.write_text(
        '{"0": {"question": "Why?", "src": "MATH", "embedding": [1, 2], "model_res": {"a": {"is_correct": true}}}}'
    )
    QuestionBank.create(tmp_path / "bank", EmbedderSpec(model="fake", dimension=2), [])
    report = import_([released], tmp_path / "bank")
    assert (report.questions_new, report.vectors_new) == (1, 0)
    assert report.notes == [
        "bank.json: its vectors are of Linq-AI-Research/Linq-Embed-Mistral, the bank's of fake: left out"
    ]


def test_an_error_halfway_leaves_no_new_bank_and_keeps_an_old_one(tmp_path: Path) -> None:
    broken = lines(tmp_path / "x.jsonl", (SUM, "a", 1))
    broken.write_text(broken.read_text() + '{"question": ')
    with pytest.raises(InputError, match=r"x.jsonl, line 2 is no JSON"):
        import_([broken], tmp_path / "bank")
    assert not (tmp_path / "bank").exists()
    import_([PLAIN], tmp_path / "bank")
    before = content(tmp_path / "bank")
    with pytest.raises(InputError, match=r"x.jsonl, line 2 is no JSON"):
        import_([broken], tmp_path / "bank")
    assert content(tmp_path / "bank") == before


def test_a_text_that_looks_like_an_id_stays_a_text(tmp_path: Path) -> None:
    """ "0" was a question when it came first; the other one's id, which came with it, changes nothing about that."""
    rows = [
        {"id": "0", "question": SUM, "llm": "a", "correct": True},
        {"question": "0", "llm": "a", "correct": False},
        {"question": "0", "llm": "b", "correct": True},
    ]
    (tmp_path / "x.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    import_([tmp_path / "x.jsonl"], tmp_path / "bank")
    before = content(tmp_path / "bank")
    report = import_([tmp_path / "x.jsonl"], tmp_path / "bank", replace=True)
    assert (report.questions_known, report.cells_known, report.conflicts) == (2, 3, 0)
    assert content(tmp_path / "bank") == before


@pytest.mark.parametrize("replace", [False, True])
def test_ids_that_start_anew_in_each_part_of_a_file(tmp_path: Path, replace: bool) -> None:
    texts = [("0", SUM), ("1", "What is 5 + 1?"), ("0", "What is 3 + 3?"), ("1", "What is 7 + 1?")]
    for llm in ("a", "b"):
        rows = [
            {"question": text, "llm": llm, "correct": llm == "a", "id": name, "dataset": "mmlu"} for name, text in texts
        ]
        (tmp_path / f"{llm}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for llms in ("ab", "b", "ba", "a", "abab"):
        report = import_([tmp_path / f"{llm}.jsonl" for llm in llms], tmp_path / "bank", replace=replace)
        assert report.conflicts == 0
        bank = QuestionBank.open(tmp_path / "bank")
        assert bank.correctness(["a", "b"]).tolist() == [[1, 0]] * 4
        assert [question.text for question in bank.questions] == [text for _, text in texts]
        assert len({question.id for question in bank.questions}) == 4


WAITING = """
import sys
from pathlib import Path
from smacs.store.imports import import_

def wait(report):
    print("merging", flush=True)
    sys.stdin.readline()

report = import_([Path(sys.argv[1])], sys.argv[2], on_progress=wait)
print(report.created, report.questions_new, report.questions, report.bank == sys.argv[2])
"""


@pytest.mark.slow
def test_two_imports_that_make_the_same_bank(tmp_path: Path, script: Callable[..., "Popen[str]"]) -> None:
    """Who comes second finds the other's bank there, and imports into it; nobody's work is lost."""
    lines(tmp_path / "one.jsonl", (SUM, "one", 1), ("Mine?", "one", 0))
    lines(tmp_path / "two.jsonl", (SUM, "two", 1), ("Yours?", "two", 1))
    bank = str(tmp_path / "bank")
    first, second = (script(WAITING, str(tmp_path / f"{name}.jsonl"), bank) for name in ("one", "two"))
    for process in (first, second):
        assert process.stdout is not None
        assert process.stdout.readline() == "merging\n"
    assert second.communicate("\n")[0] == "True 2 2 True\n"
    assert first.communicate("\n\n")[0].splitlines()[-1] == "False 1 3 True"
    opened = QuestionBank.open(bank)
    assert {llm: len(opened.evaluations(llm)) for llm in opened.llms} == {"one": 2, "two": 2}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bank", "one.jsonl", "two.jsonl"]


@pytest.mark.slow
def test_an_import_that_is_killed_leaves_no_half_bank(tmp_path: Path, script: Callable[..., "Popen[str]"]) -> None:
    file = lines(tmp_path / "one.jsonl", (SUM, "one", 1))
    process = script(WAITING, str(file), str(tmp_path / "bank"))
    assert process.stdout is not None
    assert process.stdout.readline() == "merging\n"
    process.kill()
    process.wait()
    assert not (tmp_path / "bank").exists()
    assert import_([file], tmp_path / "bank").created
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bank", "one.jsonl"]


def test_an_import_that_fails_leaves_what_another_has_made_meanwhile(tmp_path: Path) -> None:
    good = lines(tmp_path / "good.jsonl", (SUM, "a", 1))
    many = lines(tmp_path / "many.jsonl", *((f"question {i}", "b", 1) for i in range(1001)))

    def meanwhile(report: MergeReport) -> None:
        import_([good], tmp_path / "bank")
        raise InputError("interrupted")

    with pytest.raises(InputError, match="interrupted"):
        import_([many], tmp_path / "bank", on_progress=meanwhile)
    assert QuestionBank.open(tmp_path / "bank").llms == ["a"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bank", "good.jsonl", "many.jsonl"]


def test_a_folder_that_is_no_bank(tmp_path: Path) -> None:
    (tmp_path / "bank").mkdir()
    (tmp_path / "bank" / "mine.txt").write_text("keep")
    with pytest.raises(BankError, match="is no question bank"):
        import_([PLAIN], tmp_path / "bank")
    assert (tmp_path / "bank" / "mine.txt").exists()
