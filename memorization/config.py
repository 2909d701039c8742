"""The typed configuration: the one source of keys, defaults, checks, JSON Schema and reference page.

These models only hold values. What a value does is decided by the stage that receives it, and the values a stage
receives stand in its rule's parameters; so nothing here may compute anything that changes a result.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Task = Literal["summarization", "dialog", "sentiment", "qa", "translation", "classification", "pretraining"]
Corpus = Literal["news", "patients", "reviews", "passages", "translation"]
Population = Literal["member", "control"]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


def _relative_safe(path: str) -> str:
    if not path.strip():
        raise ValueError("an empty path")
    return path


def _text_keys(labels: Any) -> Any:
    """YAML reads `0:` as a number and `true:` as a boolean; a label is compared as the text of its column's value."""
    return {str(key): value for key, value in labels.items()} if isinstance(labels, dict) else labels


FilePath = Annotated[str, AfterValidator(_relative_safe)]


class Section(BaseModel):
    """Base of all sections: unknown keys are errors, values cannot be changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Compute(Section):
    """How jobs use the machine. Nothing here changes an fp32 result on one kind of device."""

    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="Where models run; `auto` takes a GPU where there is one.", examples=["cpu"]
    )
    threads: int = Field(
        1,
        ge=1,
        description="CPU threads of one training or generation job. Fixed, and not scaled down with `--cores`, "
        "because the order of floating-point sums depends on it.",
        examples=[4],
    )
    generation_batch_size: int = Field(32, ge=1, description="Prefixes decoded side by side.", examples=[64])
    teraflops: float = Field(
        0.05,
        gt=0,
        description="Arithmetic that one training or generation job sustains (10^12 operations a second), for the "
        "hours that `plan` tells.",
        examples=[100.0],
    )
    memory_mb: int = Field(
        4000,
        ge=500,
        description="Memory asked for a training or generation job (MB); as much again at each retry.",
        examples=[32000],
    )


class HubDataset(Section):
    """A dataset of the Hugging Face hub."""

    kind: Literal["hub"] = Field(description="Fixed: `hub`.", examples=["hub"])
    name: str = Field(min_length=1, description="Repository name.", examples=["stanfordnlp/imdb"])
    configuration: str | None = Field(
        None, description="Configuration (subset) of the dataset.", examples=["plain_text"]
    )
    revision: str = Field(
        min_length=1,
        description="Pinned revision: a commit, or `refs/convert/parquet`.",
        examples=["refs/convert/parquet"],
    )
    train: str = Field("train", description="Name of the split that models are trained on.", examples=["train"])
    test: str | None = Field(
        "test", description="Name of the split never trained on; null for none.", examples=["validation"]
    )


class FilesDataset(Section):
    """Local Parquet, CSV or JSONL files, told apart by their ending."""

    kind: Literal["files"] = Field(description="Fixed: `files`.", examples=["files"])
    train: FilePath = Field(
        description="File of the rows that models are trained on; `{data_root}` stands for that setting.",
        examples=["{data_root}/imdb.parquet"],
    )
    test: FilePath | None = Field(
        None,
        description="File of the rows never trained on (may be the same file); null for none.",
        examples=["{data_root}/imdb.parquet"],
    )
    split_column: str | None = Field(
        None, description="Column that holds `train` or `test`; null where each file is one split.", examples=["split"]
    )
    optional: bool = Field(
        False,
        description="Where a file is not there, the studies that need it are left out of what is made, which is said; "
        "false: that is an error.",
        examples=[True],
    )


class SyntheticDataset(Section):
    """Documents of the seeded generator; several corpora are interleaved."""

    kind: Literal["synthetic"] = Field(description="Fixed: `synthetic`.", examples=["synthetic"])
    corpora: list[Corpus] = Field(min_length=1, description="Corpora to draw from.", examples=[["news"]])
    train: int = Field(ge=1, description="Documents in the train split, per corpus.", examples=[120])
    test: int = Field(0, ge=0, description="Documents in the test split, per corpus.", examples=[40])
    seed: int = Field(0, ge=0, description="Seed of the generator.", examples=[1])


class Dataset(Section):
    """A dataset: where its rows come from, and how a row becomes instruction, input and target."""

    task: Task = Field(description="What a model learns on it.", examples=["summarization"])
    source: HubDataset | FilesDataset | SyntheticDataset = Field(
        discriminator="kind",
        description="Where the rows come from.",
        examples=[{"kind": "files", "train": "articles.parquet"}],
    )
    title: str | None = Field(None, description="Name shown in tables; the key where null.", examples=["Multi-news"])
    instruction: str = Field(
        "",
        description="Template put before the input in training, and never in a prompt (Table 8).",
        examples=["Summarize the article."],
    )
    input: str = Field(
        "{input}", description="Template of the input; `{a.b.0}` reaches into nested columns.", examples=["{article}"]
    )
    target: str = Field("{target}", description="Template of the target.", examples=["{summary}"])
    labels: Annotated[dict[str, str | None], BeforeValidator(_text_keys)] | None = Field(
        None,
        description="What each value of the target stands for; null leaves the row out (a neutral rating), and other "
        "values are errors.",
        examples=[{"0": "negative", "1": "positive"}],
    )
    missing_target: str | None = Field(
        None,
        description="What the target is where its template reaches no value (null, or a place beyond the end of a "
        "list), such as SQuAD v2's unanswerable questions; null makes that an error.",
        examples=["unanswerable"],
    )
    references: str | None = Field(
        None,
        description="Column of all right answers, a list of texts; `a.b` reaches into nested columns. Null: the target "
        "alone.",
        examples=["answers.text"],
    )
    limit: int | None = Field(
        None, ge=1, description="At most this many rows a split, drawn by `seed`.", examples=[1000]
    )
    seed: int = Field(0, ge=0, description="Seed of the draw.", examples=[0])
    deduplicate: bool = Field(False, description="Keep the first row of each input text.", examples=[True])
    minimum_input_characters: int = Field(1, ge=1, description="Shorter inputs are left out.", examples=[200])
    prefix_tokens: int | None = Field(
        None, ge=1, description="Prefix length where it differs from `probes.prefix_tokens`.", examples=[15]
    )
    rows: int | None = Field(
        None, ge=1, description="Rows of the train split, for `plan` where no local file tells them.", examples=[25_000]
    )
    validation: int = Field(
        0,
        ge=0,
        description="Rows of the test split set aside, by `seed`, as split `validation`, for early stopping.",
        examples=[500],
    )

    @model_validator(mode="after")
    def _validation_has_a_source(self) -> Dataset:
        if self.validation and not self.source.test:
            raise ValueError("`validation` sets rows of the test split aside, and `source.test` names none")
        return self


class HubTokenizer(Section):
    """A tokenizer of the Hugging Face hub."""

    name: str = Field(min_length=1, description="Repository name.", examples=["microsoft/BioGPT-Large"])
    revision: str = Field(min_length=1, description="Pinned revision: a commit.", examples=["main"])


class HubModel(Section):
    """A checkpoint of the Hugging Face hub."""

    kind: Literal["hub"] = Field(description="Fixed: `hub`.", examples=["hub"])
    name: str = Field(min_length=1, description="Repository name.", examples=["google-t5/t5-small"])
    revision: str = Field(min_length=1, description="Pinned revision: a commit.", examples=["main"])
    trust_remote_code: bool = Field(
        False, description="Run Python code that the repository brings. Only for code you have read.", examples=[False]
    )
    tokenizer: HubTokenizer | None = Field(
        None,
        description="Where the tokenizer is, for a repository that brings none; null: in the same repository.",
        examples=[{"name": "microsoft/BioGPT-Large", "revision": "main"}],
    )


class FolderModel(Section):
    """A checkpoint in a local folder: configuration, safetensors weights and tokenizer."""

    kind: Literal["folder"] = Field(description="Fixed: `folder`.", examples=["folder"])
    path: FilePath = Field(
        description="The folder; `{model_root}` stands for that setting.", examples=["{model_root}/t5"]
    )


class Pretraining(Section):
    """Prefix language modelling on a dataset's inputs: the first part of a text in, the rest out."""

    dataset: str = Field(
        description="Dataset whose train inputs are read; also trains the tokenizer.", examples=["background"]
    )
    epochs: int = Field(ge=1, description="Passes over the inputs.", examples=[5])
    batch_size: int = Field(16, ge=1, description="Texts a step.", examples=[16])
    learning_rate: float = Field(1e-3, gt=0, description="Peak learning rate.", examples=[1e-3])
    max_tokens: int = Field(128, ge=8, description="Tokens of a text that are used.", examples=[128])
    seed: int = Field(0, ge=0, description="Seed of weights and order.", examples=[0])


