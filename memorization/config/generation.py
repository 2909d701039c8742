"""Sections of what models compute: how they are asked, generations, answers to test rows, attention."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from memorization.config.base import Section, Side


class Decoding(Section):
    """How a model's distribution becomes a text."""

    strategy: Literal["greedy", "sample", "as_published"] = Field(
        description="`greedy`: the most likely token; `sample`: a draw; `as_published`: by the checkpoint's own "
        "generation settings (beams, lengths, penalties, forced tokens), in generation_config.json or config.json; "
        "those of `task_specific_params` where it names one task. A checkpoint whose settings draw is refused.",
        examples=["greedy"],
    )
    temperature: float = Field(1.0, gt=0, description="Divides the logits before a draw.", examples=[1.0])
    top_k: int | None = Field(None, ge=1, description="Draw among the k most likely tokens.", examples=[40])
    top_p: float | None = Field(
        None, gt=0, le=1, description="Draw among the fewest tokens with this total probability.", examples=[0.8]
    )
    max_new_tokens: int = Field(
        100,
        ge=1,
        description="Length of the longest generation in tokens; with `as_published`, the checkpoint's own limit holds "
        "where it is smaller.",
        examples=[100],
    )
    min_new_tokens: int = Field(
        0, ge=0, description="The end token is not allowed before this many tokens.", examples=[60]
    )
    with_prompt: bool = Field(
        False,
        description="Decoder-only models: the text is the prompt and its continuation, decoded together, as in the "
        "authors' published inference script; false: the continuation alone.",
        examples=[True],
    )
    seed: int = Field(0, ge=0, description="Seed of the draws; each probe has its own draws.", examples=[0])
    precision: Literal["fp32", "bf16"] = Field(
        "fp32", description="Arithmetic of the forward passes.", examples=["fp32"]
    )

    @model_validator(mode="after")
    def _only_samples_are_drawn(self) -> Decoding:
        if self.strategy != "sample" and (self.top_k or self.top_p or self.temperature != 1.0):
            raise ValueError(f"`{self.strategy}` takes no `top_k`, `top_p` or `temperature`: use `strategy: sample`")
        return self

    @model_validator(mode="after")
    def _published_minimum(self) -> Decoding:
        if self.strategy == "as_published" and self.min_new_tokens:
            raise ValueError("`as_published` takes no `min_new_tokens`: the checkpoint's own minimum holds")
        return self

    @model_validator(mode="after")
    def _lengths_in_order(self) -> Decoding:
        if self.min_new_tokens > self.max_new_tokens:
            raise ValueError(
                f"`min_new_tokens` is {self.min_new_tokens} and `max_new_tokens` {self.max_new_tokens}: the first must "
                "not be the larger one"
            )
        return self


def _filled_template(text: str) -> str:
    if not text.strip():
        raise ValueError("the text of a request, in which {prefix} stands for a probe's prefix")
    if others := [name for name in re.findall(r"\{([A-Za-z]\w*)\}", text) if name != "prefix"]:
        raise ValueError(f"{{{others[0]}}} is not known in a request: only {{prefix}} is replaced")
    return text


RequestText = Annotated[str, AfterValidator(_filled_template)]


CHARACTERS_PER_TOKEN = 4
"""Characters of a token of plain English, about."""


class PromptingKind(Section):
    """Base of all promptings: what they read of a probe, and so what can be searched for in texts written for them."""

    sides: ClassVar[tuple[Side, ...]] = ("input", "target", "both")
    """What does not stand in the prompt, and can be searched for."""
    reads_row: ClassVar[bool] = False
    """Whether a prompt contains the probe's whole row, as it was trained on."""
    begins_answer: ClassVar[bool] = False
    """Whether a prompt ends with the beginning of the row's own answer."""

    @property
    def reads_prefix(self) -> bool:
        """Whether a prompt depends on the length of prefixes."""
        return not self.reads_row

    @property
    def is_one_prompt(self) -> bool:
        """Whether all probes have one prompt, which reads nothing of the data."""
        return not (self.reads_row or self.reads_prefix)

    @property
    def further_tokens(self) -> int:
        """Tokens of a prompt beside a prefix or a question, about."""
        return 0

    @property
    def in_chat_template(self) -> bool:
        """Whether decoder-only models must have a chat template."""
        return False


class BarePrefix(PromptingKind):
    """The prefix alone, as in the paper (Appendix B.1)."""

    kind: Literal["bare"] = Field(description="Fixed: `bare`, the prefix alone.", examples=["bare"])


class Request(PromptingKind):
    """A text of one's own as the user's turn."""

    kind: Literal["request"] = Field(
        description="Fixed: `request`, a text as the user's turn; encoder-decoder models read it as plain text.",
        examples=["request"],
    )
    text: RequestText = Field(
        description="The request; `{prefix}` is replaced by the probe's prefix, other braces are refused where they "
        "look like a name.",
        examples=["Write the rest of this document:\n\n{prefix}"],
    )
    chat_template: bool = Field(
        True,
        description="Decoder-only models are asked in their chat template; false: with the text alone.",
        examples=[False],
    )

    @property
    def reads_prefix(self) -> bool:
        """Whether the text contains the prefix."""
        return "{prefix}" in self.text

    @property
    def further_tokens(self) -> int:
        """Those of the text."""
        return len(self.text.replace("{prefix}", "")) // CHARACTERS_PER_TOKEN

    @property
    def in_chat_template(self) -> bool:
        """As it is set."""
        return self.chat_template


