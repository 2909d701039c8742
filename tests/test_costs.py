"""Costs of a configuration, compared with a calculation by hand."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import save_file

from memorization import costs, memory
from memorization.studies.kinds import Config


def configuration(folder: Path, **sections: Any) -> Config:
    hub = {"kind": "hub", "name": "a/b", "revision": "main"}
    study = {"kind": "memorization", "models": ["big"], "datasets": ["far", "near"], "states": ["base", "full"]}
    values: dict[str, Any] = {
        "data_root": str(folder),
        "compute": {"teraflops": 1.0, "gigabytes_per_second": 100.0, "generation_batch_size": 25},
        "datasets": {
            "far": {"task": "qa", "source": hub, "rows": 1000, "limit": 100},
            "near": {"task": "qa", "source": {"kind": "files", "train": "{data_root}/near.parquet"}},
        },
        "models": {"big": {"source": hub, "parameters": 10**9}},
        "recipes": {"full": {"epochs": 4, "keep": [1, 4], "max_input_tokens": 40, "max_target_tokens": 10}},
        "decodings": {"greedy": {"strategy": "greedy", "max_new_tokens": 30}},
        "probes": {"n": 60, "prefix_tokens": 20},
        "studies": {"one": {**study, "control": False}, "two": study},
    }
    pq.write_table(pa.table({"input": ["x"] * 7}), folder / "near.parquet")
    return Config.model_validate(values | sections)


def test_what_studies_share_counts_once(tmp_path: Path) -> None:
    one, two = costs.costs(configuration(tmp_path))

    assert (one.runs, one.training_runs) == (4, 2)
    # Only the controls are new.
    assert (two.runs, two.training_runs, two.training_hours, two.checkpoint_bytes) == (4, 0, 0, 0)


def test_hours_and_bytes_equal_those_computed_by_hand(tmp_path: Path) -> None:
    one = costs.costs(configuration(tmp_path))[0]

    tokens_trained = (100 + 7) * 4 * 50
    trained = 6 * 1e9 * tokens_trained / 1e12 + 2 * costs.SECONDS_PER_JOB
    assert one.training_hours == pytest.approx(trained / 3600)
    # Base and fine-tuned, 60 probes of one dataset and 7 of the other: 20 tokens read; and 30 written in three batches
    # and one, for each of which all weights are read.
    read = 2 * 1e9 * (60 + 7) * 20 / 1e12
    written = (3 + 1) * 30 * 4 * 1e9 / 100e9
    assert one.inference_hours == pytest.approx(2 * (read + written + 2 * costs.SECONDS_PER_JOB) / 3600)
    # The texts, and two positive controls of each; then personal data in the texts.
    detected = 2 * 3 * (60 + 7) * costs.SECONDS_PER_DETECTED + 4 * costs.SECONDS_PER_DETECTION
    searched = 2 * (60 + 7) * costs.SECONDS_PER_SEARCHED + 4 * costs.SECONDS_PER_JOB
    assert one.detection_hours == pytest.approx((detected + searched) / 3600)
    revealed = costs.costs(configuration(tmp_path, report={"personal_data": "revealed"}))[0]
    assert revealed.detection_hours == pytest.approx(detected / 3600)
    assert one.checkpoint_bytes == 2 * 2 * 4 * 1e9
    assert one.result_bytes == 2 * (60 + 7) * costs.BYTES_PER_PROBE


def test_parameters_are_read_from_the_header_of_local_weights(tmp_path: Path) -> None:
    save_file({"a": np.zeros((3, 5)), "b": np.zeros(())}, tmp_path / "model.safetensors", {"format": "pt"})
    models = {"big": {"source": {"kind": "folder", "path": str(tmp_path)}}}

    assert memory.parameters(configuration(tmp_path, models=models), "big") == 16


def test_rows_of_several_files_are_added(tmp_path: Path) -> None:
    for number in (1, 2):
        pq.write_table(pa.table({"input": ["x"] * number}), tmp_path / f"part-{number}.parquet")
    source = {"kind": "files", "train": "{data_root}/part-*.parquet"}
    config = configuration(tmp_path, datasets={name: {"task": "qa", "source": source} for name in ("far", "near")})
    assert costs.training_rows(config, "near") == 3


def test_what_is_unknown_is_reported(tmp_path: Path) -> None:
    hub = {"kind": "hub", "name": "a/b", "revision": "main"}
    plain = configuration(tmp_path)
    assert "left out (rows)" not in costs.summary(plain)
    assert "left out (parameters)" not in costs.summary(plain)
    text = costs.summary(
        configuration(
            tmp_path,
            datasets={name: {"task": "qa", "source": hub} for name in ("far", "near")},
            models={"big": {"source": hub}},
        )
    )
    assert "left out (rows): far, near." in text
    assert "left out (parameters): big." in text
    assert "total" in costs.summary(plain)
    assert "1 TFLOP/s" in costs.summary(plain)


SIZES = {"model_type": "t5", "d_model": 1000, "d_kv": 100, "d_ff": 4000, "num_heads": 10, "num_layers": 10}


def with_sizes(folder: Path, recipe: dict[str, Any] | None = None, **model: Any) -> costs.Cost:
    hub = {"kind": "hub", "name": "a/b", "revision": "main"}
    big = {"source": hub, "parameters": 10**9, "architecture": {**SIZES, "vocab_size": 1000}, **model}
    full = {"epochs": 4, "max_input_tokens": 4000, "max_target_tokens": 1000, **(recipe or {})}
    return costs.costs(configuration(folder, models={"big": big}, recipes={"full": full}))[0]


def test_what_a_recipe_adds_to_training_is_counted(tmp_path: Path) -> None:
    plain = with_sizes(tmp_path).training_hours - 2 * costs.SECONDS_PER_JOB / 3600

    def factor(cost: costs.Cost) -> float:
        return (cost.training_hours - 2 * costs.SECONDS_PER_JOB / 3600) / plain

    assert factor(with_sizes(tmp_path, gradient_checkpointing=True)) == pytest.approx(8 / 6)
    assert factor(with_sizes(tmp_path, {"loss": "input_and_target"})) == pytest.approx(9 / 5)
    half = with_sizes(tmp_path, {"precision": "bf16", "weights": "bf16"})
    assert half.checkpoint_bytes == with_sizes(tmp_path).checkpoint_bytes / 2


def test_small_models_take_the_time_of_their_steps(tmp_path: Path) -> None:
    recipe = {"batch_size": 10, "accumulation_steps": 5, "max_input_tokens": 4, "max_target_tokens": 1}
    passes = 4 * (10 + 1) * 5
    steps = passes * 3 * 20 * costs.SECONDS_PER_LAYER
    assert with_sizes(tmp_path, recipe, parameters=1000).training_hours == pytest.approx(
        (steps + 2 * costs.SECONDS_PER_JOB) / 3600
    )


def test_beams_read_more_memory(tmp_path: Path) -> None:
    def hours(strategy: str) -> float:
        decodings = {"greedy": {"strategy": strategy, "max_new_tokens": 30}}
        config = configuration(tmp_path, decodings=decodings, compute={"gigabytes_per_second": 1.0})
        sized = config.models["big"].model_copy(update={"architecture": {**SIZES, "vocab_size": 1000}})
        return costs.costs(config.model_copy(update={"models": {"big": sized}}))[0].inference_hours

    assert hours("as_published") > hours("greedy")


def test_the_plan_states_memory_downloads_and_what_exceeds_a_gpu(tmp_path: Path) -> None:
    hub = {"kind": "hub", "name": "a/b", "revision": "main"}
    models = {"big": {"source": hub, "parameters": 10**9, "architecture": {**SIZES, "vocab_size": 1000}}}
    config = configuration(tmp_path, models=models, compute={"gpu_memory_gb": 12})

    text = costs.summary(config)

    assert "The hub's cache (HF_HOME) takes about 4 GB for models" in text
    assert re.search(r"^training +big +full +16 +1\d GB +exceeds the GPU$", text, re.MULTILINE)
    assert re.search(r"^generations +big +20 tokens and 30 written +32 +4 GB", text, re.MULTILINE)
    assert "a GPU has 12 GB for each" in text
    assert "left out (memory): big." in costs.summary(configuration(tmp_path))


def test_rows_of_a_file_that_cannot_be_read_are_unknown(tmp_path: Path) -> None:
    config = configuration(tmp_path)
    assert costs.training_rows(config, "near") == 7

    (tmp_path / "near.parquet").write_bytes(b"no Parquet")

    assert costs.training_rows(config, "near") is None
