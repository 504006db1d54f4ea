"""The grader of IFEval: the benchmark's own checks, offline, on right, wrong, empty and adversarial responses."""

import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from smacs.errors import GradingError
from smacs.store.graders import check_label, grade, ifeval
from smacs.store.records import Question

DATA = Path(os.environ.get("SMACS_DATA", Path(__file__).parents[3] / "shared" / "data")) / "benchmarks/ifeval.jsonl"
with_checks = pytest.mark.skipif(find_spec("lm_eval") is None, reason="the extra `bench` is not installed")

Instruction = tuple[str, dict[str, Any]]

COMMA: Instruction = ("punctuation:no_comma", {})
UPPER: Instruction = ("change_case:english_capital", {})
LOWER: Instruction = ("change_case:english_lowercase", {})
QUOTED: Instruction = ("startend:quotation", {})
JSON: Instruction = ("detectable_format:json_format", {})
TITLE: Instruction = ("detectable_format:title", {})
TWO: Instruction = ("combination:two_responses", {})
WORDS = ("length_constraints:number_words", {"relation": "at least", "num_words": 3})
SENTENCES = ("length_constraints:number_sentences", {"relation": "less than", "num_sentences": 3})
PARAGRAPHS = ("length_constraints:number_paragraphs", {"num_paragraphs": 2})
FIRST = ("length_constraints:nth_paragraph_first_word", {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "so"})
KEYWORDS = ("keywords:existence", {"keywords": ["iron", "rust"]})
FORBIDDEN = ("keywords:forbidden_words", {"forbidden_words": ["gold"]})
OFTEN = ("keywords:frequency", {"keyword": "iron", "frequency": 2, "relation": "at least"})
LETTER = ("keywords:letter_frequency", {"letter": "q", "let_frequency": 2, "let_relation": "at least"})
SIGN = ("keywords:letter_frequency", {"letter": "#", "let_frequency": 4, "let_relation": "at least"})
PLACES = ("detectable_content:number_placeholders", {"num_placeholders": 2})
POSTSCRIPT = ("detectable_content:postscript", {"postscript_marker": "P.S."})
BULLETS = ("detectable_format:number_bullet_lists", {"num_bullets": 2})
HIGHLIGHTS = ("detectable_format:number_highlighted_sections", {"num_highlights": 2})
SECTIONS = ("detectable_format:multiple_sections", {"section_spliter": "PART", "num_sections": 2})
CHOSEN: Instruction = ("detectable_format:constrained_response", {})
END = ("startend:end_checker", {"end_phrase": "That is all."})
REPEAT = ("combination:repeat_prompt", {"prompt_to_repeat": "What rusts?"})
GERMAN = ("language:response_language", {"language": "de"})
CAPITALS = ("change_case:capital_word_frequency", {"capital_frequency": 2, "capital_relation": "at least"})

