"""Reading the question: from `question`, or from a conversation whose last human message it is."""

from typing import TYPE_CHECKING, Any

from typing_extensions import TypedDict

from smacs.pool.errors import InputError
from smacs.pool.prompts import Message
from smacs.pool.tokens import estimate_tokens

if TYPE_CHECKING:
    from smacs.pool.pool import Pool

_PROMPT_RESERVE = 256  # tokens of prompt templates and of at least something of the references


class Asked(TypedDict, total=False):
    """What `retrieve` reads: the question, or a conversation whose last human message is the question.

    `dataset` is the data set of the bank that the question belongs to, where the caller knows it.
    """

    question: str
    messages: list[Any]
    task: str
    system: str
    dataset: str


def read_question(state: Asked) -> dict[str, Any]:
    """The question, its task and data set, the caller's system prompt and the turns before it, as plain data.

    Raises InputError when there is no question.
    """
    question, history = state.get("question") or "", list[Message]()
    system = [state.get("system") or ""]
    if not question:
        turns = [_turn(message) for message in state.get("messages") or []]
        system += [text for role, text in turns if role == "system"]
        talk = [{"role": role, "content": text} for role, text in turns if role in ("user", "assistant") and text]
        last = max((i for i, turn in enumerate(talk) if turn["role"] == "user"), default=-1)
        question = talk[last]["content"] if last >= 0 else ""
        history = talk[:last] if last >= 0 else []
    if not question.strip():
        raise InputError("The question is empty. Expected text in `question`, or a human message in `messages`.")
    joined = "\n\n".join(part for part in system if part)
    return {
        "question": question.strip(),
        "task": state.get("task") or "open",
        "system": joined,
        "history": history,
        "dataset": state.get("dataset") or "",
    }


def check_length(question: str, pool: "Pool") -> None:
    """Raise InputError when no aggregator's context window can hold the question beside a reply."""
    room, name = max((llm.window, llm.name) for llm in pool.aggregators)
    tokens = estimate_tokens(question)
    if tokens + _PROMPT_RESERVE > room:
        raise InputError(
            f"The question is too long: {len(question):,} characters, about {tokens:,} tokens, but the context "
            f"window of {name} holds {room:,}. Shorten it, or name an aggregator with a longer window in the pool file."
        )


def _turn(message: Any) -> tuple[str, str]:
    """Role (user, assistant, system or another) and text of a message in any of LangChain's forms."""
    from langchain_core.messages import convert_to_messages

    made = convert_to_messages([message])[0]
    roles = {"human": "user", "ai": "assistant", "system": "system"}
    return roles.get(made.type, made.type), made.text.strip()
