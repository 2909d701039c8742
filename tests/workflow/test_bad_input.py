"""Bad input ends a run with an exit code and one clear message per fault, and leaves no incomplete file."""

import contextlib
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from runs import Ended, Workplace

from memorization import storage


def messages(run: Ended) -> list[str]:
    """The messages of jobs at the end of a failed run, one per fault."""
    assert run.code != 0
    assert "Traceback" not in run.output
    _, _, text = run.output.partition("what went wrong:\n")
    text, _, _ = text.partition("Complete log(s)")
    return re.split(r"\n    \(log: \S+\)\n", text.rstrip("\n") + "\n")[:-1]


def refusal(run: Ended) -> str:
    """The output of a run that was refused at its start."""
    assert run.code != 0
    assert "Traceback" not in run.output
    assert "Finished jobid" not in run.output
    return run.output


def files_dataset(train: Path, **settings: Any) -> dict[str, Any]:
    source = {"kind": "files", "train": str(train), **settings.pop("source", {})}
    return {"task": "classification", "source": source, **settings}


def faulty_datasets(folder: Path) -> dict[str, dict[str, Any]]:
    """Datasets with one fault each."""

    def table(name: str, **columns: Any) -> Path:
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")
        return folder / f"{name}.parquet"

    nothing = pa.array([], pa.string())
    train_only = table("train_only", input=["a", "b"], target=["0", "1"], split=["train", "train"])
    broken = folder / "broken.parquet"
    broken.write_text("no Parquet file")
    return {
        "column": files_dataset(table("column", text=["a", "b"], target=["0", "1"])),
        "empty": files_dataset(table("empty", input=nothing, target=nothing)),
        "null": files_dataset(table("null", input=["a", None], target=["0", "1"])),
        "label": files_dataset(table("label", input=["a", "b"], target=["0", "2"]), labels={"0": "no", "1": "yes"}),
        "split": files_dataset(train_only, source={"test": str(train_only), "split_column": "split"}),
        "broken": files_dataset(broken),
        "remote": {"task": "qa", "source": {"kind": "hub", "name": "nobody/nothing", "revision": "main"}},
    }


