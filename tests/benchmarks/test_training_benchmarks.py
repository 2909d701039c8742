"""The benchmarks of training run on made-up texts and a toy; the measured numbers are not tested."""

import json
import sys
from typing import Any

import programs
import pytest


def measured(program: str, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    options = ["--measure", program, "--folder", ".", "--texts", "short=16/8", "--rows", "8"]
    training = programs.load("training")
    patch.setitem(training.SMALL_T5, "dropout_rate", 0.0)
    training.main(options)
    values: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return values


def test_both_trainers_do_the_same_work(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Eight texts are one batch, whatever its padding and order: the same two steps."""
    programs = ("ours", "ours, group_by_length", "transformers, padded to the longest")
    losses = {program: measured(program, monkeypatch, capsys)["loss"] for program in programs}

    assert losses["ours, group_by_length"] == pytest.approx(losses["ours"], rel=1e-4)
    assert losses["transformers, padded to the longest"] == pytest.approx(losses["ours"], rel=1e-4)


@pytest.mark.skipif("__import__('torch').cuda.is_available()", reason="takes minutes on a GPU")
def test_a_toy_is_measured_where_there_is_no_gpu(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gpu = programs.load("gpu_training")
    monkeypatch.setattr(gpu, "EPOCHS", 1)
    monkeypatch.setattr(sys, "argv", ["gpu_training.py"])

    gpu.main()

    lines = [line.split("|")[1:-1] for line in capsys.readouterr().out.splitlines() if line.startswith("|")][2:]
    assert [(line[0].strip(), int(line[1])) for line in lines] == [
        (program, batch) for batch in gpu.ON_CPU.batches for program in gpu.PROGRAMS
    ]


def test_operations_are_those_of_the_matrix_products(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three products of each weight with each token, forwards and backwards, and of each score of attention."""
    gpu = programs.load("gpu_training")
    width, read, written = 8, 10, 6
    sizes = gpu.Sizes(
        {"d_model": width, "d_ff": 12, "num_layers": 1, "num_heads": 2, "d_kv": 4, "vocab_size": 20},
        (read, written),
        [1],
        1,
    )
    square, wide = width * width, width * 12
    encoder = read * (4 * square + 2 * wide) + 2 * width * read * read
    decoder = written * (6 * square + 2 * wide) + read * 2 * square + 2 * width * written * (written + read)
    assert gpu.operations_of_example(sizes) == 3 * 2 * (encoder + decoder + written * width * 20)
