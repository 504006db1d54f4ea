"""Prompt templates: the messages that referencers and aggregators get."""

from pathlib import Path

import pytest

from smacs.pool.errors import InputError
from smacs.pool.prompts import Prompts

SHIPPED = Prompts.load()
HISTORY = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]


def test_the_shipped_tasks() -> None:
    assert SHIPPED.tasks == ("choice", "code", "instruction", "math", "open")
    assert "\\boxed{}" in SHIPPED.messages("math", "1 + 1?")[0]["content"]
    assert "The answer is (X)" in SHIPPED.messages("choice", "Which?")[0]["content"]
    assert "```python" in SHIPPED.messages("code", "Write f.")[0]["content"]


def test_an_instruction_goes_alone() -> None:
    assert SHIPPED.messages("instruction", "Say hi.") == [{"role": "user", "content": "Say hi."}]


def test_system_history_and_question_come_in_this_order(tmp_path: Path) -> None:
    (tmp_path / "math.md").write_text("# System\nYou count.\n\n# Format\n\nBox {it}.\n")
    prompts = Prompts.load(tmp_path)
    assert prompts.messages("math", "1 + {x}?", system="Be kind.", history=HISTORY) == [
        {"role": "system", "content": "Be kind.\n\nYou count.\n\nBox {it}."},
        *HISTORY,
        {"role": "user", "content": "1 + {x}?"},
    ]
    assert prompts.messages("open", "Q") == SHIPPED.messages("open", "Q")


def test_the_aggregator_sees_numbered_references_and_the_tasks_format(tmp_path: Path) -> None:
    (tmp_path / "aggregator.md").write_text("Merge:\n{references}\n")
    messages = Prompts.load(tmp_path).aggregation("math", "Q?", ["a {references} {x}", "b\n"], "Be kind.", HISTORY)
    format_rule = SHIPPED.templates["math"].format
    assert messages == [
        {"role": "system", "content": f"Be kind.\n\nMerge:\n1. a {{references}} {{x}}\n\n2. b\n\n{format_rule}"},
        *HISTORY,
        {"role": "user", "content": "Q?"},
    ]


def test_prompts_with_the_same_leading_references_share_their_beginning() -> None:
    first, second = (
        SHIPPED.aggregation("math", "Q?", ["alpha", "beta", last])[0]["content"] for last in ("gamma", "delta")
    )
    shared = first.index("gamma")
    assert first[:shared] == second[:shared] and "2. beta" in first[:shared]


def test_the_id_changes_with_the_text_and_only_then(tmp_path: Path) -> None:
    (tmp_path / "math.md").write_text("# System\n\n# Format\n\nBe short.\n")
    changed = Prompts.load(tmp_path)
    assert changed.id("open") == SHIPPED.id("open")
    assert changed.id("math") != SHIPPED.id("math")
    assert changed.id("math").startswith("math-") and len(changed.id("math")) == len("math-") + 8


def test_a_folder_may_add_a_task(tmp_path: Path) -> None:
    (tmp_path / "law.md").write_text("# System\nYou know the law.\n# Format\n")
    assert Prompts.load(tmp_path).messages("law", "Q")[0]["content"] == "You know the law."


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("math.md", "You count.", "sections '# System' and '# Format'.*got none"),
        ("math.md", "# System\nYou count.", "got System"),
        ("math.md", "# Format\n\n# System\n\n# Format\n", "got Format, System, Format"),
        ("aggregator.md", "Merge them.", r"contains \{references\}"),
    ],
)
def test_an_unusable_file_is_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=f"{name}: expected .*{message}"):
        Prompts.load(tmp_path)


def test_an_unknown_task_or_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="choice, code, instruction, math, open; got 'poetry'"):
        SHIPPED.messages("poetry", "Q")
    with pytest.raises(InputError, match="folder of prompt files"):
        Prompts.load(tmp_path / "none")
