"""Every architecture of the paper, from a user's folder to a fine-tuned model's texts, in the workflow's own functions.

T5, BART, FSMT, GPT-Neo and BioGPT with tokenizers of their kinds: fast ones, and those of FSMT and BioGPT, which go
through Moses and have no fast form.
"""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from generating import texts_of
from plain_texts import PLAIN
from tiny import PREFIXES, TEXTS, moses_tokenizer, tiny_model

from memorization import storage
from memorization.config.data import Probes
from memorization.config.generation import Decoding
from memorization.config.models import FolderModel, FolderSource, HubModel, HubTokenizer, Recipe
from memorization.errors import UserError
from memorization.models import classifiers, loading, training
from memorization.models.resumption import TrainingJob
from memorization.probes import Selection, SlowTokenizer, prefix_ends, read_tokenizer, unspelled, write_probes
from memorization.schemas.dataset import DatasetTable
from memorization.schemas.probes import ProbesTable
from memorization.schemas.training import TrainingTable

SHARED = Path(__file__).resolve().parents[3] / "shared" / "models"
SLOW = ("fsmt", "biogpt")
# Real tokenizers; the published checkpoints of these architectures come with them (BART with RoBERTa's).
REAL = {"t5": "t5-tokenizer", "bart": "roberta-tokenizer", "gpt_neo": "gpt2-tokenizer"}

UNUSUAL = [
    "  two spaces before, and   three between  ",
    "lines\n\n\nand\ttabs\r\nand more\n",
    "“Quoted” text … with dots... and Mr. Smith's e-mail & more <b>tags</b> [x] |y|",
    "Straße, naïve café, Übergrößenträger, ½ ™",
    "日本語のテキストです。東京は日本の首都です。",
    "👩‍👩‍👧‍👦 families 🎉🎉 party 😀 and flags 🇪🇺🇩🇪 between words",
    "nul \x00 and bell \x07 and escape \x1b",
]


def tokenizer_of(architecture: str, folder: Path) -> Any:
    """Put a tokenizer of the architecture's kind into a folder; skip where the real one is not here."""
    if architecture in SLOW:
        return moses_tokenizer(architecture, folder, [*TEXTS, *PLAIN * 20])
    given = SHARED / REAL[architecture]
    if not given.is_dir():
        pytest.skip(f"the {architecture} tokenizer is not beside the repository")
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(given)
    tokenizer.save_pretrained(folder)
    return tokenizer


def checkpoint(architecture: str, folder: Path, **changed: Any) -> Path:
    """A tiny checkpoint as the hub has them: weights, configuration, tokenizer."""
    tokenizer = tokenizer_of(architecture, folder)
    eos = tokenizer.eos_token_id if tokenizer.eos_token_id is not None else tokenizer.sep_token_id
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else eos
    bos = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else eos
    special = {"eos_token_id": eos, "pad_token_id": pad, "bos_token_id": bos, "decoder_start_token_id": pad}
    # Wide enough that its random texts are not one token over and over.
    model = tiny_model(architecture, tokenizer, spread=0.3, **special, **changed)
    model.save_pretrained(folder)
    return folder


def prepared(folder: Path, output: Path) -> dict[str, Any]:
    loading.prepare("mine", FolderSource(kind="folder", path=str(folder)), folder, output)
    return loading.read_record(output)


@pytest.mark.parametrize("architecture", [*REAL, *SLOW])
def test_from_a_folder_to_the_texts_of_a_fine_tuned_model(architecture: str, device: Any, tmp_path: Path) -> None:
    folder, base = checkpoint(architecture, tmp_path / "given"), tmp_path / "base"
    record = prepared(folder, base)
    model = loading.load_model(record, "mine", None, "fp32", device)
    tokenizer = loading.load_tokenizer(record, "mine")
    rows = [
        {"id": str(number), "split": "train", "instruction": "Go on.", "input": text, "target": text[:20]}
        for number, text in enumerate(PLAIN)
    ]
    dataset, probes = tmp_path / "rows.parquet", tmp_path / "probes.parquet"
    storage.write_table(dataset, DatasetTable, pa.Table.from_pylist(rows, schema=DatasetTable.arrow()), {})

    write_probes(dataset, read_tokenizer(base), Selection(Probes(n=3), 5, "member"), probes, {})
    prefixes = storage.read(probes, ProbesTable)["prefix"].to_pylist()
    decoding = Decoding(strategy="greedy", max_new_tokens=8)
    before = texts_of(model, tokenizer, prefixes, decoding, 2)
    recipe = Recipe(epochs=2, batch_size=2, learning_rate=0.01, max_input_tokens=40, max_target_tokens=12)
    output = tmp_path / "checkpoints"
    job = TrainingJob(output, tmp_path / "work", device, "source")
    training.fine_tune(training.BaseModel(model, tokenizer, record["digest"]), [dataset], recipe, job, {})
    trained = loading.load_model(record, "mine", output / "epoch-2", "fp32", device)
    after = texts_of(trained, tokenizer, prefixes, decoding, 2)
    in_memory = texts_of(model.eval(), tokenizer, prefixes, decoding, 2)

    assert [text.startswith(prefix) for text, prefix in zip(PLAIN, prefixes, strict=True)] == [True] * 3
    reports = storage.read(output / "training.parquet", TrainingTable).to_pylist()
    assert reports[1]["loss"] < reports[0]["loss"]
    assert before != after
    assert after == in_memory, "the checkpoint on the disk is not the model that was trained"
    assert texts_of(trained, tokenizer, prefixes, decoding, 1) == after
    assert (output / "epoch-2/model.safetensors").is_file()