def faulty_models(folder: Path) -> dict[str, dict[str, Any]]:
    """Base models with one fault each."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    from memorization.models.scratch import train_tokenizer

    tokenizer = train_tokenizer(["some words to learn from"], 300)
    config = T5Config(
        vocab_size=len(tokenizer), d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2, decoder_start_token_id=0
    )
    model = T5ForConditionalGeneration(config)
    for name in ("pickled", "foreign"):
        model.save_pretrained(folder / name)
        tokenizer.save_pretrained(folder / name)
    (folder / "pickled/model.safetensors").unlink()
    torch.save(model.state_dict(), folder / "pickled/pytorch_model.bin")
    train_tokenizer([f"{chr(97 + i)}{chr(97 + j)}" * 3 for i in range(26) for j in range(26)], 900).save_pretrained(
        folder / "foreign"
    )
    return {
        "pickled": {"source": {"kind": "folder", "path": str(folder / "pickled")}},
        "foreign": {"source": {"kind": "folder", "path": str(folder / "foreign")}},
        "remote": {"source": {"kind": "hub", "name": "nobody/nothing", "revision": "main"}},
    }


FAULTS = {
    "datasets/column.parquet": [
        "datasets.column.input: names column 'input'",
        "column.parquet, row 0",
        "columns there: text, target",
    ],
    "datasets/empty.parquet": ["datasets.empty", "no usable rows in split 'train'", "Check the source"],
    "datasets/null.parquet": ["datasets.null.input", "null.parquet, row 1", "is null", "must be text"],
    "datasets/label.parquet": ["datasets.label.labels", "label.parquet, row 1", "'2'", "allowed: 0, 1"],
    "datasets/split.parquet": ["train_only.parquet", "column 'split' has no 'test'", "found: 'train' (2 rows)"],
    "datasets/broken.parquet": ["datasets.broken.source.train", "broken.parquet: not a readable parquet file"],
    "datasets/remote.parquet": ["datasets.remote", "'nobody/nothing'", "Check the network", "use `kind: files`"],
    "models/pickled": ["models.pickled", "pytorch_model.bin", "allowed: *.safetensors"],
    "models/foreign": ["models.foreign", "another model's tokenizer", "Put the model's own tokenizer"],
    "models/remote": ["models.remote", "'nobody/nothing'", "Check the network", "use `kind: folder`"],
}


@dataclass(frozen=True)
class Failed:
    """A run of many results, each with one fault."""

    workplace: Workplace
    run: Ended


@pytest.fixture(scope="module")
def failed(code: Path, small_config: Path, tmp_path_factory: pytest.TempPathFactory) -> Failed:
    """One run for all faults: no fault hides another, and a start costs seconds."""
    folder = tmp_path_factory.mktemp("faults")
    change = {"datasets": faulty_datasets(folder), "models": faulty_models(folder)}
    workplace = Workplace(code, folder / "work", (small_config,)).with_configuration(folder / "change.yaml", change)
    # No server listens at this address; the hub's client tries six times, for 23 seconds.
    hub = {"HF_HUB_OFFLINE": "0", "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(folder / "hub")}
    targets = [f"results/{path}" for path in sorted(FAULTS, key=lambda path: "remote" not in path)]
    return Failed(workplace, workplace.run(*targets, **hub))


@pytest.mark.parametrize("path", FAULTS)
def test_faulty_source_gives_one_message_and_no_result(failed: Failed, path: str) -> None:
    key = path.removesuffix(".parquet").replace("/", ".")
    of_source = [message for message in messages(failed.run) if message.strip().startswith(key)]

    assert len(of_source) == 1, failed.run.output
    assert [part for part in FAULTS[path] if part not in of_source[0]] == []
    assert "Traceback" not in (failed.workplace.results / f"logs/{path.removesuffix('.parquet')}.log").read_text()
    assert not (failed.workplace.results / path).exists()


def test_faults_are_reported_once_each_and_leave_no_file_but_logs(failed: Failed) -> None:
    assert len(messages(failed.run)) == len(FAULTS)
    # Each also where it happened, among the jobs that go on.
    assert "message: None" not in failed.run.output
    assert failed.run.output.count("    message: datasets.column.input: names column 'input'") == 1
    left = [
        file.relative_to(failed.workplace.results) for file in failed.workplace.results.rglob("*") if file.is_file()
    ]
    assert {file.parts[0] for file in left} <= {"logs", ".running", ".code.json", ".unmade.json"}


def test_missing_files_and_folders_are_reported_before_anything_runs(
    code: Path, small_config: Path, tmp_path: Path
) -> None:
    (tmp_path / "bare").mkdir()
    change = {
        "datasets": {"lost": files_dataset(tmp_path / "lost.parquet")},
        "models": {
            "lost": {"source": {"kind": "folder", "path": str(tmp_path / "lost")}},
            "bare": {"source": {"kind": "folder", "path": str(tmp_path / "bare")}},
        },
        "detection": {"paraphrase": {"classifier": None}},
        "studies": {
            "small": {
                "kind": "memorization",
                "datasets": ["letters", "lost"],
                "models": ["lost", "bare"],
                "states": ["base", "short"],
                "decodings": ["short"],
            }
        },
    }
    workplace = Workplace(code, tmp_path / "work", (small_config,)).with_configuration(tmp_path / "change.yaml", change)

    message = refusal(workplace.run())

    assert message.count("Inputs are missing.") == 1
    assert f"datasets.lost.source.train: {tmp_path}/lost.parquet: no such file." in message
    assert f"models.lost.source.path: {tmp_path}/lost: no such folder." in message
    assert f"models.bare.source.path: {tmp_path}/bare: no config.json; a model folder contains" in message
    assert not workplace.results.exists()


def test_sources_that_cannot_be_used_are_reported_before_anything_runs(
    code: Path, small_config: Path, tmp_path: Path
) -> None:
    """The first rows of every source are read when the graph is built, in a dry run too."""
    (tmp_path / "pointer.parquet").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 123\n")
    (tmp_path / "semicolons.csv").write_text("input;target\none text;yes\n")
    (tmp_path / "rows.csv").write_text("text,target\none text,yes\n")
    names = {"pointer": "pointer.parquet", "semicolons": "semicolons.csv", "column": "rows.csv"}
    study = {
        "kind": "memorization",
        "datasets": ["letters", *names],
        "models": ["small"],
        "states": ["base", "short"],
        "decodings": ["short"],
        "control": False,
    }
    change = {
        "datasets": {name: files_dataset(tmp_path / file) for name, file in names.items()},
        "detection": {"paraphrase": {"classifier": None}},
        "studies": {"small": study},
    }
    workplace = Workplace(code, tmp_path / "work", (small_config,)).with_configuration(tmp_path / "change.yaml", change)

    message = refusal(workplace.run("--dry-run"))

    assert message.count("Inputs cannot be used.") == 1
    assert f"datasets.pointer.source.train: {tmp_path}/pointer.parquet: is not the data, but a pointer" in message
    assert "semicolons.csv: its heading is one column, 'input;target'; set `separator: \";\"`." in message
    assert "datasets.column.input: names column 'input', which" in message
    assert not workplace.results.exists()


def test_unknown_key_is_reported_with_its_file_and_the_nearest_spelling(
    code: Path, small_config: Path, tmp_path: Path
) -> None:
    file = tmp_path / "change.yaml"
    workplace = Workplace(code, tmp_path / "work", (small_config,))

    message = refusal(workplace.with_configuration(file, {"statistics": {"drwas": 60}}).run())

    assert message.count("The configuration is not valid.") == 1
    assert (
        f"{file}: statistics.drwas: unknown key 'drwas'; allowed: draws, high, low, seed; did you mean 'draws'?"
        in message
    )
    assert not workplace.results.exists()


def test_too_long_prefixes_are_an_error_and_too_few_probes_a_warning(finished: Workplace, tmp_path: Path) -> None:
    workplace = finished.copy(tmp_path / "work").with_configuration(tmp_path / "change.yaml", {"probes": {"n": 1000}})
    folder = "probes/dataset=letters/tokenizer=small/population=member/prefix_tokens="

    run = workplace.run(f"results/{folder}20/probes.parquet", f"results/{folder}5000/probes.parquet")

    (message,) = messages(run)
    assert "dataset 'letters': none of the 12 inputs is longer than the prefix of 5000 tokens" in message
    assert "lower `probes.prefix_tokens`" in message
    assert not (workplace.results / f"{folder}5000/probes.parquet").exists()
    probes = workplace.results / f"{folder}20/probes.parquet"
    manifest = storage.manifest_of(probes)
    assert (manifest["n_asked"], manifest["n"], storage.rows_of(probes)) == (1000, 12, 12)
    log = (workplace.results / f"logs/{folder}20/probes.log").read_text()
    assert "WARNING dataset letters, split train: 1000 probes configured, 12 usable inputs: n is 12" in log


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """A file system in memory at `folder`; the test is skipped if none can be mounted."""
    folder.mkdir(parents=True)
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mount.returncode:
        pytest.skip(f"no file system can be mounted here: {mount.stderr.strip()}")
    try:
        yield
    finally:
        # Lazily: the exception of a failed write may still keep its file open.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_read_only_results_folder_is_reported_before_anything_runs(
    code: Path, small_config: Path, tmp_path: Path
) -> None:
    workplace = Workplace(code, tmp_path / "work", (small_config,))

    with mounted(workplace.results, "ro,size=1m"):
        message = refusal(workplace.run())

    assert message.count("results: results: cannot be written (Read-only file system)") == 1
    assert "--config results=FOLDER" in message


def test_full_disk_is_reported_and_leaves_no_incomplete_file(code: Path, small_config: Path, tmp_path: Path) -> None:
    source = {"kind": "synthetic", "corpora": ["news"], "train": 4000, "seed": 1}
    change = {"datasets": {"large": {"task": "summarization", "source": source}}}
    workplace = Workplace(code, tmp_path / "work", (small_config,)).with_configuration(tmp_path / "change.yaml", change)

    with mounted(workplace.results, "size=200k"):
        run = workplace.run("results/datasets/large.parquet")
        left = [file.name for file in workplace.results.rglob("*") if file.is_file()]

    (message,) = messages(run)
    assert "results/datasets/large.parquet: the disk is full." in message
    assert "finished work is kept" in message
    assert sorted(left) == [".code.json", ".running", ".unmade.json", "large.log"]
