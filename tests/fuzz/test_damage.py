"""Damage to results: whatever happens to a file's bytes, its reader says so or gives the values that were written."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cases
import pyarrow as pa
import pytest
from tiny import tiny_model, tiny_tokenizer

from memorization import checksums, retrieval, storage
from memorization.config.detection import Retrieval
from memorization.detection import text
from memorization.errors import UserError
from memorization.models import fitting, loading, resumption
from memorization.models.classifiers import DeferredClassifier
from memorization.probes import read_tokenizer
from memorization.report.query import query
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.probes import ProbesTable

WORDS = ["amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "heath", "inlet", "juniper", "kelp", "larch"]
ARCHITECTURE = "t5"


def phrases(n: int, seed: int) -> list[str]:
    generator = random.Random(seed)
    return [" ".join(generator.choices(WORDS, k=20)) + "." for _ in range(n)]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a result of each kind, as the stages write them."""
    folder = tmp_path_factory.mktemp("results")
    texts, numbers = phrases(60, 1), list(range(60))
    probes = {"probe": numbers, "id": texts, "prefix": texts, "suffix": texts, "input_text": numbers}
    probes |= {"prefix_characters": [1] * 60, "suffix_characters": [1] * 60}
    generations = {"probe": numbers, "generation": phrases(60, 2), "generated_tokens": numbers, "at_limit": [True] * 60}
    storage.write_table(
        folder / "probes.parquet", ProbesTable, pa.table(probes).select(ProbesTable.columns()), {"seed": 1}
    )
    storage.write_table(folder / "generations.parquet", GenerationsTable, pa.table(generations), {"seed": 2})
    retrieval.index_suffixes(folder / "probes.parquet", folder / "index")
    (folder / "sentences").mkdir()
    storage.write_text(folder / "sentences/sentences.json", text.as_json(text.sentence_model("punkt_corpus", texts)))
    storage.write_sums(folder / "sentences/sentences.sha256", [folder / "sentences/sentences.json"])
    tokenizer = tiny_tokenizer()
    model = tiny_model(ARCHITECTURE, tokenizer)
    with storage.replacing(folder / "state/kept-1") as kept:
        fitting.save_checkpoint(model, tokenizer, kept)
    record = loading.trained_record("scratch", "tiny", "digest", model)
    loading.write_model(folder / "model", folder / "state/kept-1", record | {"encoder_decoder": True})
    with storage.replacing(folder / "checkpoints") as checkpoints:
        checkpoints.mkdir()
        shutil.copytree(folder / "state/kept-1", checkpoints / "epoch-1")
    resumption.save_state(resumption.Unfinished(folder / "state", "one"), model, optimizer_of(model), 1, {"loss": 0.5})
    (folder / "folder").mkdir()
    shutil.copytree(folder / "model", folder / "folder/weights")
    record = record | {"kind": "folder", "encoder_decoder": True, "head": "sequence", "labels": ["no", "yes"]}
    record["digest"] = loading.folder_digest(folder / "folder/weights")
    with storage.replacing(folder / "folder/base") as base:
        base.mkdir()
        loading.write_record(base, record)
    return folder


def optimizer_of(model: Any) -> Any:
    import torch

    optimizer = torch.optim.AdamW(model.parameters())
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    return optimizer


def weights(model: Any) -> dict[str, bytes]:
    return {name: value.numpy().tobytes() for name, value in model.state_dict().items()}


def model_in_state(base: Path, checkpoints: str | None) -> object:
    model, tokenizer = loading.load_state(base, "tiny", checkpoints, "1", "fp32", "cpu")
    return weights(model), tokenizer(phrases(3, 3))["input_ids"]


def candidates(folder: Path) -> object:
    generations = folder.parent / "generations.parquet"
    batches = retrieval.candidate_batches(generations, folder, Retrieval(), threads=1)
    return pa.Table.from_batches(batches).to_pydict()