@pytest.mark.parametrize("kind", SLOW)
def test_a_base_model_keeps_a_tokenizer_that_has_no_fast_form(kind: str, tmp_path: Path) -> None:
    folder, base = checkpoint(kind, tmp_path / "given"), tmp_path / "base"
    prepared(folder, base)

    read = read_tokenizer(base)

    assert isinstance(read, SlowTokenizer)
    assert not (base / "tokenizer.json").exists()
    tokenizer = loading.load_tokenizer({"name": str(folder), "revision": None, "trust_remote_code": False}, "mine")
    assert (tokenizer.eos_token, tokenizer.pad_token) == ("</s>", "<pad>")
    for text in PLAIN:
        assert read.encode_batch_fast([text], add_special_tokens=False)[0].ids == tokenizer.encode(
            text, add_special_tokens=False
        )


@pytest.mark.parametrize("kind", SLOW)
def test_texts_come_back_from_their_tokens(kind: str, tmp_path: Path) -> None:
    tokenizer = SlowTokenizer(moses_tokenizer(kind, tmp_path, PLAIN * 20))

    encoded = tokenizer.encode_batch_fast(PLAIN)

    assert tokenizer.decode_batch([each.ids for each in encoded]) == [
        # Moses leaves the space that it made before an apostrophe, where the text's language is German.
        text.replace("'t", " 't") if kind == "fsmt" else text
        for text in PLAIN
    ]
    assert tokenizer.decode_batch([[], [2, 1, 0]]) == ["", ""]


@pytest.mark.parametrize("kind", SLOW)
def test_characters_that_a_slow_tokenizer_cannot_spell_are_known(kind: str, tmp_path: Path) -> None:
    tokenizer = SlowTokenizer(moses_tokenizer(kind, tmp_path, PLAIN * 20))
    assert unspelled("ab e.猫\n", tokenizer) == {"猫", "\n"}


@pytest.mark.parametrize("kind", SLOW)
def test_a_prefix_ends_where_its_last_token_does(kind: str, tmp_path: Path) -> None:
    moses = moses_tokenizer(kind, tmp_path, PLAIN * 20)
    tokenizer = SlowTokenizer(moses)
    whole_words = 0
    for text in PLAIN:
        tokens = moses.tokenize(text)
        for k in range(1, len(tokens)):
            [end] = prefix_ends([text], tokenizer, k)
            # Letters of the first k tokens: entities undone, the mark of a word's end and white space left out.
            spelled = "".join(tokens[:k]).replace("</w>", "").replace("&apos;", "'")
            assert "".join(text[:end].split()) == spelled
            assert not text[end - 1].isspace()
            if tokens[k - 1].endswith("</w>"):
                assert moses.tokenize(text[:end]) == tokens[:k]
                whole_words += 1
    assert whole_words > 40


@pytest.mark.parametrize("kind", SLOW)
def test_a_longer_prefix_ends_later_in_any_text(kind: str, tmp_path: Path) -> None:
    moses = moses_tokenizer(kind, tmp_path, PLAIN * 20)
    tokenizer = SlowTokenizer(moses)
    for text in UNUSUAL:
        n = len(moses.tokenize(text))
        ends = [prefix_ends([text], tokenizer, k)[0] for k in range(1, n)]
        assert ends == sorted(ends)
        assert all(0 < end < len(text) or not text[end:].strip() for end in ends)
        assert prefix_ends([text, text], tokenizer, n) == [len(text)] * 2
    assert prefix_ends([], tokenizer, 5) == []


@pytest.mark.parametrize("kind", SLOW)
def test_the_end_of_a_prefix_is_the_same_in_a_longer_text(kind: str, tmp_path: Path) -> None:
    """Only the head of a text is read, and the place is guessed first: neither may show."""
    tokenizer = SlowTokenizer(moses_tokenizer(kind, tmp_path, PLAIN * 20))
    quoted = "… “so” … " * 3
    for text in (PLAIN[0], quoted + PLAIN[1]):
        longer = f"{text} {' '.join(PLAIN * 20)}"
        assert prefix_ends([text], tokenizer, 12) == prefix_ends([longer], tokenizer, 12)