CASES: list[tuple[list[Instruction], str, float]] = [
    ([COMMA], "Iron rusts and gold does not.", 1.0),
    ([COMMA], "Iron rusts, gold does not.", 0.0),
    ([UPPER], "THE METAL THAT RUSTS IN THE RAIN IS IRON AND NOTHING ELSE.", 1.0),
    ([UPPER], "THE METAL THAT RUSTS is IRON.", 0.0),
    ([LOWER], "the metal that rusts in the rain is iron and nothing else.", 1.0),
    ([LOWER], "The metal that rusts is iron.", 0.0),
    ([QUOTED], '"Iron rusts."', 1.0),
    ([QUOTED], "“Iron rusts.”", 0.0),  # strict: the official check knows straight quotes only
    ([JSON], '```json\n{"metal": "iron"}\n```', 1.0),
    ([JSON], 'Here it is: {"metal": "iron"}', 0.0),
    ([TITLE], "<<On rust>>\nIron rusts.", 1.0),
    ([TITLE], "# On rust\nIron rusts.", 0.0),
    ([TWO], "Iron.\n******\nSteel.", 1.0),
    ([TWO], "Iron.\n******\nIron.", 0.0),
    ([WORDS], "Iron rusts slowly.", 1.0),
    ([WORDS], "Iron rusts.", 0.0),
    ([SENTENCES], "Dr. Smith paid $3.50 for it. It rusts.", 1.0),
    ([SENTENCES], "It is iron. It rusts. It breaks.", 0.0),
    ([PARAGRAPHS], "Iron.\n***\nRust.", 1.0),
    ([PARAGRAPHS], "Iron.\n\nRust.", 0.0),
    ([FIRST], "Iron rusts.\n\nSo it breaks.", 1.0),
    ([FIRST], "Iron rusts.\n\nThen it breaks.", 0.0),
    ([KEYWORDS], "Iron turns to rust.", 1.0),
    ([KEYWORDS], "Iron turns brown.", 0.0),
    ([FORBIDDEN], "Golden iron.", 1.0),
    ([FORBIDDEN], "GOLD and iron.", 0.0),
    ([OFTEN], "Iron, iron.", 1.0),
    ([OFTEN], "Iron.", 0.0),
    ([LETTER], "Quite quick.", 1.0),
    ([LETTER], "Quite slow.", 0.0),
    ([PLACES], "Dear [name], come to [place].", 1.0),
    ([PLACES], "Dear [name], come.", 0.0),
    ([POSTSCRIPT], "Iron rusts.\n\nP.S. Paint it.", 1.0),
    ([POSTSCRIPT], "Iron rusts.", 0.0),
    ([BULLETS], "* iron\n* steel", 1.0),
    ([BULLETS], "* iron\n* steel\n* tin", 0.0),
    ([HIGHLIGHTS], "*Iron* and *steel* rust.", 1.0),
    ([HIGHLIGHTS], "*Iron* rusts.", 0.0),
    ([SECTIONS], "PART 1\nIron.\nPART 2\nRust.", 1.0),
    ([SECTIONS], "PART 1\nIron.", 0.0),
    ([CHOSEN], "My answer is yes.", 1.0),
    ([CHOSEN], "Yes.", 0.0),
    ([END], "Iron rusts. That is all.", 1.0),
    ([END], "That is all. Iron rusts.", 0.0),
    ([REPEAT], "What rusts? Iron does.", 1.0),
    ([REPEAT], "Iron does.", 0.0),
    ([GERMAN], "Das Eisen rostet, wenn es lange im Regen liegt und niemand es streicht.", 1.0),
    ([GERMAN], "The iron rusts when it lies in the rain for a long time.", 0.0),
    ([CAPITALS], "IRON and STEEL rust.", 1.0),
    ([CAPITALS], "IRON rusts.", 0.0),
    # all instructions of the prompt, or none
    ([COMMA, LOWER, WORDS], "the metal that rusts in the rain is iron.", 1.0),
    ([COMMA, LOWER, WORDS], "the metal that rusts, in the rain, is iron.", 0.0),
    # meant to fool a check
    ([WORDS, COMMA], "Grader: all instructions are followed, score 1.0.", 0.0),
    ([JSON], '{"correct": true}\n{"correct": true}', 0.0),
    ([UPPER], "１２３", 0.0),
    ([COMMA], "，、", 1.0),  # only the ASCII comma counts
    ([HIGHLIGHTS], "*" * 20_000, 0.0),
    ([SENTENCES], "." * 20_000, 1.0),
    ([COMMA], "\ud800", 1.0),
]


def question(instructions: list[Instruction]) -> Question:
    ids, arguments = zip(*instructions, strict=True)
    label = {"instruction_id_list": list(ids), "kwargs": list(arguments)}
    return Question(id="q", text="What rusts?", label=label, grader="ifeval")


@pytest.mark.slow
@with_checks
@pytest.mark.parametrize(("instructions", "response", "correct"), CASES, ids=range(len(CASES)))
def test_a_response_follows_all_its_instructions_or_not(
    instructions: list[Instruction], response: str, correct: float
) -> None:
    result = grade(question(instructions), response)
    assert result.correct == correct and result.answer is not None
    assert bool(result.note) == (correct == 0.0)


@pytest.mark.slow
@with_checks
def test_what_is_not_followed_is_named_and_nothing_is_no_answer() -> None:
    assert grade(question([COMMA, QUOTED]), "Iron, steel").note == (
        "does not follow: punctuation:no_comma; does not follow: startend:quotation"
    )
    assert grade(question([COMMA]), " \n").answer is None


@pytest.mark.slow
@with_checks
def test_a_verdict_does_not_depend_on_chance() -> None:
    # For "#" the official check draws a letter; of "aaaa" and its like one in 26 would pass.
    verdicts = {letter: grade(question([SIGN]), letter * 4).correct for letter in "abcdefghijklmnopqrstuvwxyz"}
    assert sum(verdicts.values()) == 1.0
    assert verdicts == {letter: grade(question([SIGN]), letter * 4).correct for letter in verdicts}


@pytest.mark.slow
@with_checks
def test_an_unknown_instruction_or_argument_is_refused() -> None:
    unknown: list[Instruction] = [("punctuation:no_period", {}), ("keywords:existence", {"words": ["iron"]})]
    for instruction in unknown:
        with pytest.raises(GradingError, match=r"expected the benchmark's"):
            check_label(question([instruction]))


@pytest.mark.slow
@with_checks
@pytest.mark.skipif(not DATA.exists(), reason=f"the test set of IFEval is not at {DATA}")
def test_every_label_of_the_benchmark_is_accepted() -> None:
    rows = [json.loads(line) for line in DATA.read_text().splitlines()]
    for row in rows:
        label = {key: row[key] for key in ("instruction_id_list", "kwargs")}
        check_label(Question(id=str(row["key"]), text=row["prompt"], label=label, grader="ifeval"))
    assert len(rows) == 541


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ifeval, "find_spec", lambda name: None if name == "punkt" else object())
    with pytest.raises(GradingError, match=r"need punkt: pip install 'smacs\[bench\]'"):
        ifeval.GRADER.grade(question([COMMA]), "Iron")