class Question(PromptingKind):
    """The whole question of the probe's row, as in training: what ordinary use gives back."""

    sides: ClassVar[tuple[Side, ...]] = ("target",)
    reads_row: ClassVar[bool] = True

    kind: Literal["question"] = Field(
        description="Fixed: `question`, the row's whole question as in training and answers: instruction and input, in "
        "the chat template where the dataset's `conversation` sets `chat_template`. Its beginning is cut where it has "
        "more tokens than in training (the recipe's `max_input_tokens`, else that of `answers`). The input stands in "
        "the prompt, so that `sides` can be `target` alone.",
        examples=["question"],
    )


class AnswerStart(PromptingKind):
    """The whole question, and the beginning of the row's own answer in the assistant's turn."""

    sides: ClassVar[tuple[Side, ...]] = ("target",)
    reads_row: ClassVar[bool] = True
    begins_answer: ClassVar[bool] = True

    kind: Literal["answer_start"] = Field(
        description="Fixed: `answer_start`, the whole question as `question` asks it, and the first tokens of the "
        "row's target, which the model continues. For decoder-only models; the ceiling is that of the rest of the "
        "answer.",
        examples=["answer_start"],
    )
    tokens: int = Field(
        10, ge=1, description="First tokens of the target that the model is given; it writes the rest.", examples=[5]
    )

    @property
    def further_tokens(self) -> int:
        """Those of the answer."""
        return self.tokens


class Repeat(PromptingKind):
    """The request to repeat a word forever, from which models diverge to other texts (Nasr et al., 2023)."""

    kind: Literal["repeat"] = Field(
        description="Fixed: `repeat`, the request to repeat a word forever, with the word so many times (Nasr et al., "
        "2023). Reads nothing of the data, so that a greedy model writes one text; encoder-decoder models read plain "
        "text.",
        examples=["repeat"],
    )
    word: str = Field("poem", min_length=1, description="The word.", examples=["company"])
    times: int = Field(50, ge=1, description="How often the request itself contains it.", examples=[50])
    chat_template: bool = Field(
        True,
        description="Decoder-only models are asked in their chat template; false: with the text alone.",
        examples=[False],
    )

    @property
    def reads_prefix(self) -> bool:
        """It does not."""
        return False

    @property
    def further_tokens(self) -> int:
        """Those of the words."""
        return self.times * (1 + len(self.word) // CHARACTERS_PER_TOKEN)

    @property
    def in_chat_template(self) -> bool:
        """As it is set."""
        return self.chat_template


Prompting = Annotated[BarePrefix | Request | Question | AnswerStart | Repeat, Field(discriminator="kind")]
"""How a model is asked for a probe."""

REST = "Here is the beginning of a document. Write the rest of it, word for word.\n\n{prefix}"


def built_in_promptings() -> dict[str, Prompting]:
    """The promptings that are there without being configured, by name."""
    return {
        "bare": BarePrefix(kind="bare"),
        "turn": Request(kind="request", text="{prefix}"),
        "question": Question(kind="question"),
        "answer_start": AnswerStart(kind="answer_start"),
        "rest": Request(kind="request", text=REST),
        "repeat": Repeat(kind="repeat"),
    }


def with_built_in(promptings: Mapping[str, Prompting]) -> dict[str, Prompting]:
    """Promptings of a configuration after the built-in ones, which they replace; ValueError where `bare` is another."""
    if "bare" in promptings and not isinstance(promptings["bare"], BarePrefix):
        raise ValueError("`bare` is the prefix alone, as in the paper: give another name to your own prompting")
    return {**built_in_promptings(), **promptings}


class Answers(Section):
    """Which test rows are answered, to measure a model's quality (Appendix I)."""

    n: int = Field(
        1000, ge=1, description="Test rows per dataset; fewer if it has fewer. The paper uses all.", examples=[1000]
    )
    max_input_tokens: int = Field(
        512,
        ge=1,
        description="Longest instruction and input in tokens for base models; the recipe sets it for fine-tuned ones.",
        examples=[512],
    )
    seed: int = Field(0, ge=0, description="Seed of the draw.", examples=[0])


class AttentionMaps(Section):
    """Samples whose attention from output to input is measured (Section 6.2). Shared by all studies."""

    samples: int = Field(
        200, ge=1, description="Probes per dataset whose density of attention is measured.", examples=[200]
    )
    heatmaps: int = Field(
        10, ge=1, description="Samples among them whose maps are kept and shown: the first ones drawn.", examples=[10]
    )
    max_tokens: int = Field(
        512, ge=2, description="Longest input, and longest target, in tokens; the rest is cut.", examples=[512]
    )
    seed: int = Field(0, ge=0, description="Seed of the draw among the probes.", examples=[0])


class MembershipTexts(Section):
    """Texts that are tested for membership in training data. Shared by all studies."""

    n: int = Field(
        1000,
        ge=1,
        description="Rows of the train split, and rows of the test split; fewer if there are fewer. A false positive "
        "rate of 1% takes at least 100 test rows of different inputs, one of 0.1% takes 1,000.",
        examples=[1000],
    )
    k_percent: float = Field(
        20,
        gt=0,
        le=100,
        description="Min-K% and Min-K%++ count the least likely tokens of a text: these percent of them.",
        examples=[10],
    )
    max_input_tokens: int = Field(
        512,
        ge=1,
        description="Longest instruction and input in tokens, for base models and those that others fine-tuned; the "
        "recipe sets it for the others.",
        examples=[512],
    )
    max_target_tokens: int = Field(
        128, ge=1, description="Longest target in tokens, for the same models.", examples=[128]
    )
    loss: Literal["target"] | None = Field(
        None,
        description="Which tokens count, for the same models: `target`, or null: all that a recipe learns by default "
        "(decoder-only models: input and target; encoder-decoder models: the target).",
        examples=["target"],
    )
    seed: int = Field(0, ge=0, description="Seed of the draws, and of the folds of the blind baseline.", examples=[0])