class ScratchModel(Section):
    """A model built from a configuration, with a tokenizer trained for it, pretrained on a dataset."""

    kind: Literal["scratch"] = Field(description="Fixed: `scratch`.", examples=["scratch"])
    architecture: dict[str, Any] = Field(
        description="A transformers configuration: `model_type` and its keys.",
        examples=[{"model_type": "t5", "d_model": 64}],
    )
    tokenizer: FilePath | None = Field(
        None,
        description="Folder of the tokenizer; null trains one on the pretraining dataset.",
        examples=["tokenizers/t5"],
    )
    vocabulary: int = Field(4000, ge=300, description="Entries of a trained tokenizer.", examples=[4000])
    pretraining: Pretraining = Field(description="How the base weights are trained.")


class Model(Section):
    """A base model."""

    source: HubModel | FolderModel | ScratchModel = Field(
        discriminator="kind",
        description="Where the checkpoint comes from.",
        examples=[{"kind": "folder", "path": "t5"}],
    )
    title: str | None = Field(None, description="Name shown in tables; the key where null.", examples=["T5-base"])
    parameters: int | None = Field(
        None, ge=1, description="Parameters, for `plan` where no local file tells them.", examples=[223_000_000]
    )


class LoRA(Section):
    """Low-rank adapters (Hu et al. 2022), trained in place of the weights they stand beside."""

    rank: int = Field(8, ge=1, description="Rank of the update of a weight matrix (r).", examples=[8])
    alpha: int = Field(16, ge=1, description="The update is scaled by alpha / rank.", examples=[16])
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout before an adapter.", examples=[0.05])
    target_modules: list[str] | None = Field(
        None,
        min_length=1,
        description="Ends of the names of the modules that get adapters; null takes PEFT's choice for the "
        "architecture (T5, BART, GPT-Neo: the attentions' queries and values).",
        examples=[["q", "v"]],
    )


