"""Sections of datasets and of the probes that are cut from their inputs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from memorization.config.base import Corpus, FilePath, LocalFiles, Section, Task

# Keys of a dataset that mean nothing where its rows are conversations.
OF_TEMPLATES = ("instruction", "input", "target", "join", "labels", "missing_target", "references")


def _text_keys(labels: Any) -> Any:
    """YAML reads `0:` as a number and `true:` as a boolean; a label is compared as the text of its column's value."""
    return {str(key): value for key, value in labels.items()} if isinstance(labels, dict) else labels


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
        "test", description="Name of the split that is never trained on; null for none.", examples=["validation"]
    )


class FilesDataset(LocalFiles):
    """Local files: Parquet, CSV, TSV, JSONL or JSON, or folders of saved datasets."""

    optional: bool = Field(
        False,
        description="If a file is missing, the studies that need it are left out, with a note; false: a missing file "
        "is an error.",
        examples=[True],
    )


class SyntheticDataset(Section):
    """Documents of the seeded generator; several corpora are interleaved."""

    kind: Literal["synthetic"] = Field(description="Fixed: `synthetic`.", examples=["synthetic"])
    corpora: list[Corpus] = Field(min_length=1, description="Corpora to draw from.", examples=[["news"]])
    train: int = Field(ge=1, description="Documents in the train split, per corpus.", examples=[120])
    test: int = Field(0, ge=0, description="Documents in the test split, per corpus.", examples=[40])
    seed: int = Field(0, ge=0, description="Seed of the generator.", examples=[1])


class Conversation(Section):
    """How conversations with an assistant become rows: each of its turns is the target of one."""

    format: Literal["auto", "messages", "sharegpt", "prompt_completion", "alpaca"] = Field(
        "auto",
        description="What a row of the source contains. `messages`: a list of `role` and `content` (OpenAI, TRL). "
        "`sharegpt`: a list of `from` and `value`. `prompt_completion`: these two columns, texts or lists of messages "
        "(TRL); turns of the prompt are no targets. `alpaca`: columns `instruction`, `output` and perhaps `input`; the "
        "user's turn is the instruction and, on the next line, the input. `auto`: which of them, by the first row.",
        examples=["messages"],
    )
    column: str | None = Field(
        None,
        min_length=1,
        description="Column of the list of turns; `a.b` addresses a value in nested columns. Null: `messages`, or "
        "`conversations` where the format is `sharegpt`; where it is `auto`, whichever is there.",
        examples=["dialog.turns"],
    )
    input: Literal["turn", "dialogue"] = Field(
        "turn",
        description="Input of a row: the `turn` of the user that is answered, so that each text is one row's, or the "
        "whole `dialogue` before the answer, one turn per line. The system message is the instruction in both.",
        examples=["dialogue"],
    )
    chat_template: bool = Field(
        False,
        description="Decoder-only models are trained on these conversations, and asked for answers, in their chat "
        "template: system message, turn or dialogue, and answer. Encoder-decoder models read plain text in any case, "
        "and how probes are asked is the study's `promptings`.",
        examples=[True],
    )

    @model_validator(mode="after")
    def _column_is_of_a_list(self) -> Conversation:
        if self.column is not None and self.format in ("prompt_completion", "alpaca"):
            raise ValueError(
                f"`column` is given, and conversations in the format {self.format!r} have columns of fixed names: "
                "leave it out"
            )
        return self


