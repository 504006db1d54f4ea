"""The settings of one question, with the paper's values (A.3) as defaults."""

from math import ceil
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

PAPER = "rps"  # the paper's own selector


class Form(BaseModel):
    """Settings, or those of them that one system uses."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth(cls, value: Any) -> Any:
        """No setting is a yes or no; Python would count them as 1 and 0."""
        if isinstance(value, bool):
            raise ValueError("expected a number or a text, not true or false")
        return value


class Settings(Form):
    """How one question is answered. Symbols as in docs/method.md."""

    k: int = Field(default=7, ge=1, description="K: how many LLMs answer as referencers.")
    k_drop: int = Field(default=1, ge=0, description="How many references each subset leaves out; smaller than K.")
    drop: Literal["prior", "random"] = Field(
        default="prior", description="Which references a subset leaves out: likelier those of low prior, or any."
    )
    n: int = Field(default=8, ge=1, le=256, description="n: how many subsets, and so candidates, are made.")
    n_base: int = Field(
        default=400, ge=1, description="N_sup_base: the support threshold comes from this nearest bank question."
    )
    gamma: float = Field(
        default=0.95, ge=0, le=1, description="Support threshold as a share of that question's similarity."
    )
    selector: str = Field(
        default=PAPER, description="What ranks the LLMs before they are called; `smacs bank rank` compares them."
    )
    lam: float = Field(default=1.0, ge=0, description="lambda: weight of the perplexity term in the posterior score.")
    perplexity: Literal["paper", "bounded"] = Field(
        default="paper",
        description="The perplexity term: 1 - PPL as in the paper, or 1/PPL, which stays within (0, 1].",
    )
    temperature: float = Field(
        default=0.7, ge=0, le=2, description="Sampling temperature, where an LLM has none of its own."
    )
    presence_penalty: float = Field(
        default=1.05, ge=-2, le=2, description="Presence penalty, where an LLM has none of its own."
    )
    max_tokens: int = Field(default=8192, ge=1, description="Output tokens of one call, thinking included.")
    quorum: int | None = Field(
        default=None,
        ge=1,
        description="References that are enough once half the deadline is over. Default: half of K, rounded up.",
    )
    deadline: float = Field(default=600.0, gt=0, description="Seconds for the whole question.")
    aggregator: str | None = Field(
        default=None, description="LLM that aggregates. Default: the pool's first that works."
    )
    llm: str | None = Field(
        default=None, description="LLM that answers, where one does so alone. Default: the best on the bank."
    )
    seed: int | None = Field(
        default=None, ge=0, description="Makes subsets and sampling repeatable. Default: only the subsets are."
    )

    @property
    def sampling(self) -> dict[str, Any]:
        """What is sent with every call unless the LLM has its own."""
        return {
            "temperature": self.temperature,
            "presence_penalty": self.presence_penalty,
            "max_tokens": self.max_tokens,
        }

    @property
    def enough(self) -> int:
        """The quorum as a number."""
        return self.quorum or ceil(self.k / 2)