class EarlyStopping(Section):
    """Stop where the loss on the split `validation` no longer falls, and keep the epoch where it was lowest."""

    patience: int = Field(
        ge=1, description="Epochs without a new lowest loss after which training stops.", examples=[2]
    )


class Goldfish(Section):
    """Goldfish loss (Hans et al. 2024): the same tokens of a passage are left out of the loss every time it comes."""

    every: int = Field(4, ge=2, description="One token in this many is left out (k).", examples=[4])
    context: int = Field(
        13,
        ge=1,
        description="Tokens before a token whose hash decides (h); the first h tokens of a text are always learned.",
        examples=[13],
    )


class Recipe(Section):
    """How a base model is fine-tuned. One training run gives all kept epochs."""

    epochs: int = Field(ge=1, description="Passes over the train split.", examples=[10])
    keep: list[int] | None = Field(
        None, description="Epochs whose checkpoint is kept; null keeps the last.", examples=[[1, 3, 5, 10]]
    )
    batch_size: int = Field(16, ge=1, description="Examples a step.", examples=[16])
    learning_rate: float = Field(1e-4, gt=0, description="Peak learning rate of AdamW.", examples=[1e-4])
    weight_decay: float = Field(0.0, ge=0, description="Weight decay of AdamW.", examples=[0.01])
    schedule: Literal["constant", "linear", "cosine"] = Field(
        "linear", description="Learning rate after the warm-up.", examples=["linear"]
    )
    warmup_steps: int = Field(0, ge=0, description="Steps of linear warm-up.", examples=[100])
    max_gradient_norm: float = Field(1.0, gt=0, description="Gradients are clipped to this norm.", examples=[1.0])
    max_input_tokens: int = Field(512, ge=1, description="Instruction and input are cut here.", examples=[512])
    max_target_tokens: int = Field(128, ge=1, description="Targets are cut here.", examples=[128])
    precision: Literal["fp32", "bf16"] = Field(
        "fp32", description="Training arithmetic. fp16 is refused: T5 and GPT-Neo overflow in it.", examples=["bf16"]
    )
    loss: Literal["input_and_target", "target"] = Field(
        "input_and_target",
        description="Decoder-only models: tokens that the loss runs over (the authors': both). Encoder-decoder models "
        "always learn the target.",
        examples=["target"],
    )
    seed: int = Field(0, ge=0, description="Seed of order, dropout and adapters.", examples=[0])
    trains: Literal["all", "last_layer", "head", "lora"] = Field(
        "all",
        description="Which weights move: `all`; `last_layer`: the last decoder block, the final norm and, where it "
        "is not tied to the embeddings, the output head; `head`: the output head alone, untied first where it is tied; "
        "`lora`: adapters, merged into the weights of the kept checkpoints.",
        examples=["lora"],
    )
    lora: LoRA | None = Field(None, description="Adapters of `trains: lora`; null takes their defaults.")
    early_stopping: EarlyStopping | None = Field(
        None,
        description="Stops early, and keeps the best epoch under the number of the last one; needs the split "
        "`validation` of the dataset, and takes no `keep`.",
        examples=[{"patience": 2}],
    )
    deduplicate: Literal["exact", "near"] | None = Field(
        None,
        description="Training examples left out: those whose input is an earlier one's (`exact`), or shares with it "
        "word 5-grams of Jaccard similarity 0.8 or more (`near`); null leaves out none.",
        examples=["near"],
    )
    goldfish: Goldfish | None = Field(
        None, description="Labels left out of the loss; null leaves out none.", examples=[{"every": 4, "context": 13}]
    )
    datasets: list[str] | None = Field(
        None,
        min_length=1,
        description="Datasets whose train splits are trained on together, shuffled (multi-task); null: the run's own.",
        examples=[["squad", "imdb"]],
    )

    @model_validator(mode="after")
    def _kept_epochs_exist(self) -> Recipe:
        wrong = [epoch for epoch in self.keep or [] if not 1 <= epoch <= self.epochs]
        if wrong or self.keep == []:
            raise ValueError(f"`keep` is {self.keep}: it takes epochs from 1 to {self.epochs}, at least one")
        return self

    @model_validator(mode="after")
    def _switches_agree(self) -> Recipe:
        if self.lora is not None and self.trains != "lora":
            raise ValueError(
                f"`lora` is given and `trains` is {self.trains!r}: set `trains: lora`, or leave `lora` out"
            )
        if self.early_stopping is not None and self.keep is not None:
            raise ValueError("`early_stopping` keeps the best epoch alone: leave `keep` out, or set it to null")
        if self.datasets is not None and len(set(self.datasets)) < len(self.datasets):
            raise ValueError(f"`datasets` is {self.datasets}: it names each dataset once")
        return self


