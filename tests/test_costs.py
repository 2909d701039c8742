"""Costs of a configuration, compared with a calculation by hand."""

import json
import struct
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from memorization import costs
from memorization.studies.kinds import Config


def configuration(folder: Path, **sections: Any) -> Config:
    hub = {"kind": "hub", "name": "a/b", "revision": "main"}
    study = {"kind": "memorization", "models": ["big"], "datasets": ["far", "near"], "states": ["base", "full"]}
    values: dict[str, Any] = {
        "data_root": str(folder),
        "compute": {"teraflops": 1.0},
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
    assert one.training_hours == pytest.approx(6 * 1e9 * tokens_trained / 1e12 / 3600)
    # Base and fine-tuned, 60 probes of one dataset and 7 of the other, 20 tokens read and 30 written.
    assert one.inference_hours == pytest.approx(2 * 1e9 * 2 * (60 + 7) * 50 / 1e12 / 3600)
    assert one.checkpoint_bytes == 2 * 2 * 4 * 1e9
    assert one.result_bytes == 2 * (60 + 7) * costs.BYTES_PER_PROBE


def test_parameters_are_read_from_the_header_of_local_weights(tmp_path: Path) -> None:
    header = json.dumps({"__metadata__": {"format": "pt"}, "a": {"shape": [3, 5]}, "b": {"shape": []}}).encode()
    (tmp_path / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    models = {"big": {"source": {"kind": "folder", "path": str(tmp_path)}}}

    assert costs.parameters(configuration(tmp_path, models=models), "big") == 16


def test_rows_of_several_files_are_added(tmp_path: Path) -> None:
    for number in (1, 2):
        pq.write_table(pa.table({"input": ["x"] * number}), tmp_path / f"part-{number}.parquet")
    source = {"kind": "files", "train": "{data_root}/part-*.parquet"}
    config = configuration(tmp_path, datasets={name: {"task": "qa", "source": source} for name in ("far", "near")})
    assert costs.training_rows(config, "near") == 3


def test_what_is_unknown_is_reported(tmp_path: Path) -> None:
    hub = {"kind": "hub", "name": "a/b", "revision": "main"}
    plain = configuration(tmp_path)
    assert "left out" not in costs.summary(plain)
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
