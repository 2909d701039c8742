"""The whole configuration except its studies, whose kinds define their own sections (`studies`)."""

from __future__ import annotations

import os
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from memorization.config.base import Name, Section
from memorization.config.data import CanaryRanks, Dataset, Probes
from memorization.config.detection import Classifier, Detection, Retrieval
from memorization.config.generation import (
    Answers,
    AttentionMaps,
    Decoding,
    MembershipTexts,
    Prompting,
    built_in_promptings,
    with_built_in,
)
from memorization.config.models import Model, Recipe
from memorization.config.report import Report


def _folder(path: str) -> str:
    if not path.strip() or "{" in path or "}" in path:
        raise ValueError("the path of a folder, without braces")
    # As Snakemake writes paths: it warns of `results//tables`.
    return os.path.normpath(path)


BATCH_SIZE = 32
"""Texts per batch where one number is needed and the configuration states none."""


class Compute(Section):
    """How jobs use the machine. Nothing here changes an fp32 result on one kind of device."""

    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="Where models run; `auto` uses a GPU if there is one.", examples=["cpu"]
    )
    threads: int = Field(
        1,
        ge=1,
        description="CPU threads of one training or generation job. Fixed, and not reduced by `--cores`, "
        "because the order of floating-point sums depends on it.",
        examples=[4],
    )
    jobs_per_gpu: int = Field(
        1,
        ge=1,
        description="Jobs that share one GPU of this machine at the same time. Every job that runs a model has a GPU "
        "to itself by default, the next free one; `--resources gpu=N` lowers the number of such jobs.",
        examples=[2],
    )
    gpu_memory_gb: float | None = Field(
        None,
        gt=0,
        description="Memory of one GPU (10^9 bytes), which the estimates of `plan` and the start of a run are compared "
        "with; null: as `nvidia-smi` states it, on this machine.",
        examples=[80],
    )
    engine: Literal["auto", "transformers", "native", "vllm"] = Field(
        "auto",
        description="What generates texts. `transformers`: the library's `generate`, for every model. `native`: this "
        "program's own loop, several times as fast, for T5, GPT-2, GPT-Neo and Llama. `vllm`: that library, which you "
        "install yourself, for greedy texts of decoder-only models on a GPU. A model with which the numbers of either "
        "are not the library's is refused. `auto`: `native` where it can be used (bf16: on a GPU alone), else "
        "`transformers`. Decodings of strategy `as_published` are always those of `transformers`.",
        examples=["transformers"],
    )
    generation_batch_size: int | None = Field(
        None,
        ge=1,
        description="Prompts per batch, at most; null: as many as memory suffices for and the engine finds best, in "
        "bf16 32. In fp32, where texts do not depend on it, a batch that exceeds the GPU's memory is halved.",
        examples=[64],
    )
    teraflops: float = Field(
        0.05,
        gt=0,
        description="Arithmetic that one training job sustains, or one that reads texts (10^12 operations per second), "
        "for the hours that `plan` estimates.",
        examples=[100.0],
    )
    gigabytes_per_second: float = Field(
        10.0,
        gt=0,
        description="Memory that one job reads (10^9 bytes per second): writing a token reads all weights, whatever "
        "the arithmetic. For the hours that `plan` estimates.",
        examples=[2000.0],
    )
    state_minutes: float = Field(
        10.0,
        gt=0,
        description="Minutes after which a training saves its state within an epoch: what a killed one repeats at "
        "most. It is saved at the end of an epoch, too, unless that takes more than a twentieth of the time.",
        examples=[30],
    )
    memory_mb: int = Field(
        4000,
        ge=500,
        description="Memory requested for a training or generation job (MB); each retry adds as much again.",
        examples=[32000],
    )

    shard_probes: int = Field(
        2000,
        ge=1,
        description="Probes of one generation job. A run of more is divided into jobs that a cluster spreads, and of "
        "which a killed run loses only those that were at work. In fp32, texts do not depend on it.",
        examples=[500],
    )

    @property
    def batch_size(self) -> int:
        """Texts per batch where one number is needed: in bf16, for likelihoods, and for estimates."""
        return self.generation_batch_size or BATCH_SIZE


class Statistics(Section):
    """Bootstrap intervals (Appendix G)."""

    draws: int = Field(1000, ge=1, description="Bootstrap draws.", examples=[1000])
    low: float = Field(0.025, gt=0, lt=0.5, description="Lower quantile.", examples=[0.05])
    high: float = Field(0.975, gt=0.5, lt=1, description="Upper quantile.", examples=[0.95])
    seed: int = Field(0, ge=0, description="Seed of the draws.", examples=[0])


class Project(Section):
    """The whole configuration except its studies."""

    results: Annotated[str, AfterValidator(_folder)] = Field(
        "results", description="Folder of all results.", examples=["results"]
    )
    label: str = Field(
        "", description="Text shown with every table and figure.", examples=["Demonstration, not evidence."]
    )
    data_root: str | None = Field(
        None, description="Value of `{data_root}` in paths of datasets.", examples=["my-data"]
    )
    model_root: str | None = Field(
        None, description="Value of `{model_root}` in paths of models.", examples=["my-models"]
    )
    compute: Compute = Field(default_factory=Compute, description="How jobs use the machine.")
    datasets: dict[Name, Dataset] = Field(description="Datasets by name.")
    models: dict[Name, Model] = Field(description="Base models by name.")
    classifiers: dict[Name, Classifier] = Field(
        default_factory=dict, description="Classifiers of sentence pairs and taggers by name."
    )
    recipes: dict[Name, Recipe] = Field(description="Fine-tuning recipes by name, except `base` and `difference`.")
    probes: Probes = Field(default_factory=Probes, description="Prefixes and suffixes.")
    decodings: dict[Name, Decoding] = Field(description="Decodings by name.")
    promptings: Annotated[dict[Name, Prompting], AfterValidator(with_built_in)] = Field(
        default_factory=built_in_promptings,
        description="How models are asked, by name, beside the built-in ones, which are always there: `bare` (the "
        "prefix alone), `turn` (a `request` of the prefix alone, in the chat template), `question`, `answer_start` "
        "(10 tokens), `rest` (a `request` for the rest of a document) and `repeat` (the word poem, 50 times).",
        examples=[{"letter": {"kind": "request", "text": "Write the letter that begins: {prefix}"}}],
    )
    retrieval: Retrieval = Field(default_factory=Retrieval, description="Candidates.")
    detection: Detection = Field(default_factory=Detection, description="Plagiarism detection.")
    attention: AttentionMaps = Field(default_factory=AttentionMaps, description="Samples of attention.")
    answers: Answers = Field(default_factory=Answers, description="Answers to test rows.")
    membership: MembershipTexts = Field(default_factory=MembershipTexts, description="Membership inference.")
    canaries: CanaryRanks = Field(default_factory=CanaryRanks, description="Ranks of planted secrets.")
    statistics: Statistics = Field(default_factory=Statistics, description="Intervals.")
    report: Report = Field(default_factory=Report, description="The page of all results.")
