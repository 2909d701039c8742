"""Sections of what models compute: generations, answers to test rows, attention."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from memorization.config.base import Section


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
