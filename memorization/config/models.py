"""Sections of base models and of the recipes by which they are fine-tuned."""

from __future__ import annotations

from string import Formatter
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from memorization.config.base import FilePath, Name, Section


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
        False, description="Run Python code of the repository. Only for code that you have read.", examples=[False]
    )
    tokenizer: HubTokenizer | None = Field(
        None,
        description="Repository of the tokenizer, if the model's own contains none; null: the same repository.",
        examples=[{"name": "microsoft/BioGPT-Large", "revision": "main"}],
    )


class FolderModel(Section):
    """A checkpoint in a local folder: configuration, safetensors weights and tokenizer."""

    kind: Literal["folder"] = Field(description="Fixed: `folder`.", examples=["folder"])
    path: FilePath = Field(
        description="The folder; `{model_root}` is replaced by that setting.", examples=["{model_root}/t5"]
    )


BASE_OF_ADAPTER = (
    "If this is a PEFT adapter: the whole checkpoint that it was trained on; null: the one that its "
    "adapter_config.json names or, in `fine_tuned`, the model's own."
)


class FolderSource(FolderModel):
    """A checkpoint in a local folder, or a PEFT adapter, which is merged into its base when it is loaded."""

    base: HubModel | FolderModel | None = Field(
        None,
        discriminator="kind",
        description=BASE_OF_ADAPTER,
        examples=[{"kind": "folder", "path": "{model_root}/t5"}],
    )


class HubSource(HubModel):
    """A checkpoint of the Hugging Face hub, or a PEFT adapter, which is merged into its base when it is loaded."""

    base: HubModel | FolderModel | None = Field(
        None,
        discriminator="kind",
        description=BASE_OF_ADAPTER,
        examples=[{"kind": "hub", "name": "google-t5/t5-small", "revision": "main"}],
    )


class Pretraining(Section):
    """Prefix language modelling on a dataset's inputs: the first part of a text in, the rest out."""

    dataset: str = Field(
        description="Dataset whose train inputs are read; the tokenizer is trained on it, too.", examples=["background"]
    )
    epochs: int = Field(ge=1, description="Passes over the inputs.", examples=[5])
    batch_size: int = Field(16, ge=1, description="Texts per step.", examples=[16])
    learning_rate: float = Field(1e-3, gt=0, description="Peak learning rate.", examples=[1e-3])
    max_tokens: int = Field(128, ge=8, description="Longest text in tokens; the rest is cut.", examples=[128])
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
    chat_template: str | None = Field(
        None,
        min_length=1,
        description="Chat template of a trained tokenizer: Jinja, of `messages` with `role` and `content`; null: none.",
        examples=["{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}"],
    )
    pretraining: Pretraining = Field(description="How the base weights are trained.")

    @model_validator(mode="after")
    def _template_is_of_the_trained(self) -> ScratchModel:
        if self.chat_template is not None and self.tokenizer is not None:
            raise ValueError("`chat_template` and `tokenizer` are given, and a folder has its own: leave one out")
        return self