class Dataset(Section):
    """A dataset: where its rows come from, and how a row becomes instruction, input and target."""

    task: Task = Field(description="What a model learns on it.", examples=["summarization"])
    source: HubDataset | FilesDataset | SyntheticDataset = Field(
        discriminator="kind",
        description="Where the rows come from.",
        examples=[{"kind": "files", "train": "articles.parquet"}],
    )
    title: str | None = Field(None, description="Name shown in tables; the key if null.", examples=["Multi-news"])
    instruction: str = Field(
        "",
        description="Template of the text before the input in training; never part of a prompt (Table 8). Where it "
        "names no column, another text repeats only trainings, answers, attention and what follows.",
        examples=["Summarize the article."],
    )
    input: str = Field(
        "{input}",
        description="Template of the input; `{a.b.0}` addresses a value in nested columns.",
        examples=["{article}"],
    )
    target: str = Field("{target}", description="Template of the target.", examples=["{summary}"])
    conversation: Conversation | None = Field(
        None,
        description="Rows are conversations: says what is instruction, input and target, in place of the three "
        "templates. The empty `{}` has all defaults.",
        examples=[{"format": "messages"}],
    )
    join: str | None = Field(
        None,
        description="Text between the parts of a column that is a list of texts, such as a list of sentences; null: "
        "such a column is refused.",
        examples=[" "],
    )
    labels: Annotated[dict[str, str | None], BeforeValidator(_text_keys)] | None = Field(
        None,
        description="The text of each value of the target; null leaves the row out (a neutral rating), and other "
        "values are errors.",
        examples=[{"0": "negative", "1": "positive"}],
    )
    missing_target: str | None = Field(
        None,
        description="The target if its template addresses no value (null, or a place beyond the end of a list), as for "
        "SQuAD v2's unanswerable questions; null makes that an error.",
        examples=["unanswerable"],
    )
    references: str | None = Field(
        None,
        description="Column of all right answers, a list of texts; `a.b` addresses a value in nested columns. Null: "
        "the target alone.",
        examples=["answers.text"],
    )
    limit: int | None = Field(
        None, ge=1, description="At most this many rows per split, drawn by `seed`.", examples=[1000]
    )
    seed: int = Field(0, ge=0, description="Seed of the draw.", examples=[0])
    deduplicate: bool = Field(False, description="Keep the first row of each input text.", examples=[True])
    drop_overlap: Literal["exact", "near"] | None = Field(
        None,
        description="Test rows that are left out because their input is a copy of a training row's, so that it is no "
        "control: `exact` copies, or `near` ones too (sets of word 5-grams of Jaccard similarity 0.8 or more). Null: "
        "they stay. Both kinds are counted in any case, with a warning where some stay.",
        examples=["near"],
    )
    minimum_input_characters: int = Field(1, ge=1, description="Shorter inputs are left out.", examples=[200])
    prefix_tokens: int | None = Field(
        None, ge=1, description="Prefix length if it differs from `probes.prefix_tokens`.", examples=[15]
    )
    segmentation: Literal["characters"] | None = Field(
        None,
        description="How detection finds words in the texts. Null: by spaces and punctuation. `characters`: every "
        "character of Chinese, Japanese, Thai, Lao, Khmer and Myanmar is a word for the aligner, every two and three "
        "in a row for the search of candidates; other words are found as before. The aligner's lengths then count a "
        "space between two such words: 50 are 26 characters of Chinese or Japanese and some 29 of Thai.",
        examples=["characters"],
    )
    rows: int | None = Field(
        None, ge=1, description="Rows of the train split, for `plan` if no local file states them.", examples=[25_000]
    )
    validation: int = Field(
        0,
        ge=0,
        description="Rows of the test split that are set aside, by `seed`, as split `validation`, for early stopping.",
        examples=[500],
    )

    canaries: FilePath | None = Field(
        None,
        description="Key file that `memorization canaries` has written with a file of `source.train`; `{data_root}` is "
        "replaced by that setting. For studies of kind `canaries`.",
        examples=["{data_root}/letters-key.json"],
    )

    @model_validator(mode="after")
    def _canaries_are_whole(self) -> Dataset:
        if self.canaries is not None:
            if not isinstance(self.source, FilesDataset):
                raise ValueError("`canaries` are in a local file, and `source.kind` is not `files`")
            if self.deduplicate:
                raise ValueError(
                    "`deduplicate: true` would leave out the copies of `canaries`; to measure what that changes, use a "
                    "recipe's `deduplicate`"
                )
        return self

    @model_validator(mode="after")
    def _conversation_stands_alone(self) -> Dataset:
        if self.conversation is None:
            return self
        if isinstance(self.source, SyntheticDataset):
            raise ValueError("`conversation` is given, and synthetic documents are none: leave it out")
        for key in OF_TEMPLATES:
            if getattr(self, key) != type(self).model_fields[key].default:
                raise ValueError(
                    f"`conversation` and `{key}` are given, and a conversation itself says what is instruction, input "
                    "and target: leave one of them out"
                )
        return self

    @model_validator(mode="after")
    def _validation_has_a_source(self) -> Dataset:
        if self.validation and not self.source.test:
            raise ValueError("`validation` sets rows of the test split aside, and `source.test` names none")
        return self


class Probes(Section):
    """How inputs are cut into prefix and suffix (Section 3.1)."""

    n: int = Field(
        10_000, ge=1, description="Probes per dataset; fewer if it has fewer usable inputs.", examples=[1000]
    )
    select: Literal["drawn", "first"] = Field(
        "drawn",
        description="Which usable inputs: `drawn` by `seed`, or the `first` ones of the dataset, as in the authors' "
        "program.",
        examples=["first"],
    )
    prefix_tokens: int = Field(50, ge=1, description="Prefix length in tokens of the model's tokenizer.", examples=[50])
    minimum_suffix_characters: int = Field(
        1, ge=1, description="Inputs with a shorter suffix are not counted; their number is reported.", examples=[50]
    )
    seed: int = Field(0, ge=0, description="Seed of the draw.", examples=[0])


class CanaryRanks(Section):
    """Among which secrets of its form a canary's own is ranked (Carlini et al., 2019). Shared by all studies."""

    enumerated: int = Field(
        10_000,
        ge=2,
        description="Forms of at most so many possible secrets are ranked among all of them; others among a sample.",
        examples=[1_000_000],
    )
    sample: int = Field(
        1000,
        ge=1,
        description="Secrets in the sample of a larger form, drawn for each canary: a rank among n + 1 shows no more "
        "than log2(n + 1) bits of exposure.",
        examples=[10_000],
    )
    seed: int = Field(0, ge=0, description="Seed of the samples.", examples=[0])