def test_classifiers_take_fast_tokenizers_alone(tmp_path: Path) -> None:
    folder = checkpoint("biogpt", tmp_path / "given")
    source = FolderModel(kind="folder", path=str(folder))

    with pytest.raises(UserError, match=r"classifiers\.tagger: its tokenizer has no fast form"):
        classifiers.prepare("tagger", source, folder, "token", tmp_path / "record")


LEFT_OUT = {
    "the output": ["decoder.output_projection.weight"],
    "the output and positions": ["decoder.output_projection.weight", "embed_positions.weight"],
    "the output and the encoder's": ["decoder.output_projection.weight", "encoder.embed_tokens.weight"],
    "the output and the decoder's": ["decoder.output_projection.weight", "decoder.embed_tokens.weight"],
}


@pytest.mark.parametrize("left_out", LEFT_OUT.values(), ids=LEFT_OUT)
def test_fsmt_weights_that_files_leave_out_are_made_up(left_out: list[str], device: Any, tmp_path: Path) -> None:
    """Files hold one of the embeddings that share their weights, and sinusoidal positions in new files alone."""
    import torch
    from safetensors.torch import load_file, save_file

    folder = checkpoint("fsmt", tmp_path / "given")
    kept = load_file(folder / "model.safetensors")
    one = kept["model.decoder.embed_tokens.weight"]
    kept |= {f"model.{name}": one.clone() for name in left_out if "positions" not in name}
    save_file(
        {name: value for name, value in kept.items() if not any(name.endswith(each) for each in left_out)},
        folder / "model.safetensors",
        metadata={"format": "pt"},
    )
    if "decoder.embed_tokens.weight" in left_out:
        one = kept["model.encoder.embed_tokens.weight"]
    record = prepared(folder, tmp_path / "base")

    model = loading.load_model(record, "mine", None, "fp32", device)

    decoder, encoder = model.model.decoder, model.model.encoder
    assert decoder.output_projection.weight is decoder.embed_tokens.weight
    assert torch.equal(decoder.embed_tokens.weight, one)
    shared = "the encoder's" if "encoder.embed_tokens.weight" in left_out else ""
    assert (encoder.embed_tokens.weight is decoder.embed_tokens.weight) == bool(
        shared or "decoder.embed_tokens.weight" in left_out
    )
    # Vaswani et al.: sine in one half and cosine in the other, positions counted from the one after padding.
    row = encoder.embed_positions.weight[5]
    half = row.shape[0] // 2
    expected = [5 * 10000 ** (-place / (half - 1)) for place in range(half)]
    assert torch.allclose(row, torch.cat([torch.tensor(expected).sin(), torch.tensor(expected).cos()]), atol=1e-6)
    again = tmp_path / "again"
    model.save_pretrained(again)
    reloaded = loading.load_model(record, "mine", again, "fp32", device).state_dict()
    assert all(torch.equal(value, reloaded[name]) for name, value in model.state_dict().items())


