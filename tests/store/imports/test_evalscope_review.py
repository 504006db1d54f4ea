"""The question inside prompts that a tool wrapped."""

from hypothesis import given
from hypothesis import strategies as st

from smacs.store.imports.formats._evalscope_review import Frame, common_frame, split_options

RULE = "Answer the following question. The letter is one of {}. Think step by step before answering."
LINES = st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1), min_size=1, max_size=4)


def test_instructions_before_and_after_go() -> None:
    prompts = [f"Solve it.\n\n{question}\n\nRemember the box." for question in ("What is 2 + 2?", "Who?\nWhy?")]
    frame = common_frame(prompts)
    assert [frame.inside(prompt) for prompt in prompts] == ["What is 2 + 2?", "Who?\nWhy?"]


def test_the_letters_to_choose_from_may_differ() -> None:
    prompts = [
        f"{RULE.format('A,B')}\n\nQuestion:\nIs it?\nOptions:\nA) yes\nB) no",
        f"{RULE.format('A,B,C')}\n\nQuestion:\nWhich?\nOptions:\nA) one\nB) two\nC) none of these",
        f"{RULE.format('A,B,C')}\n\nQuestion:\nWhat?\nOptions:\nA) four\nB) five\nC) none of these",
    ]
    frame = common_frame(prompts)
    assert [split_options(frame.inside(prompt)) for prompt in prompts] == [
        ("Is it?", ["yes", "no"]),
        ("Which?", ["one", "two", "none of these"]),
        ("What?", ["four", "five", "none of these"]),
    ]


def test_a_single_question_keeps_its_prompt() -> None:
    assert common_frame(["Solve it.\nWhat?", "Solve it.\nWhat?"]) == Frame(0, 0)
    assert common_frame([]) == Frame(0, 0)


def test_one_prompt_within_another() -> None:
    prompts = ["What?", "What?\nAnd why?"]
    frame = common_frame(prompts)
    assert [frame.inside(prompt) for prompt in prompts] == ["What?", "What?\nAnd why?"]


def test_what_prompts_share_of_the_question_stays() -> None:
    passage = "The ferry sails at nine.\n"
    asked = [f"{passage}{question}\nWhich of these is true?" for question in ("It is early.", "It is late.")]
    prompts = [f"Answer the question with one letter.\n\n{text}\n\nANSWER:" for text in asked]
    frame = common_frame(prompts)
    assert [frame.inside(prompt) for prompt in prompts] == asked
    code = [f"```python\nimport math\n\ndef {name}(x):\n    pass\n```" for name in ("root", "twice")]
    frame = common_frame(code)
    assert [frame.inside(prompt) for prompt in code] == code


def test_examples_that_are_announced_go_with_their_instruction() -> None:
    shown = "Here are some examples of how to answer similar questions:\n\nHow many?\n\nANSWER: 7\n\nNow answer:\n\n"
    prompts = [f"{shown}What is {i} + 2?\nSay why." for i in (1, 2)]
    frame = common_frame(prompts)
    assert [frame.inside(prompt) for prompt in prompts] == [f"What is {i} + 2?\nSay why." for i in (1, 2)]


def test_options() -> None:
    assert split_options("A) of the two\nis right?") == ("A) of the two\nis right?", [])
    assert split_options("问题：谁？\n选项：\nA) 甲\nB) 乙") == ("谁？", ["甲", "乙"])
    assert split_options("Which?\n(A) one\nline\n(B) two") == ("Which?", ["one\nline", "two"])
    assert split_options("Why?") == ("Why?", [])


@given(LINES, LINES, LINES, LINES)
def test_nothing_of_a_question_that_differs_is_lost(
    before: list[str], after: list[str], one: list[str], other: list[str]
) -> None:
    """What is taken off is the same for both, so that different prompts stay different."""
    prompts = ["\n".join([*before, *question, *after]) for question in (one, other)]
    frame = common_frame(prompts)
    inside = [frame.inside(prompt) for prompt in prompts]
    assert all(text in prompt for text, prompt in zip(inside, prompts, strict=True))
    if prompts[0] != prompts[1]:
        assert inside[0] != inside[1]
