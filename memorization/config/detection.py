"""Sections of candidates, of matches and their annotations, and of the classifiers that judge them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from memorization.config.base import LocalFiles, Section
from memorization.config.models import FolderModel, HubModel

Profile = Literal["zeng2024", "pan2015", "collection"]
"""Names of the parameters of the aligner (`detection.alignment.AlignmentParameters.profile`)."""


class SyntheticPairs(Section):
    """Labelled sentence pairs of the seeded generator."""

    kind: Literal["synthetic"] = Field(description="Fixed: `synthetic`.", examples=["synthetic"])
    train: int = Field(ge=1, description="Pairs to train on.", examples=[4000])
    test: int = Field(
        0, ge=0, description="Further pairs, on which the classifier's quality is measured.", examples=[500]
    )
    seed: int = Field(0, ge=0, description="Seed of the generator.", examples=[1])


class FilesPairs(LocalFiles):
    """Labelled sentence pairs in local files, such as MRPC; the test split measures the classifier's quality."""

    text1: str = Field("text1", description="Column of the first text.", examples=["sentence1"])
    text2: str = Field("text2", description="Column of the second text.", examples=["sentence2"])
    label: str = Field(
        "label", description="Column of the label: whole numbers from 0; 1 for equivalent texts.", examples=["label"]
    )


class TrainedClassifier(Section):
    """A sentence-pair classifier that the workflow trains, from scratch or from an encoder, on labelled pairs."""

    kind: Literal["trained"] = Field(description="Fixed: `trained`.", examples=["trained"])
    architecture: dict[str, Any] | None = Field(
        None,
        description="A transformers configuration of an encoder built from scratch, with a tokenizer trained on the "
        "pairs; null if `encoder` is given.",
        examples=[{"model_type": "bert", "hidden_size": 64}],
    )
    vocabulary: int = Field(2000, ge=300, description="Entries of a trained tokenizer.", examples=[2000])
    encoder: HubModel | FolderModel | None = Field(
        None,
        discriminator="kind",
        description="The checkpoint to start from; null if `architecture` is given.",
        examples=[{"kind": "folder", "path": "{model_root}/minilm"}],
    )
    pairs: SyntheticPairs | FilesPairs = Field(
        discriminator="kind", description="Labelled pairs.", examples=[{"kind": "files", "train": "mrpc.parquet"}]
    )
    epochs: int = Field(3, ge=1, description="Passes over the pairs.", examples=[3])
    batch_size: int = Field(16, ge=1, description="Pairs per step.", examples=[16])
    learning_rate: float = Field(2e-5, gt=0, description="Peak learning rate of AdamW.", examples=[2e-5])
    max_tokens: int = Field(128, ge=8, description="Longest pair in tokens; the rest is cut.", examples=[128])
    seed: int = Field(0, ge=0, description="Seed of weights, order and dropout.", examples=[0])

    @model_validator(mode="after")
    def _one_beginning(self) -> TrainedClassifier:
        if (self.architecture is None) == (self.encoder is None):
            raise ValueError("it takes one of `architecture` (from scratch) and `encoder` (from a checkpoint)")
        return self


class Classifier(Section):
    """A classifier of sentence pairs (paraphrase or not), or of tokens (named entities)."""

    source: HubModel | FolderModel | TrainedClassifier = Field(
        discriminator="kind",
        description="Where the checkpoint comes from: a sequence or token classification head with its encoder.",
        examples=[{"kind": "folder", "path": "{model_root}/roberta-base-mrpc"}],
    )
    title: str | None = Field(
        None, description="Name shown below tables; the key if null.", examples=["RoBERTa-base (MRPC)"]
    )


class Retrieval(Section):
    """Which suffixes a generation is compared with (Appendix B.1)."""

    candidates: int = Field(10, ge=1, description="Suffixes retrieved for each generation (K).", examples=[10])
    stop_words: Literal["nltk", "lucene", "none"] = Field(
        "nltk",
        description="English words of a generation that are not searched for: NLTK's 127 (as in the authors' program), "
        "Lucene's 33, or none.",
        examples=["lucene"],
    )