def test_fsmt_embeddings_of_which_none_is_there_are_missing(device: Any, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = checkpoint("fsmt", tmp_path / "given")
    kept = {
        name: value
        for name, value in load_file(folder / "model.safetensors").items()
        if "embed_tokens" not in name and "output_projection" not in name
    }
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    record = prepared(folder, tmp_path / "base")

    with pytest.raises(UserError, match=r"3 weights are missing \(model\.decoder\.embed_tokens\.weight"):
        loading.load_model(record, "mine", None, "fp32", device)


def test_the_loss_of_fsmt_is_that_of_its_labels_shifted(device: Any, tmp_path: Path) -> None:
    """Against the decoder inputs written down by hand: the end token, then the labels without their last."""
    import torch

    folder = checkpoint("fsmt", tmp_path / "given")
    model = loading.load_model(prepared(folder, tmp_path / "base"), "mine", None, "fp32", device)
    ids = torch.tensor([[5, 6, 2, 1], [7, 8, 9, 2]])
    labels = torch.tensor([[10, 11, 12, 2], [13, 2, -100, -100]])
    decoder = torch.tensor([[2, 10, 11, 12], [2, 13, 2, 1]])

    with torch.inference_mode():
        given = {"input_ids": ids, "attention_mask": ids.ne(1).long()}
        loss = model(**given, labels=labels).loss
        logits = model(**given, decoder_input_ids=decoder, use_cache=False).logits
    kept = labels != -100
    expected = torch.nn.functional.cross_entropy(logits[kept], labels[kept])

    assert torch.allclose(loss, expected)
    assert labels[1].tolist() == [13, 2, -100, -100]
    positions = [model.model.encoder.embed_positions, model.model.decoder.embed_positions]
    assert not any(each.weight.requires_grad for each in positions)


def test_a_hub_model_takes_its_tokenizer_from_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The published BioGPT fine-tuned on ChatDoctor brings no tokenizer."""
    import huggingface_hub

    commits = {"some/model": "a" * 40, "its/tokenizer": "b" * 40}
    weights, tokenizer = (tmp_path / commit for commit in commits.values())
    checkpoint("biogpt", weights)
    tokenizer.mkdir()
    for file in [*weights.glob("vocab*"), *weights.glob("merges*"), *weights.glob("tokenizer*")]:
        file.rename(tokenizer / file.name)
    downloads: list[tuple[str, str, bool]] = []

    def download(name: str, revision: str, allow_patterns: list[str]) -> str:
        downloads.append((name, revision, "*.safetensors" in allow_patterns))
        return str(tmp_path / commits[name])

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    source = HubModel(kind="hub", name="some/model", revision="main")
    borrowed = source.model_copy(update={"tokenizer": HubTokenizer(name="its/tokenizer", revision="v1")})

    record = loading.locate("models.mine", borrowed, None)

    assert downloads == [("some/model", "main", True), ("its/tokenizer", "v1", False)]
    assert record["tokenizer"] == {"name": "its/tokenizer", "revision": "b" * 40, "trust_remote_code": False}
    with pytest.raises(UserError, match=r"it contains no tokenizer; .*`tokenizer: {name"):
        loading.locate("models.mine", source, None)
    # As it is read later, from a place on the disk in place of the hub's cache.
    on_disk = {**record, "tokenizer": {"name": str(tokenizer), "revision": None, "trust_remote_code": False}}
    assert loading.load_tokenizer(on_disk, "mine").tokenize(PREFIXES[0])[0].startswith("The")


def test_the_tokenizer_of_a_hub_model_is_part_of_its_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint("t5", tmp_path / ("c" * 40))
    monkeypatch.setattr(loading, "_download", lambda key, source, weights=True: tmp_path / ("c" * 40))
    alone = HubModel(kind="hub", name="some/model", revision="main")
    places = [None, HubTokenizer(name="one", revision="main"), HubTokenizer(name="other", revision="main")]

    digests = [loading.locate("k", alone.model_copy(update={"tokenizer": each}), None)["digest"] for each in places]

    assert len(set(digests)) == 3


def test_bart_generates_without_the_settings_of_its_summaries(device: Any, tmp_path: Path) -> None:
    """Published summarizers set beams, lengths and no repeated words: greedy text is generated without them."""
    folder = checkpoint("bart", tmp_path / "given")
    record = prepared(folder, tmp_path / "base")
    tokenizer = loading.load_tokenizer(record, "mine")
    decoding = Decoding(strategy="greedy", max_new_tokens=10)
    plain = texts_of(loading.load_model(record, "mine", None, "fp32", device), tokenizer, PREFIXES, decoding, 3)
    # The generation settings of facebook/bart-large-cnn.
    settings = {"num_beams": 4, "min_length": 56, "max_length": 142, "length_penalty": 2.0, "no_repeat_ngram_size": 3}
    given = json.loads((folder / "generation_config.json").read_text())
    (folder / "generation_config.json").write_text(json.dumps(given | settings | {"early_stopping": True}))

    tuned = loading.load_model(record, "mine", None, "fp32", device)

    assert tuned.generation_config.num_beams == 4
    assert texts_of(tuned, tokenizer, PREFIXES, decoding, 3) == plain


@pytest.mark.parametrize("kind", SLOW)
def test_other_definitions_read_a_tokenizer_that_has_no_fast_form(kind: str, tmp_path: Path) -> None:
    from memorization.config.detection import Definitions
    from memorization.detection.definitions import compare, tokenized_pairs
    from memorization.detection.references import round_trip, tokens_of

    tokenizer: Any = SlowTokenizer(moses_tokenizer(kind, tmp_path, PLAIN * 20))
    suffixes = [text[20:] for text in PLAIN]
    generations = [suffixes[0], suffixes[1][:30], "wholly different words"]

    references = round_trip(suffixes, tokenizer)
    pairs = tokenized_pairs(generations, references, tokens_of(references, tokenizer), tokenizer)
    rows = list(compare(pairs, [False] * 3, 100, tokenizer, Definitions(tokens=5)))

    equal = [row["equal_tokens"] for row in rows]
    assert equal[0] == len(tokenizer.encode_batch_fast([suffixes[0]], add_special_tokens=False)[0].ids)
    assert 3 <= equal[1] < equal[0]
    assert equal[2] == 0
    assert [row["extractable"] for row in rows] == [True, True, False]