def _address(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or any(character.isspace() for character in url):
        raise ValueError("allowed: the address of a server's API, as https://HOST/v1")
    if parts.username or parts.password:
        raise ValueError("an address without a name and a password: a key comes from the environment (`key`)")
    return url.rstrip("/")


class Endpoint(Section):
    """A model that can only be asked: a server with OpenAI's interface, as vLLM and llama.cpp have it.

    Its texts are the server's: nobody can make them again, and seeds are sent without a promise.
    """

    kind: Literal["endpoint"] = Field(description="Fixed: `endpoint`.", examples=["endpoint"])
    url: Annotated[str, AfterValidator(_address)] = Field(
        description="Address of the API, to which `/completions` or `/chat/completions` is added.",
        examples=["http://localhost:8000/v1"],
    )
    model: str = Field(min_length=1, description="The model's name at the server.", examples=["support-bot"])
    api: Literal["completions", "chat"] = Field(
        description="`completions`: the server continues the prompt as a text; `chat`: the prompt is the user's turn.",
        examples=["completions"],
    )
    top_k: bool = Field(
        False,
        description="Whether the server knows `top_k`, as vLLM and llama.cpp do and OpenAI does not; decodings that "
        "have it are refused otherwise.",
        examples=[True],
    )
    log_probabilities: bool = Field(
        False,
        description="Whether the server gives the log-probabilities of a prompt's own tokens (`echo` with `logprobs`), "
        "as vLLM does with `api: completions`, and llama.cpp's server does not; membership needs them.",
        examples=[True],
    )
    key: str | None = Field(
        None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="Name of the environment variable that contains the key (never the key itself); null: "
        "`OPENAI_API_KEY` where the url is OpenAI's, none elsewhere. It is written to no file.",
        examples=["PROVIDER_KEY"],
    )
    parallel: int = Field(4, ge=1, le=256, description="Requests that are under way at once.", examples=[16])
    requests_per_minute: float | None = Field(
        None, gt=0, description="Requests that are begun in a minute, at most; null: no limit.", examples=[60]
    )
    timeout_seconds: float = Field(
        120, gt=0, description="Time for a reply, after which the request is sent again.", examples=[600]
    )
    price_read: float | None = Field(
        None, ge=0, description="Price of a million tokens that are read, in any currency; null: unknown.", examples=[3]
    )
    price_written: float | None = Field(None, ge=0, description="The same of tokens that are written.", examples=[6])
    send: bool = Field(
        False,
        description="Confirms that parts of the data are sent to this server, at your cost. Without it a run that "
        "would ask it is refused, with what it would send.",
        examples=[True],
    )

    @model_validator(mode="after")
    def _only_completions_repeat_a_prompt(self) -> Endpoint:
        if self.log_probabilities and self.api != "completions":
            raise ValueError("`log_probabilities` takes `api: completions`: a chat does not repeat what it was asked")
        return self

    @property
    def key_name(self) -> str | None:
        """Name of the environment variable with the key, if one is sent."""
        is_openai = urlsplit(self.url)[:2] == ("https", "api.openai.com")
        return self.key or ("OPENAI_API_KEY" if is_openai else None)


class EndpointSource(Endpoint):
    """A model that can only be asked, with the tokenizer by which its prefixes are cut and its texts measured."""

    tokenizer: HubModel | FolderModel = Field(
        discriminator="kind",
        description="A checkpoint with the tokenizer: the served model's own, or a similar one; no weights are read.",
        examples=[{"kind": "folder", "path": "{model_root}/llama"}],
    )


class Model(Section):
    """A base model."""

    source: HubSource | FolderSource | ScratchModel | EndpointSource = Field(
        discriminator="kind",
        description="Where the checkpoint comes from.",
        examples=[{"kind": "folder", "path": "t5"}],
    )
    fine_tuned: dict[Name, Annotated[HubSource | FolderSource | Endpoint, Field(discriminator="kind")]] = Field(
        default_factory=dict,
        description="Checkpoints that others fine-tuned from this model, with its vocabulary, or endpoints that serve "
        "them: states that studies name beside `base` and recipes, compared with `base` probe by probe. A name that no "
        "recipe has.",
        examples=[{"shipped": {"kind": "folder", "path": "{model_root}/t5-shipped"}}],
    )
    title: str | None = Field(None, description="Name shown in tables; the key if null.", examples=["T5-base"])
    parameters: int | None = Field(
        None, ge=1, description="Number of parameters, for `plan` if no local file states it.", examples=[223_000_000]
    )
    architecture: dict[str, Any] | None = Field(
        None,
        description="Its sizes as in its config.json (width, layers, heads, ...), for the memory that `plan` estimates "
        "if no local file states them.",
        examples=[{"model_type": "t5", "d_model": 768, "d_ff": 3072, "num_layers": 12, "num_heads": 12, "d_kv": 64}],
    )
    gradient_checkpointing: bool = Field(
        False,
        description="Training keeps only what each layer reads and computes the rest again: far less memory, about a "
        "third more time, the same numbers.",
        examples=[True],
    )


class LoRA(Section):
    """Low-rank adapters (Hu et al. 2022), trained in place of the weights that they are added to."""

    rank: int = Field(8, ge=1, description="Rank of the update of a weight matrix (r).", examples=[8])
    alpha: int = Field(16, ge=1, description="The update is scaled by alpha / rank.", examples=[16])
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout before an adapter.", examples=[0.05])
    target_modules: list[str] | None = Field(
        None,
        min_length=1,
        description="Ends of the names of the modules that get adapters; null uses PEFT's choice for the "
        "architecture (T5, BART, GPT-Neo: the attentions' queries and values).",
        examples=[["q", "v"]],
    )


class EarlyStopping(Section):
    """Stop when the loss on the split `validation` no longer falls, and keep the epoch with the lowest loss."""

    patience: int = Field(
        ge=1, description="Epochs without a new lowest loss after which training stops.", examples=[2]
    )


class Goldfish(Section):
    """Goldfish loss (Hans et al. 2024): whenever a passage occurs, the same tokens of it are left out of the loss."""

    every: int = Field(4, ge=2, description="One token in this many is left out (k).", examples=[4])
    context: int = Field(
        13,
        ge=1,
        description="Number of tokens before a token whose hash decides (h); the first h tokens of a text are always "
        "learned, and so is an encoder-decoder model's whole target if it has no more than h.",
        examples=[13],
    )


class Blocks(Section):
    """The texts of all rows as one stream of tokens, cut into blocks (as Hugging Face's `run_clm.py` groups texts)."""

    tokens: int = Field(
        1028,
        ge=2,
        description="Tokens per block (1028 are the authors'), at most the model's positions. A shorter rest at the "
        "end of the stream is left out, except where it is all there is.",
        examples=[1028],
    )
    separator: str = Field(
        "\n ---------- \n", description="Follows the text of each row (the authors' separator).", examples=["\n\n"]
    )
    text: str = Field(
        "{instruction} {input}\n{target}",
        description="Text of a row, of `{instruction}`, `{input}` and `{target}`, without white space at its ends; no "
        "end token follows. Answers are asked for as in the default: instruction, input, newline.",
        examples=["{input} {instruction}\n{target}"],
    )

    @model_validator(mode="after")
    def _text_is_of_columns(self) -> Blocks:
        try:
            places = [place for _, place, *_ in Formatter().parse(self.text) if place is not None]
            self.text.format(**dict.fromkeys(places, ""))
        except (ValueError, LookupError, AttributeError):
            places = []
        if not places or set(places) - {"instruction", "input", "target"}:
            raise ValueError(
                f"`text` is {self.text!r}: it contains at least one of {{instruction}}, {{input}} and {{target}}, and "
                "no others; braces that stand for themselves are doubled"
            )
        return self


class Recipe(Section):
    """How a base model is fine-tuned. One training run produces all kept epochs."""

    epochs: int = Field(ge=1, description="Passes over the train split.", examples=[10])
    keep: list[int] | None = Field(
        None, description="Epochs whose checkpoint is kept; null keeps the last.", examples=[[1, 3, 5, 10]]
    )
    batch_size: int = Field(16, ge=1, description="Examples per step.", examples=[16])
    group_by_length: bool = Field(
        False,
        description="Steps of texts of similar length, for less padding (as transformers' `group_by_length`): of every "
        "50 steps' examples, drawn at random, those of similar length share a step, and the steps are shuffled.",
        examples=[True],
    )
    accumulation_steps: int = Field(
        1,
        ge=1,
        description="Parts that the examples of a step are read in, for less memory; their gradients add up to that of "
        "the whole step.",
        examples=[8],
    )
    optimizer: Literal["adamw", "adafactor"] = Field(
        "adamw",
        description="`adamw` keeps two numbers for each weight, `adafactor` two for each row and column of a matrix. "
        "The learning rate of `adafactor` is relative: to the root mean square of the weights that it changes.",
        examples=["adafactor"],
    )
    learning_rate: float = Field(1e-4, gt=0, description="Peak learning rate.", examples=[1e-4])
    weight_decay: float = Field(0.0, ge=0, description="Weight decay, not a part of the gradient.", examples=[0.01])
    schedule: Literal["constant", "linear", "cosine"] = Field(
        "linear", description="Learning rate after the warm-up.", examples=["linear"]
    )
    warmup_steps: int = Field(0, ge=0, description="Steps of linear warm-up.", examples=[100])
    max_gradient_norm: float = Field(1.0, gt=0, description="Gradients are clipped to this norm.", examples=[1.0])
    max_input_tokens: int = Field(
        512, ge=1, description="Longest instruction and input in tokens; the rest is cut.", examples=[512]
    )
    max_target_tokens: int = Field(128, ge=1, description="Longest target in tokens; the rest is cut.", examples=[128])
    precision: Literal["fp32", "bf16"] = Field(
        "fp32", description="Training arithmetic. fp16 is refused: T5 and GPT-Neo overflow in it.", examples=["bf16"]
    )
    weights: Literal["fp32", "bf16"] = Field(
        "fp32",
        description="What trained weights, their gradients and the optimizer's numbers are kept in. `bf16` halves "
        "their memory and the checkpoints, needs `precision: bf16`, and loses every change of a weight that is smaller "
        "than a 500th of it: for models that do not fit otherwise.",
        examples=["bf16"],
    )
    torch_compile: bool = Field(
        False,
        description="On a GPU, compile the model's layers (as transformers' `torch_compile`), and record the passes of "
        "T5 and BART: fewer and faster kernels, other roundings and other dropout. Without effect on a CPU.",
        examples=[True],
    )
    loss: Literal["input_and_target", "target"] | None = Field(
        None,
        description="What the loss is computed on; null: decoder-only models learn inputs and targets (as the "
        "authors'), encoder-decoder models targets. With `input_and_target` each row gives an encoder-decoder model a "
        "second example: of the input, cut to `max_input_tokens`, the second half after the first.",
        examples=["target"],
    )
    blocks: Blocks | None = Field(
        None,
        description="Decoder-only models alone: train on a stream of the rows' texts in blocks, all of whose tokens "
        "are learned; null: one example per row. `batch_size` then counts blocks; `max_input_tokens` and "
        "`max_target_tokens` cut no text of the training.",
    )
    seeds: list[Annotated[int, Field(ge=0)]] = Field(
        [0],
        min_length=1,
        description="Seeds of order, dropout and adapters: one training run for each. Studies of kind `memorization` "
        "show each and their mean; the others show the first.",
        examples=[[0, 1, 2]],
    )
    trains: Literal["all", "last_layer", "head", "lora"] = Field(
        "all",
        description="Which weights are trained: `all`; `last_layer`: the last decoder block, the final norm and, if "
        "it is not tied to the embeddings, the output head; `head`: the output head alone, untied first if it is "
        "tied; `lora`: adapters, merged into the weights of the kept checkpoints.",
        examples=["lora"],
    )
    lora: LoRA | None = Field(None, description="Adapters of `trains: lora`; null uses their defaults.")
    early_stopping: EarlyStopping | None = Field(
        None,
        description="Stop early, and keep the best epoch under the number of the last one; needs the split "
        "`validation` of the dataset, and excludes `keep`.",
        examples=[{"patience": 2}],
    )
    deduplicate: Literal["exact", "near"] | None = Field(
        None,
        description="Training rows left out: those that equal an earlier one (`exact`), or have word 5-grams of "
        "Jaccard similarity 0.8 or more with it (`near`); null leaves out none. The others are repeated in turn until "
        "an epoch has as many rows as before, and training as many steps.",
        examples=["near"],
    )
    deduplicate_by: Literal["pair", "input"] | None = Field(
        None,
        description="What `deduplicate` compares: the `input` alone, or the `pair` of input and target, each by "
        "itself, and the instruction, which may be a question; null: `pair`.",
        examples=["input"],
    )
    goldfish: Goldfish | None = Field(
        None,
        description="Labels left out of the loss; null leaves out none. An encoder-decoder model has no labels but "
        "the target's, and so its inputs are not protected, unless `loss` is `input_and_target`.",
        examples=[{"every": 4, "context": 13}],
    )
    datasets: list[str] | None = Field(
        None,
        min_length=1,
        description="Datasets whose train splits are shuffled and trained on together (multi-task); null: the run's "
        "own.",
        examples=[["squad", "imdb"]],
    )

    @model_validator(mode="after")
    def _kept_epochs_exist(self) -> Recipe:
        wrong = [epoch for epoch in self.keep or [] if not 1 <= epoch <= self.epochs]
        if wrong or self.keep == []:
            raise ValueError(f"`keep` is {self.keep}: it takes epochs from 1 to {self.epochs}, at least one")
        return self

    @model_validator(mode="after")
    def _seeds_differ(self) -> Recipe:
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"`seeds` is {self.seeds}: it names each seed once")
        return self

    @model_validator(mode="after")
    def _switches_agree(self) -> Recipe:
        if self.lora is not None and self.trains != "lora":
            raise ValueError(
                f"`lora` is given and `trains` is {self.trains!r}: set `trains: lora`, or leave `lora` out"
            )
        if self.weights == "bf16" and self.precision != "bf16":
            raise ValueError(
                f"`weights` is 'bf16' and `precision` is {self.precision!r}: set `precision: bf16`, or leave `weights` "
                "out"
            )
        if self.early_stopping is not None and self.keep is not None:
            raise ValueError("`early_stopping` keeps the best epoch alone: leave `keep` out, or set it to null")
        if self.blocks is not None and self.loss == "target":
            raise ValueError("`blocks` learn all of their tokens: leave `loss` out, or leave `blocks` out")
        if self.deduplicate_by is not None and self.deduplicate is None:
            raise ValueError(
                f"`deduplicate_by` is {self.deduplicate_by!r} and `deduplicate` is not set: set it to exact or near, "
                "or leave `deduplicate_by` out"
            )
        if self.datasets is not None and len(set(self.datasets)) < len(self.datasets):
            raise ValueError(f"`datasets` is {self.datasets}: it names each dataset once")
        return self

    def training(self, seed: int) -> Recipe:
        """The recipe of one training run: with that seed alone."""
        return self.model_copy(update={"seeds": [seed]})

    @property
    def seed(self) -> int:
        """The seed of a training run (`training`), whose recipe has one."""
        (seed,) = self.seeds
        return seed
