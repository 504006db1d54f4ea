"""Samples as lm-evaluation-harness's own tasks write them: what is the question, what is right, what was said.

Rows and prompts are made up; their fields and the order of continuations are those of the tasks that are named.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from smacs.errors import InputError
from smacs.store.graders import check_label, gradable
from smacs.store.imports.format import ImportOptions
from smacs.store.imports.formats.lm_eval import FORMAT
from smacs.store.merge import Found

LETTERS = ["A", "B", "C", "D"]
ONE = "Question: How many legs has a fly?\nAnswer: six\n\n"  # an example before the question
TOWN = "The ferry to the island sails at nine in the morning."
WHEN = "When does the ferry sail?"
HOURS = ["at six", "at nine", "at noon", "at dusk"]
FOLDED = "(A) at six\n(B) at nine\n(C) at noon\n(D) at dusk"


def sample(
    doc: dict[str, Any], prompt: str | list[str], continuations: list[str], target: Any, best: int = 0, **fields: Any
) -> dict[str, Any]:
    """A sample where `best` is the likeliest continuation; without continuations the LLM wrote "said"."""
    prompts = prompt if isinstance(prompt, list) else [prompt] * max(1, len(continuations))
    calls: list[list[Any]] = [[text, f" {then}"] for text, then in zip(prompts, continuations, strict=False)]
    if not calls:
        calls.append([prompts[0], {}])
    likely: list[Any] = [[str(-1.0 - (i != best)), "False"] for i in range(len(continuations))]
    resps = [[one] for one in likely] if continuations else [["said"]]
    made = {
        "doc_id": 0,
        "doc": doc,
        "target": target if isinstance(target, list) else str(target),
        "arguments": {f"gen_args_{i}": {"arg_0": a, "arg_1": b} for i, (a, b) in enumerate(calls)},
        "resps": resps,
        "filtered_resps": likely or ["said"],
        "filter": "none",
        "metrics": ["acc"],
        "acc": 1.0,
    }
    return made | fields


def write(folder: Path, *samples: dict[str, Any]) -> Path:
    path = folder / "acme__tiny" / "samples_x.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in samples))
    return path


def read(folder: Path, *samples: dict[str, Any], **options: Any) -> list[Found]:
    return list(FORMAT.read(write(folder, *samples), ImportOptions(**options)))


class Case(NamedTuple):
    doc: dict[str, Any]
    prompt: str | list[str]
    continuations: list[str]
    target: Any
    text: str
    label: str | None


def lettered(text: str, names: dict[str, str], right: dict[str, Any], question: str, **doc: Any) -> Case:
    """A task that asks for a letter; `names` are the columns of the options, `right` says which one it is."""
    shown = "\n".join(f"{letter}. {hour}" for letter, hour in zip(LETTERS, HOURS, strict=True))
    prompt = f"{ONE}{TOWN}\n{WHEN}\n{shown}\nAnswer:"
    return Case({question: WHEN, **doc, **names, **right}, prompt, LETTERS, 1, text, "B")


def columns(pattern: str, marks: str) -> dict[str, str]:
    return {pattern.format(mark): hour for mark, hour in zip(marks, HOURS, strict=True)}


ALONE = f"{WHEN}\n{FOLDED}"
ABOUT = f"{TOWN}\n{WHEN}\n{FOLDED}"
PAIR = ["The tide was low.", "The engine failed."]

CASES = {
    "belebele": lettered(
        ABOUT, columns("mc_answer{}", "1234"), {"correct_answer_num": "2"}, "question", flores_passage=TOWN, link="x"
    ),
    "global_mmlu": lettered(
        ALONE, columns("option_{}", "abcd"), {"answer": "B"}, "question", subject_category="Travel"
    ),
    "medqa": lettered(ALONE, columns("ending{}", "0123"), {"label": 1}, "sent1", sent2=""),
    "medmcqa": lettered(ALONE, columns("op{}", "abcd"), {"cop": 1, "exp": "It is on the board."}, "question"),
    "kmmlu": lettered(ALONE, columns("{}", "ABCD"), {"answer": 2}, "question"),
    "mmlu": lettered(ALONE, {}, {"answer": 1}, "question", choices=HOURS),
    "logiqa": lettered(ABOUT, {}, {"label": "b"}, "question", options=HOURS, context=TOWN),
    "arc with letters": lettered(
        ALONE, {}, {"answerKey": "2"}, "question", choices={"text": HOURS, "label": list("1234")}
    ),
    "cmmlu": lettered(ALONE, columns("{}", "ABCD"), {"Answer": "B"}, "Question"),
    "only the prompt has them": lettered(ALONE, {}, {"answer": "B"}, "question"),
    "an array in a text": lettered(ALONE, {}, {"answer": 1}, "question", options=json.dumps(HOURS)),
    "gpqa": Case(
        {"Question": WHEN, **columns("choice{}", "1234"), "answer": "(B)"},
        WHEN,
        ["(A)", "(B)", "(C)", "(D)"],
        "(B)",
        ALONE,
        "B",
    ),
    "numbers for letters": Case({"question": WHEN, "choices": HOURS}, WHEN, ["1", "2", "3", "4"], 1, ALONE, "B"),
    "letters of another script": Case({"question": WHEN, "choices": HOURS}, WHEN, list("أبجد"), 1, ALONE, "B"),
    "letters the other way round": Case(
        {"question": "Is it?", "option_a": "yes", "option_b": "no"},
        "Is it?",
        ["B", "A"],
        0,
        "Is it?\n(A) yes\n(B) no",
        "B",
    ),
    "numbers that are the options": Case(
        {"question": "2 + 2?"}, "2 + 2?", ["3", "4", "7"], 1, "2 + 2?\n(A) 3\n(B) 4\n(C) 7", "B"
    ),
    "arc": Case(
        {"question": WHEN, "choices": {"text": HOURS, "label": LETTERS}, "answerKey": "B"},
        f"Question: {WHEN}\nAnswer:",
        HOURS,
        1,
        ALONE,
        "B",
    ),
    "hellaswag": Case(
        {
            "ctx": "A man",
            "query": "Rowing: A man",
            "choices": ["rows", "flies"],
            "gold": 0,
            "endings": ["rows.", "flies."],
        },
        "Rowing: A man",
        ["rows", "flies"],
        0,
        "Rowing: A man\n(A) rows\n(B) flies",
        "A",
    ),
    "piqa": Case(
        {"goal": "Boil an egg", "sol1": "In water", "sol2": "In sand", "label": 1},
        "Question: Boil an egg\nAnswer:",
        ["In water", "In sand"],
        1,
        "Boil an egg\n(A) In water\n(B) In sand",
        "B",
    ),
    "copa": Case(
        {"premise": "The boat stopped.", "question": "cause", "choice1": PAIR[0], "choice2": PAIR[1], "label": 1},
        "The boat stopped because",
        [text[0].lower() + text[1:] for text in PAIR],
        " the engine failed.",
        "The boat stopped.\nWhat was the cause?\n(A) The tide was low.\n(B) The engine failed.",
        "B",
    ),
    "winogrande": Case(
        {"sentence": "The boat hit the pier as the _ was fast.", "option1": "boat", "option2": "pier", "answer": "1"},
        ["The boat hit the pier as the boat", "The boat hit the pier as the pier"],
        ["was fast."] * 2,
        "was fast.",
        "The boat hit the pier as the _ was fast.\n(A) boat\n(B) pier",
        "A",
    ),
    "social_iqa": Case(
        {"context": TOWN, "question": WHEN, "answerA": "early", "answerB": "late", "answerC": "never", "label": "1"},
        f"Q: {TOWN} {WHEN}\nA:",
        ["early", "late", "never"],
        0,
        f"{TOWN}\n{WHEN}\n(A) early\n(B) late\n(C) never",
        "A",
    ),
    "race": Case(
        {
            "article": TOWN,
            "problems": str(
                [
                    {"question": "Where to?", "answer": "A", "options": ["the island", "home", "a", "b"]},
                    {"question": WHEN, "answer": "B", "options": HOURS},
                ]
            ),
        },
        f"Article: {TOWN}\n\nQuestion: Where to?\nAnswer: the island\n{WHEN}",
        HOURS,
        1,
        ABOUT,
        "B",
    ),
    "swag": Case(
        {
            "startphrase": "A man lifts. He",
            "sent1": "A man lifts.",
            "sent2": "He",
            **columns("ending{}", "0123"),
            "label": 1,
        },
        "A man lifts. He",
        HOURS,
        1,
        f"A man lifts. He\n{FOLDED}",
        "B",
    ),
    "sciq": Case(
        {
            "question": WHEN,
            "support": TOWN,
            "distractor1": "a",
            "distractor2": "b",
            "distractor3": "c",
            "correct_answer": "d",
        },
        f"{TOWN}\nQuestion: {WHEN}\nAnswer:",
        ["at a", "at b", "at c", "at d"],
        3,
        f"{TOWN}\n{WHEN}\n(A) at a\n(B) at b\n(C) at c\n(D) at d",
        "D",
    ),
    "truthfulqa_mc1": Case(
        {"question": WHEN, "mc1_targets": {"choices": HOURS, "labels": [1, 0, 0, 0]}},
        f"{ONE}Q: {WHEN}\nA:",
        HOURS,
        0,
        ALONE,
        "A",
    ),
    "truthfulqa_mc2, several of which are right": Case(
        {"question": WHEN, "mc2_targets": {"choices": HOURS, "labels": [1, 1, 0, 0]}},
        f"{ONE}Q: {WHEN}\nA:",
        HOURS,
        0,
        ALONE,
        None,
    ),
    "boolq": Case(
        {"passage": TOWN, "question": "is it early", "label": 0},
        f"{TOWN}\nQuestion: is it early?\nAnswer:",
        ["no", "yes"],
        0,
        f"{TOWN}\nis it early\n(A) no\n(B) yes",
        "A",
    ),
    "pubmedqa": Case(
        {"QUESTION": "Does it?", "CONTEXTS": ["We asked.", "They said."], "final_decision": "yes"},
        "Abstract: We asked.\nThey said.\nQuestion: Does it?\nAnswer:",
        ["yes", "no", "maybe"],
        "yes",
        "We asked.\nThey said.\nDoes it?\n(A) yes\n(B) no\n(C) maybe",
        "A",
    ),
    "qa4mre": Case(
        {
            "document_str": TOWN,
            "question_str": WHEN,
            "answer_options": {"answer_id": list("1234"), "answer_str": HOURS},
        },
        f"{TOWN}\nQuestion: {WHEN}\nAnswer:",
        HOURS,
        1,
        ABOUT,
        "B",
    ),
    "xnli": Case(
        {"premise": "It rains.", "hypothesis": "It is wet.", "label": 0},
        "",
        ["It rains., right? Yes, It is wet.", "It rains., right? No, It is wet."],
        0,
        "It rains.\nIt is wet.\n(A) It rains., right? Yes, It is wet.\n(B) It rains., right? No, It is wet.",
        "A",
    ),
    "wic": Case(
        {"word": "bank", "sentence1": "He sat on the bank there.", "sentence2": "The bank is closed now.", "label": 0},
        "Sentence 1: He sat on the bank there.\nSentence 2: The bank is closed now.\nQuestion: The same?\nAnswer:",
        ["no", "yes"],
        0,
        "He sat on the bank there.\nSentence 2: The bank is closed now.\nQuestion: The same?\n(A) no\n(B) yes",
        "A",
    ),
    "storycloze": Case(
        {
            **{f"input_sentence_{i}": f"And then came part {i} of it." for i in (1, 2)},
            "sentence_quiz1": "End.",
            "sentence_quiz2": "Go on.",
        },
        "And then came part 1 of it. And then came part 2 of it.",
        ["End.", "Go on."],
        1,
        "And then came part 1 of it. And then came part 2 of it.\n(A) End.\n(B) Go on.",
        "B",
    ),
    "mathqa": Case(
        {"Problem": "What is 2 x 19?", "options": "a ) 38 , b ) 40", "correct": "a"},
        "Question: What is 2 x 19?\nAnswer:",
        ["38", "40"],
        0,
        "What is 2 x 19?\n(A) 38\n(B) 40",
        "A",
    ),
    "agieval": Case(
        {
            "query": f"Q: {WHEN} Answer Choices: (A)at six (B)at nine\nA: Among A through B, the answer is",
            "choices": ["(A)at six", "(B)at nine"],
            "gold": [1],
        },
        f"Q: {WHEN} Answer Choices: (A)at six (B)at nine\nA: Among A through B, the answer is",
        ["(A)at six", "(B)at nine"],
        [1],
        f"Q: {WHEN} Answer Choices: (A)at six (B)at nine\nA: Among A through B, the answer is",
        "B",
    ),
    "lambada": Case(
        {"text": "She took the boat to the island"},
        "She took the boat to the",
        ["island"],
        " island",
        "She took the boat to the",
        None,
    ),
    "asdiv": Case(
        {"body": "Nine boats lie there.", "question": "How many boats?", "answer": "9 (boats)", "formula": "9=9"},
        "Nine boats lie there.\nQuestion:How many boats?\nAnswer:",
        ["9"],
        "9",
        "Nine boats lie there.\nHow many boats?",
        "9",
    ),
    "drop": Case(
        {"passage": TOWN, "question": WHEN, "answers": [["nine"]]},
        f"{TOWN} {WHEN}",
        [],
        "nine",
        f"{TOWN}\n{WHEN}",
        None,
    ),
    "squad": Case(
        {"title": "Ferry", "context": TOWN, "question": WHEN},
        f"Background: {TOWN}\n\n{WHEN}",
        [],
        "['nine']",
        f"{TOWN}\n{WHEN}",
        None,
    ),
    "a passage under another name": Case(
        {"timetable": TOWN, "question": WHEN, "rationale": "It says so in the timetable."},
        f"{ONE}{TOWN} {WHEN}",
        [],
        "9",
        f"{TOWN}\n{WHEN}",
        "9",
    ),
    "a passage that was not asked with it": Case(
        {"context": TOWN, "question": WHEN}, f"Q: {WHEN}\nA:", [], "9", WHEN, "9"
    ),
    "gsm8k": Case(
        {"question": "3 x 4?", "answer": "3 x 4 = 12\n#### 12"}, "Q: 3 x 4?", [], "3 x 4 = 12\n#### 12", "3 x 4?", "12"
    ),
    "mgsm": Case(
        {"question": "3 x 4?", "answer": None},
        "Q: 3 x 4?",
        [],
        "Step-by-Step Answer: 3 x 4. The answer is 12.",
        "3 x 4?",
        "12",
    ),
    "hendrycks_math": Case({"problem": "Solve."}, "Solve.", [], r"So $\boxed{\frac{1}{2}}$.", "Solve.", r"\frac{1}{2}"),
    "bbh": Case(
        {"input": "Which?\nOptions:\n(A) one\n(B) two", "target": "(B)"},
        "Q: Which?",
        [],
        "(B)",
        "Which?\nOptions:\n(A) one\n(B) two",
        "B",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_question_and_what_is_right(case: Case, tmp_path: Path) -> None:
    found = read(tmp_path, sample(case.doc, case.prompt, case.continuations, case.target))[0]
    assert (found.question.text, found.question.label) == (case.text, case.label)
    assert gradable(found.question) == (case.label is not None)
    if case.label is not None:
        check_label(found.question)


@pytest.mark.parametrize(
    ("continuations", "best", "said"),
    [
        (LETTERS, 2, ("C", "C")),
        (HOURS, 2, ("at noon", "C")),
        (HOURS[:1], 0, ("", None)),  # how likely one text is, is no reply
    ],
)
def test_the_likeliest_continuation_is_the_reply(
    continuations: list[str], best: int, said: tuple[str, str | None], tmp_path: Path
) -> None:
    found = read(tmp_path, sample({"question": WHEN, "choices": HOURS}, WHEN, continuations, 2, best))[0]
    cell = found.evaluations["acme/tiny"]
    assert (cell.response, cell.answer) == said


def test_the_likeliest_per_character_where_that_is_the_grade(tmp_path: Path) -> None:
    made = sample(
        {"question": "Which?"}, "Which?", ["ab", "a longer one"], 1, metrics=["acc", "acc_norm"], acc_norm=1.0
    )
    made["resps"] = [[["-2.0", "False"]], [["-3.0", "False"]]]  # -1 a character, -0.25 a character
    assert read(tmp_path, made)[0].evaluations["acme/tiny"].answer == "A"
    assert read(tmp_path, made, metric="acc_norm")[0].evaluations["acme/tiny"].answer == "B"


def test_continuations_that_were_asked_twice_for_mutual_information(tmp_path: Path) -> None:
    made = sample({"question": WHEN}, [WHEN] * 4 + [""] * 4, HOURS * 2, 1, 1)
    found = read(tmp_path, made)[0]
    assert (found.question.text, found.evaluations["acme/tiny"].answer) == (ALONE, "B")


def test_letters_whose_options_are_nowhere(tmp_path: Path) -> None:
    notes: list[str] = []
    found = read(tmp_path, sample({"question": WHEN}, WHEN, LETTERS, 1, 1), note=notes.append)[0]
    assert (found.question.text, found.question.label, found.question.grader) == (WHEN, None, "")
    assert found.evaluations["acme/tiny"].answer == "B"
    assert len(notes) == 1 and "1 questions were answered by letter and their options are nowhere" in notes[0]


def test_equal_questions_over_different_passages_are_different(tmp_path: Path) -> None:
    made = [sample({"body": f"Boat {i} lies there.", "question": WHEN}, "", [], str(i)) for i in range(3)]
    assert (
        len(
            {item.question.id for item in read(tmp_path, *made)}
            | {item.question.text for item in read(tmp_path, *made)}
        )
        == 4
    )


@pytest.mark.parametrize(
    ("scores", "chosen"),
    [
        ({"acc": 1.0, "f1": [0, 1]}, "acc"),  # the second is for the whole set
        ({"em": 1.0, "f1": 0.5}, "em"),
        ({"eqbench": 0.5, "percent_parseable": 1.0}, "eqbench"),
        ({"acc": 0.0, "acc_norm": 1.0}, "acc"),
        ({"brier_score": [0, [1.0]], "acc_norm": 1.0}, "acc_norm"),
        ({"perplexity": -2.0, "acc": True}, "acc"),
    ],
)
def test_one_of_several_scores(scores: dict[str, Any], chosen: str, tmp_path: Path) -> None:
    made = sample({"question": WHEN}, WHEN, [], "9", **scores, metrics=list(scores))
    cell = read(tmp_path, made)[0].evaluations["acme/tiny"]
    assert abs(cell.correct - float(scores[chosen])) < 1e-9


def test_scores_of_the_whole_set_are_no_grades(tmp_path: Path) -> None:
    made = sample({"text": "Ada sailed on Monday"}, "", [], "Ada", metrics=["f1"], f1=["PER: Ada", ["per: ada"]])
    with pytest.raises(
        InputError, match=r"f1: lm-evaluation-harness computes this over the whole set.*Leave this file out"
    ):
        read(tmp_path, made)
    with pytest.raises(InputError, match=r"f1: .*whole set.*Choose another score with --metric"):
        read(tmp_path, made | {"metrics": ["f1", "acc"]}, metric="f1")


@pytest.mark.slow
def test_ifeval_is_graded_by_its_own_checks(tmp_path: Path) -> None:
    pytest.importorskip("lm_eval", reason="the extra `bench` is not installed")
    doc = {
        "key": 1,
        "prompt": "Write. No commas.",
        "instruction_id_list": ["punctuation:no_comma"],
        "kwargs": [{"num_words": None}],
    }
    question = read(tmp_path, sample(doc, "Write. No commas.", [], "1", metrics=["acc"]))[0].question
    assert (question.grader, question.task) == ("ifeval", "instruction")
    assert question.label == {"instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}