class Collection(Section):
    """Thresholds of the aligner's profile `collection`; their defaults are measured in docs/benchmarks.md."""

    seed_cosine: float = Field(
        0.30, gt=0, lt=1, description="Two similar sentences have a cosine above this.", examples=[0.3]
    )
    seed_dice: float = Field(
        0.40,
        gt=0,
        lt=1,
        description="Two similar sentences have a Dice coefficient of their stems above this.",
        examples=[0.4],
    )
    validation_cosine: float = Field(
        0.60, gt=0, lt=1, description="The two sides of a match have a cosine above this.", examples=[0.6]
    )


class Definitions(Section):
    """The literature's other definitions of memorization."""

    tokens: int = Field(
        50,
        ge=1,
        description="Tokens that must be equal (Carlini et al.), and that BLEU, edit similarity and ROUGE-L compare.",
        examples=[50],
    )
    bleu: float = Field(
        0.75,
        ge=0,
        lt=1,
        description="Approximate memorization is a BLEU above this (Ippolito et al.).",
        examples=[0.75],
    )
    passage: int = Field(
        50,
        ge=1,
        description="Characters in a row that make a generation a copy of a training input or target (Nasr et al.).",
        examples=[100],
    )


class Paraphrase(Section):
    """Confidence in a paraphrase (Appendix B.2): sentence pairs of a match, judged by a classifier."""

    classifier: str | None = Field(
        None,
        description="Sentence-pair classifier, from `classifiers`; null does not separate high confidence from low.",
        examples=["roberta-mrpc"],
    )
    low: float = Field(
        0.5,
        ge=0,
        lt=1,
        description="Confidence is high if a pair's probability is strictly between this and `high`, else low.",
        examples=[0.5],
    )
    high: float = Field(
        0.99,
        gt=0,
        le=1,
        description="A pair of at least this probability is the same text, not a paraphrase.",
        examples=[0.99],
    )
    equivalent: int = Field(1, ge=0, description="Number of the label that means equivalent, from 0.", examples=[1])
    batch_size: int = Field(32, ge=1, description="Pairs per batch; changes no result.", examples=[128])

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Paraphrase:
        if self.low >= self.high:
            raise ValueError(f"`low` is {self.low} and `high` {self.high}: `low` must be the smaller one")
        return self


class Entities(Section):
    """Named entities and patterns in matches. They annotate an outcome and do not change it."""

    tagger: str | None = Field(
        None, description="Token classifier, from `classifiers`; null for none.", examples=["bert-ner"]
    )
    patterns: bool = Field(
        True,
        description="Also detect, by patterns: e-mail and postal addresses, telephone numbers, dates, ages, numbers of "
        "cards and accounts, secrets and other identifiers.",
        examples=[True],
    )
    region: Annotated[str, Field(pattern="^[A-Z]{2}$")] = Field(
        "US", description="Country (two letters) whose local telephone numbers are recognized.", examples=["DE"]
    )
    batch_size: int = Field(32, ge=1, description="Texts per batch; changes no result.", examples=[128])


class Detection(Section):
    """The discriminative function D (Appendix B)."""

    profile: Profile = Field(
        "zeng2024",
        description="Parameters of the text aligner, for studies that state none (`profiles`): the paper's, the PAN "
        "2015 competition's, or the paper's with frequencies of words counted in all suffixes, which finds copies of "
        "single sentences too.",
        examples=["collection"],
    )
    collection: Collection = Field(
        default_factory=Collection, description="Thresholds of the profile `collection`; other profiles have their own."
    )
    sentences: Literal["punkt_english", "punkt_corpus"] = Field(
        "punkt_english",
        description="Sentence model: NLTK's English Punkt parameters, or Punkt trained on the run's own suffixes.",
        examples=["punkt_corpus"],
    )
    definitions: Definitions = Field(
        default_factory=Definitions, description="Definitions that are reported beside the detector's."
    )
    paraphrase: Paraphrase = Field(default_factory=Paraphrase, description="Confidence in paraphrases.")
    entities: Entities = Field(default_factory=Entities, description="Entities of matches.")
    decides: Literal["first", "strongest"] = Field(
        "first",
        description="Which candidate decides a probe's outcome: the `first` by rank with a match, or the one with the "
        "`strongest` evidence (verbatim, paraphrase of high confidence, paraphrase, idea; ties by rank).",
        examples=["strongest"],
    )