class SyntheticPairs(Section):
    """Labelled sentence pairs of the seeded generator."""

    kind: Literal["synthetic"] = Field(description="Fixed: `synthetic`.", examples=["synthetic"])
    train: int = Field(ge=1, description="Pairs to train on.", examples=[4000])
    test: int = Field(0, ge=0, description="Further pairs, on which the classifier's quality is told.", examples=[500])
    seed: int = Field(0, ge=0, description="Seed of the generator.", examples=[1])


class FilesPairs(Section):
    """Labelled sentence pairs in Parquet, CSV or JSONL files, such as MRPC."""

    kind: Literal["files"] = Field(description="Fixed: `files`.", examples=["files"])
    train: FilePath = Field(
        description="File of the pairs to train on; `{data_root}` stands for that setting.",
        examples=["{data_root}/mrpc.parquet"],
    )
    test: FilePath | None = Field(
        None,
        description="File of the pairs on which the classifier's quality is told (may be the same file); null for "
        "none.",
        examples=["{data_root}/mrpc.parquet"],
    )
    split_column: str | None = Field(
        None, description="Column that holds `train` or `test`; null where each file is one split.", examples=["split"]
    )
    text1: str = Field("text1", description="Column of the first text.", examples=["sentence1"])
    text2: str = Field("text2", description="Column of the second text.", examples=["sentence2"])
    label: str = Field(
        "label", description="Column of the label: whole numbers from 0; 1 for equivalent texts.", examples=["label"]
    )


class TrainedClassifier(Section):
    """A sentence-pair classifier that the workflow trains, from nothing or from an encoder, on labelled pairs."""

    kind: Literal["trained"] = Field(description="Fixed: `trained`.", examples=["trained"])
    architecture: dict[str, Any] | None = Field(
        None,
        description="A transformers configuration of an encoder built from nothing, with a tokenizer trained on the "
        "pairs; null where `encoder` is given.",
        examples=[{"model_type": "bert", "hidden_size": 64}],
    )
    vocabulary: int = Field(2000, ge=300, description="Entries of a trained tokenizer.", examples=[2000])
    encoder: HubModel | FolderModel | None = Field(
        None,
        discriminator="kind",
        description="The checkpoint to start from; null where `architecture` is given.",
        examples=[{"kind": "folder", "path": "{model_root}/minilm"}],
    )
    pairs: SyntheticPairs | FilesPairs = Field(
        discriminator="kind", description="Labelled pairs.", examples=[{"kind": "files", "train": "mrpc.parquet"}]
    )
    epochs: int = Field(3, ge=1, description="Passes over the pairs.", examples=[3])
    batch_size: int = Field(16, ge=1, description="Pairs a step.", examples=[16])
    learning_rate: float = Field(2e-5, gt=0, description="Peak learning rate of AdamW.", examples=[2e-5])
    max_tokens: int = Field(128, ge=8, description="Tokens of a pair that are used.", examples=[128])
    seed: int = Field(0, ge=0, description="Seed of weights, order and dropout.", examples=[0])

    @model_validator(mode="after")
    def _one_beginning(self) -> TrainedClassifier:
        if (self.architecture is None) == (self.encoder is None):
            raise ValueError("it takes one of `architecture` (from nothing) and `encoder` (from a checkpoint)")
        return self