def resumed(folder: Path) -> object:
    tokenizer = tiny_tokenizer()
    model = tiny_model(ARCHITECTURE, tokenizer, seed=5)
    fresh = weights(model)
    optimizer = optimizer_of(tiny_model(ARCHITECTURE, tokenizer))
    progress = resumption.resume(resumption.Unfinished(folder, "one"), model, optimizer)
    # A training that begins anew gives the same numbers in the end.
    return (progress, weights(model)) if progress or weights(model) != fresh else "anew"


def local_checkpoint(folder: Path) -> object:
    record = loading.read_record(folder / "base") | {"name": str(folder / "weights")}
    loading.check_source(record, "models.tiny", folder / "base")
    return weights(loading.load_model(record, "tiny", None, "fp32", "cpu"))


def judge(folder: Path) -> object:
    return DeferredClassifier(folder, "judge", "cpu", 1, 8).record


def tokens(folder: Path) -> object:
    return [encoding.ids for encoding in read_tokenizer(folder).encode_batch(phrases(3, 3))]


def by_sql(file: Path) -> object:
    sql = file.with_suffix(".sql")
    sql.write_text("SELECT * FROM probes")
    return query(sql, {"probes": [file]}).to_pydict()


READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "table": ("probes.parquet", lambda file: storage.read(file, ProbesTable).to_pydict()),
    "rows": ("generations.parquet", storage.rows),
    "stream": ("probes.parquet", lambda file: [batch.to_pydict() for batch in storage.stream(file, ["suffix"])]),
    "manifest": ("generations.parquet", lambda file: (storage.manifest_of(file), storage.rows_of(file))),
    "SQL": ("probes.parquet", by_sql),
    "index": ("index", candidates),
    "sentence model": ("sentences", lambda folder: text.as_json(text.read_sentence_model(folder / "sentences.json"))),
    "base model": ("model", lambda folder: model_in_state(folder, None)),
    "tokenizer": ("model", tokens),
    "checkpoint": ("checkpoints", lambda folder: model_in_state(folder.parent / "model", str(folder))),
    "unfinished training": ("state", resumed),
    "local checkpoint": ("folder", local_checkpoint),
}


def damage(path: Path, generator: random.Random) -> str:
    """Flip a bit, cut, empty, delete, or fill with zeros a part of one file; say what was done."""
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    file = generator.choice([file for file in files if file.stat().st_size])
    content = bytearray(file.read_bytes())
    place = generator.randrange(len(content))
    how = generator.choice(["flip"] * 8 + ["cut", "empty", "delete", "zeros"])
    if how == "flip":
        content[place] ^= 1 << generator.randrange(8)
    elif how == "zeros":
        content[place : place + 512] = bytes(len(content[place : place + 512]))
    elif how == "cut":
        del content[place:]
    else:
        content.clear()
    file.write_bytes(content)
    if how == "delete":
        file.unlink()
    return f"{how} {file.name} at byte {place}"


@pytest.fixture(scope="module")
def undamaged(written: Path) -> dict[str, object]:
    """What each reader gives of the results as they were written."""
    return {name: read(written / place) for name, (place, read) in READERS.items()}


def copy(place: str, written: Path, folder: Path) -> Path:
    """A copy of a result, beside the others that its reader needs."""
    for entry in written.iterdir():
        if entry.name != place:
            (folder / entry.name).symlink_to(entry)
    original = written / place
    return Path((shutil.copytree if original.is_dir() else shutil.copy2)(original, folder / place))


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize("seed", cases.seeds("damage"))
def test_damage_is_refused_or_changes_no_value(
    kind: str, seed: int, written: Path, undamaged: dict[str, object], tmp_path: Path
) -> None:
    place, read = READERS[kind]
    result = copy(place, written, tmp_path)
    done = damage(result, random.Random(f"{kind} {seed}"))
    with cases.in_time():
        try:
            values = read(result)
        except UserError as error:
            assert isinstance(error, checksums.DamagedError) or kind == "local checkpoint", (done, error)
            return
    assert values == undamaged[kind] or values == "anew", done
