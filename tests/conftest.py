"""Shared by tests of several folders: a configuration whose whole run takes half a minute, and one such run."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from filelock import FileLock
from hypothesis import settings
from runs import Ended, Workplace, copy_of_the_code

# No test asserts on time: the first example of a compiled function also waits for the compiler.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def _denormal_numbers() -> Iterator[None]:
    """Numbers under 1e-38 are there again after a test that set torch up as a job does."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)


SMALL = """
label: "Test run: shows that the program works, and is not evidence."

compute: {device: cpu, threads: 1, generation_batch_size: 64, memory_mb: 1000}

datasets:
  letters:
    task: summarization
    source: {kind: synthetic, corpora: [news], train: 12, test: 6, seed: 1}
    instruction: "Summarize the article."
    prefix_tokens: 20
  papers:
    task: pretraining
    source: {kind: synthetic, corpora: [news], train: 12, seed: 2}

models:
  small:
    title: small T5
    source:
      kind: scratch
      architecture:
        model_type: t5
        d_model: 16
        d_kv: 8
        d_ff: 32
        num_heads: 2
        num_layers: 1
        num_decoder_layers: 1
        dropout_rate: 0.1
        tie_word_embeddings: true
      vocabulary: 400
      pretraining: {dataset: papers, epochs: 1, batch_size: 4, max_tokens: 64}

classifiers:
  judge:
    title: small judge
    source:
      kind: trained
      architecture:
        model_type: bert
        hidden_size: 16
        num_hidden_layers: 1
        num_attention_heads: 2
        intermediate_size: 32
      vocabulary: 400
      pairs: {kind: synthetic, train: 40, test: 8, seed: 1}
      epochs: 1
      max_tokens: 96

detection:
  paraphrase: {classifier: judge}

recipes:
  # Enough epochs for a test to end a run during training.
  short:
    epochs: 40
    keep: [2, 40]
    batch_size: 4
    learning_rate: 0.01
    max_input_tokens: 64
    max_target_tokens: 32

probes: {n: 10}

decodings:
  short: {strategy: greedy, max_new_tokens: 12}
  drawn: {strategy: sample, top_k: 40, max_new_tokens: 12, seed: 0}

statistics: {draws: 50}

studies:
  small:
    kind: memorization
    models: [small]
    datasets: [letters]
    states: [base, short]
    decodings: [short]
    control: false
"""

SECOND_STUDY = {
    "studies": {
        name: {
            "kind": "memorization",
            "datasets": ["letters"],
            "models": ["small"],
            "states": ["base", "short"],
            "decodings": [decoding],
            "control": name == "drawn",
        }
        for name, decoding in (("small", "short"), ("drawn", "drawn"))
    }
}


@pytest.fixture(scope="session")
def small_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An overlay over `config.yaml`: one dataset of 12 documents, a T5 of some thousand parameters, one study."""
    file = tmp_path_factory.mktemp("configuration") / "small.yaml"
    file.write_text(SMALL, encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> tuple[Workplace, Ended]:
    """A workplace with a finished run of a greedy and a sampled study, and that run's exit code and output.

    It is made once: of the processes of a parallel test run, the first that needs it makes it, and others wait.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "finished"
    small, both, output = folder / "small.yaml", folder / "both.yaml", folder / "output.txt"
    workplace = Workplace(folder / "code", folder / "work", (small, both))
    with FileLock(folder.with_suffix(".lock")):
        if not output.exists():
            shutil.rmtree(folder, ignore_errors=True)
            copy_of_the_code(workplace.code)
            small.write_text(SMALL, encoding="utf-8")
            both.write_text(yaml.safe_dump(SECOND_STUDY), encoding="utf-8")
            run = workplace.run()
            assert run.code == 0, run.output
            output.write_text(run.output, encoding="utf-8")
    return workplace, Ended(0, output.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def finished(first_run: tuple[Workplace, Ended]) -> Workplace:
    """The finished workplace; for reading and dry runs only: use a `copy` to change something."""
    return first_run[0]