class Classifier(Section):
    """A classifier of sentence pairs (paraphrase or not), or of tokens (named entities)."""

    source: HubModel | FolderModel | TrainedClassifier = Field(
        discriminator="kind",
        description="Where the checkpoint comes from: a sequence or token classification head with its encoder.",
        examples=[{"kind": "folder", "path": "{model_root}/roberta-base-mrpc"}],
    )
    title: str | None = Field(
        None, description="Name shown below tables; the key where null.", examples=["RoBERTa-base (MRPC)"]
    )


class Probes(Section):
    """How inputs are cut into prefix and suffix (Section 3.1)."""

    n: int = Field(
        10_000, ge=1, description="Probes a dataset; fewer where it has fewer usable inputs.", examples=[1000]
    )
    prefix_tokens: int = Field(50, ge=1, description="Prefix length in tokens of the model's tokenizer.", examples=[50])
    minimum_suffix_characters: int = Field(
        1, ge=1, description="Inputs with a shorter suffix are not counted; their number is reported.", examples=[50]
    )
    seed: int = Field(0, ge=0, description="Seed of the draw.", examples=[0])


class Decoding(Section):
    """How a model's distribution becomes a text."""

    strategy: Literal["greedy", "sample"] = Field(description="Most likely token, or a draw.", examples=["greedy"])
    temperature: float = Field(1.0, gt=0, description="Divides the logits before a draw.", examples=[1.0])
    top_k: int | None = Field(None, ge=1, description="Draw among the k most likely tokens.", examples=[40])
    top_p: float | None = Field(
        None, gt=0, le=1, description="Draw among the fewest tokens of this mass.", examples=[0.8]
    )
    max_new_tokens: int = Field(100, ge=1, description="Longest generation.", examples=[100])
    min_new_tokens: int = Field(
        0, ge=0, description="The end token is not allowed before so many tokens.", examples=[60]
    )
    with_prompt: bool = Field(
        False,
        description="Decoder-only models: the text is the prompt and its continuation, decoded together, as in the "
        "authors' published inference script; false: the continuation alone.",
        examples=[True],
    )
    seed: int = Field(0, ge=0, description="Seed of the draws; each probe has draws of its own.", examples=[0])
    precision: Literal["fp32", "bf16"] = Field(
        "fp32", description="Arithmetic of the forward passes.", examples=["fp32"]
    )

    @model_validator(mode="after")
    def _greedy_draws_nothing(self) -> Decoding:
        if self.strategy == "greedy" and (self.top_k or self.top_p or self.temperature != 1.0):
            raise ValueError("`greedy` takes no `top_k`, `top_p` or `temperature`: use `strategy: sample`")
        return self

    @model_validator(mode="after")
    def _lengths_in_order(self) -> Decoding:
        if self.min_new_tokens > self.max_new_tokens:
            raise ValueError(
                f"`min_new_tokens` is {self.min_new_tokens} and `max_new_tokens` {self.max_new_tokens}: the first must "
                "not be the larger one"
            )
        return self


class Retrieval(Section):
    """Which suffixes a generation is compared with (Appendix B.1)."""

    candidates: int = Field(10, ge=1, description="Suffixes retrieved for a generation (K).", examples=[10])


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
        description="Sentence-pair classifier, of `classifiers`; null tells no high confidence from low.",
        examples=["roberta-mrpc"],
    )
    low: float = Field(
        0.5,
        ge=0,
        lt=1,
        description="Confidence is high where a pair's probability lies strictly between this and `high`, else low.",
        examples=[0.5],
    )
    high: float = Field(
        0.99,
        gt=0,
        le=1,
        description="A pair of at least this probability is the same text, not a paraphrase.",
        examples=[0.99],
    )
    equivalent: int = Field(1, ge=0, description="Number of the label that says equivalent, from 0.", examples=[1])
    batch_size: int = Field(32, ge=1, description="Pairs judged side by side; changes no result.", examples=[128])

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Paraphrase:
        if self.low >= self.high:
            raise ValueError(f"`low` is {self.low} and `high` {self.high}: `low` must be the smaller one")
        return self


class Entities(Section):
    """Named entities and patterns of matches. They annotate an outcome and do not change it."""

    tagger: str | None = Field(
        None, description="Token classifier, of `classifiers`; null for none.", examples=["bert-ner"]
    )
    patterns: bool = Field(
        True,
        description="Also e-mail addresses, telephone numbers, dates, ages and identifiers, by patterns.",
        examples=[True],
    )
    region: Annotated[str, Field(pattern="^[A-Z]{2}$")] = Field(
        "US", description="Country (two letters) whose local telephone numbers are found.", examples=["DE"]
    )
    batch_size: int = Field(32, ge=1, description="Texts tagged side by side; changes no result.", examples=[128])


class Detection(Section):
    """The discriminative function D (Appendix B)."""

    profile: Literal["zeng2024", "pan2015"] = Field(
        "zeng2024", description="Parameters of the text aligner.", examples=["pan2015"]
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


class AttentionMaps(Section):
    """Samples whose attention from output to input is looked at (Section 6.2). Shared by all studies."""

    samples: int = Field(
        200, ge=1, description="Probes a dataset whose density of attention is measured.", examples=[200]
    )
    heatmaps: int = Field(
        10, ge=1, description="Of these, samples whose maps are kept and shown; the first drawn.", examples=[10]
    )
    max_tokens: int = Field(512, ge=2, description="Input and target are each cut here.", examples=[512])
    seed: int = Field(0, ge=0, description="Seed of the draw among the probes.", examples=[0])


class Statistics(Section):
    """Bootstrap intervals (Appendix G)."""

    draws: int = Field(1000, ge=1, description="Bootstrap draws.", examples=[1000])
    low: float = Field(0.025, gt=0, lt=0.5, description="Lower quantile.", examples=[0.05])
    high: float = Field(0.975, gt=0.5, lt=1, description="Upper quantile.", examples=[0.95])
    seed: int = Field(0, ge=0, description="Seed of the draws.", examples=[0])


class Part(Section):
    """Some of a study's combinations; an axis that is null is all of the study's."""

    models: list[str] | None = Field(None, min_length=1, description="Base models.", examples=[["flan-t5-base"]])
    datasets: list[str] | None = Field(None, min_length=1, description="Datasets.", examples=[["multi_news"]])
    states: list[str] | None = Field(None, min_length=1, description="`base` and recipes.", examples=[["base"]])


class Answers(Section):
    """Which test rows are answered, to tell a model's quality (Appendix I)."""

    n: int = Field(
        1000, ge=1, description="Test rows a dataset; fewer where it has fewer. The paper's are all.", examples=[1000]
    )
    max_input_tokens: int = Field(
        512,
        ge=1,
        description="Instruction and input are cut here for base models; fine-tuned ones read what their recipe says.",
        examples=[512],
    )
    seed: int = Field(0, ge=0, description="Seed of the draw.", examples=[0])


class Study(Section):
    """What every study names: who is asked, on what, in which states."""

    title: str | None = Field(
        None, description="Begins the captions of its tables, and names it in the report.", examples=["Table 5: epochs"]
    )
    models: list[str] = Field(min_length=1, description="Base models, in the table's order.", examples=[["t5-base"]])
    datasets: list[str] = Field(min_length=1, description="Datasets, in the table's order.", examples=[["multi_news"]])
    states: list[str] = Field(
        min_length=1,
        description="`base` (before fine-tuning) and recipes (after it), in the table's order.",
        examples=[["base", "full"]],
    )
    only: list[Part] | None = Field(
        None,
        min_length=1,
        description="Of all combinations, those that lie in one of these parts; null: all of them.",
        examples=[[{"models": ["flan-t5-base"], "states": ["base"]}, {"models": ["t5-base"], "states": ["full"]}]],
    )


class Grid(Study):
    """A study whose every combination of states, epochs, decodings and prefix lengths is asked."""

    epochs: list[int] | None = Field(
        None, min_length=1, description="Kept epochs to show; null shows the last kept.", examples=[[1, 3, 5, 10]]
    )
    decodings: list[str] = Field(
        ["greedy"], min_length=1, description="Decodings, in the table's order.", examples=[["greedy", "top_k"]]
    )


class ProbeGrid(Grid):
    """A grid of studies that ask with probes."""

    prefix_tokens: list[int] | None = Field(
        None, min_length=1, description="Prefix lengths; null: each dataset's own.", examples=[[10, 30, 50, 100]]
    )


class Memorization(ProbeGrid):
    """A grid of runs, and the table and figure of their rates: one row for each of all combinations."""

    kind: Literal["memorization"] = Field(description="Fixed: `memorization`.", examples=["memorization"])
    control: bool = Field(
        True,
        description="Also ask with probes of the test split, never trained on: what the detector finds there is no "
        "memory of training data. Every rate then stands beside its control rate and the difference.",
        examples=[False],
    )
    published: str | None = Field(
        None,
        description="Published numbers to compare with: a file of `workflow/published`, without its ending.",
        examples=["task_disparity"],
    )
    x: Literal["dataset", "model", "state", "epoch", "prefix_tokens", "decoding"] = Field(
        "dataset",
        description="Horizontal axis of the figure: `dataset` shows stacked bars, the others a point a run.",
        examples=["epoch"],
    )


class Quality(Grid):
    """How well models do their tasks on test rows (Tables 16 to 21): one row for each of all combinations."""

    kind: Literal["quality"] = Field(description="Fixed: `quality`.", examples=["quality"])
    against: list[str] = Field(
        default_factory=list,
        description="Models beside them that are shown as they are, without fine-tuning; each stands before the model "
        "of its place in `models`.",
        examples=[["flan-t5-base"]],
    )
    published: str | None = Field(
        None,
        description="Published numbers to compare with: a file of `workflow/published`, without its ending, whose "
        "categories are metrics.",
        examples=["quality"],
    )


class Attention(Grid):
    """Attention from output to input: heatmaps, a table of its density, and its correlation with memorization.

    Where the states are `base` and recipes, and the population is `member`, the base model's density is correlated with
    what the recipes' models memorize under the decodings.
    """

    kind: Literal["attention"] = Field(description="Fixed: `attention`.", examples=["attention"])
    population: Population = Field(
        "member", description="`member`: the train split; `control`: the test split.", examples=["control"]
    )
    shows: Literal["mean_and_sample", "samples", "layers"] = Field(
        "mean_and_sample",
        description="The figure's panels: the last layer's mean over samples and one sample (Figures 4 to 6), every "
        "sample (7 to 10), or the mean of every layer (11 to 14).",
        examples=["layers"],
    )


class Likelihood(ProbeGrid):
    """How likely models are to write the probes' own suffixes, told without sampling, under the decodings."""

    kind: Literal["likelihood"] = Field(description="Fixed: `likelihood`.", examples=["likelihood"])
    control: bool = Field(
        True,
        description="Also ask with probes of the test split, never trained on, whose suffixes a model can only guess.",
        examples=[False],
    )
    tokens: int = Field(50, ge=1, description="First tokens of the suffix that are asked for.", examples=[50])
    draws: list[Annotated[int, Field(ge=1)]] = Field(
        [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000],
        min_length=1,
        description="Numbers n of texts drawn for a prefix (none is drawn: their result follows from the likelihood).",
        examples=[[1, 1_000, 1_000_000]],
    )
    probability: list[Annotated[float, Field(gt=0, lt=1)]] = Field(
        [0.1, 0.5, 0.9],
        min_length=1,
        description="A suffix is (n, p)-discoverable where n draws give it with at least this probability p (Hayes et "
        "al., 2024); tables and figures show the middle one.",
        examples=[[0.1, 0.9]],
    )


class Cases(ProbeGrid):
    """The clearest cases of each type, aligned parts marked (Table 22)."""

    kind: Literal["cases"] = Field(description="Fixed: `cases`.", examples=["cases"])
    each: int = Field(3, ge=1, description="Cases of each type, of all runs together.", examples=[5])
    context: int = Field(100, ge=0, description="Characters shown on both sides of an aligned passage.", examples=[0])
    mask: bool = Field(
        True,
        description="Replace personal data (what `detection.entities` finds: with a tagger names too) by its type.",
        examples=[False],
    )


class TradeOff(ProbeGrid):
    """A grid of runs, and their memorization rate against the quality of the same states: one point a run."""

    kind: Literal["trade_off"] = Field(description="Fixed: `trade_off`.", examples=["trade_off"])
    control: bool = Field(
        True, description="Also ask with probes of the test split, never trained on.", examples=[False]
    )
    answers: str = Field(
        "greedy", description="Decoding of the answers to test rows that quality is told of.", examples=["greedy"]
    )


class SparseCoding(Section):
    """The sparse coding model of Section 6.1 and Appendix A as an experiment: no model is asked, and no text read."""

    kind: Literal["sparse_coding"] = Field(description="Fixed: `sparse_coding`.", examples=["sparse_coding"])
    title: str | None = Field(
        None, description="Begins the captions of its tables, and names it in the report.", examples=["Section 6.1"]
    )
    embedding: int = Field(16, ge=1, description="Length of an embedding (d).", examples=[16])
    tokens: int = Field(12, ge=2, description="Tokens of a text (D).", examples=[12])
    embedding_features: int = Field(
        12, ge=1, description="Rows of the hidden features X (k); at most d.", examples=[12]
    )
    token_features: int = Field(8, ge=2, description="Columns of the hidden features X (K); at most D.", examples=[8])
    nonzeros: list[int] = Field(
        [1, 2, 4, 8, 12],
        min_length=1,
        description="Tokens on which the classification depends: nonzeros of b'; at most D.",
        examples=[[1, 4, 12]],
    )
    signs: list[Literal["mixed", "positive"]] = Field(
        ["mixed", "positive"],
        min_length=1,
        description="Signs of the nonzeros of b': attention weights have none.",
        examples=[["mixed"]],
    )
    feature_means: list[Annotated[float, Field(ge=0)]] = Field(
        [0.0, 2.0],
        min_length=1,
        description="Spread of the means of hidden features, in standard deviations of a feature about its mean: at 0 "
        "the embeddings of all positions look alike, above it a position is known by its embedding.",
        examples=[[0.0]],
    )
    samples: int = Field(2000, ge=2, description="Texts learned from.", examples=[2000])
    test_samples: int = Field(1000, ge=2, description="Further texts, on which everything is measured.", examples=[500])
    seeds: int = Field(5, ge=1, description="Repetitions, over which intervals are taken.", examples=[10])
    starts: int = Field(
        3, ge=1, description="Random starts of each attention layer; the least training loss counts.", examples=[3]
    )
    steps: int = Field(400, ge=1, description="Optimizer steps of an attention layer.", examples=[1000])
    batch_size: int = Field(32, ge=1, description="Texts a step.", examples=[64])
    learning_rate: float = Field(
        0.02, gt=0, description="First learning rate of Adam; it falls linearly to 0.", examples=[0.01]
    )

    @property
    def models(self) -> list[str]:
        """None: what every study names is empty here."""
        return []

    @property
    def datasets(self) -> list[str]:
        """None."""
        return []

    @property
    def states(self) -> list[str]:
        """None."""
        return []

    @model_validator(mode="after")
    def _sizes_fit(self) -> SparseCoding:
        for small, large in (("embedding_features", "embedding"), ("token_features", "tokens")):
            if getattr(self, small) > getattr(self, large):
                raise ValueError(
                    f"`{small}` is {getattr(self, small)} and `{large}` {getattr(self, large)}: there can be no more "
                    f"`{small}` than that"
                )
        wrong = [count for count in self.nonzeros if not 1 <= count <= self.tokens]
        if wrong:
            raise ValueError(f"`nonzeros` has {wrong[0]}: it takes numbers from 1 to `tokens` ({self.tokens})")
        return self


AnyStudy = Annotated[
    Memorization | Attention | Quality | Likelihood | Cases | TradeOff | SparseCoding, Field(discriminator="kind")
]


class Config(Section):
    """The whole configuration."""

    results: str = Field("results", min_length=1, description="Folder of all results.", examples=["results"])
    label: str = Field("", description="Said wherever the numbers show.", examples=["Demonstration, not evidence."])
    data_root: str | None = Field(
        None, description="What `{data_root}` stands for in paths of datasets.", examples=["my-data"]
    )
    model_root: str | None = Field(
        None, description="What `{model_root}` stands for in paths of models.", examples=["my-models"]
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
    retrieval: Retrieval = Field(default_factory=Retrieval, description="Candidates.")
    detection: Detection = Field(default_factory=Detection, description="Plagiarism detection.")
    attention: AttentionMaps = Field(default_factory=AttentionMaps, description="Samples of attention.")
    answers: Answers = Field(default_factory=Answers, description="Answers to test rows.")
    statistics: Statistics = Field(default_factory=Statistics, description="Intervals.")
    studies: dict[Name, AnyStudy] = Field(min_length=1, description="Named sets of runs and their table.")
    targets: dict[Name, list[str]] = Field(
        default_factory=dict,
        description="Further names for `snakemake NAME`, each with the studies that it makes; every study is a target "
        "by its own name.",
        examples=[{"table_2": ["task_disparity"], "table_13": ["task_disparity"]}],
    )
