"""What is made again after a change, and what is not: dry runs over a finished run."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from runs import Workplace

DEFINITIONS = {"definitions", "definition_rates", "definitions_table"}
FROM_OUTCOMES = {"outcomes", "rates", "comparisons", "table", "figure"} | DEFINITIONS
FROM_MATCHES = {"matches", "paraphrases", "entities"} | FROM_OUTCOMES
FROM_GENERATIONS = {"generations", "candidates"} | FROM_MATCHES


@contextlib.contextmanager
def edited(file: Path, text: str) -> Iterator[None]:
    """Have another text in a file of the code for a while."""
    before = file.read_text()
    file.write_text(text)
    try:
        yield
    finally:
        file.write_text(before)


def study(decoding: str) -> dict[str, Any]:
    return {
        "kind": "memorization",
        "datasets": ["letters"],
        "models": ["small"],
        "states": ["base", "short"],
        "decodings": [decoding],
        "control": decoding == "drawn",
    }


def test_a_changed_decoding_makes_its_own_runs_again_and_what_follows(finished: Workplace, tmp_path: Path) -> None:
    drawn = {"strategy": "sample", "top_k": 39, "max_new_tokens": 12, "seed": 0}

    jobs = finished.with_configuration(tmp_path / "change.yaml", {"decodings": {"drawn": drawn}}).dry_run()

    assert set(jobs) == FROM_GENERATIONS
    assert {rule: len(outputs) for rule, outputs in jobs.items()} == {
        **dict.fromkeys(FROM_GENERATIONS, 4),
        "definitions": 2,
        "definition_rates": 2,
        "comparisons": 1,
        "table": 1,
        "figure": 1,
        "definitions_table": 1,
    }
    outputs = [output for outputs in jobs.values() for output in outputs]
    assert [output for output in outputs if "decoding=drawn" not in output and "s/drawn" not in output] == []


def test_an_added_decoding_adds_only_its_runs(finished: Workplace, tmp_path: Path) -> None:
    change = {
        "decodings": {"warm": {"strategy": "sample", "temperature": 1.5, "max_new_tokens": 12}},
        "studies": {"small": study("short"), "drawn": study("drawn"), "warm": study("warm")},
    }

    jobs = finished.with_configuration(tmp_path / "change.yaml", change).dry_run()

    assert set(jobs) == FROM_GENERATIONS
    outputs = [output for outputs in jobs.values() for output in outputs]
    assert len(outputs) == 2 * 9 + 4
    assert [output for output in outputs if "decoding=warm" not in output and "s/warm" not in output] == []


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ({"statistics": {"draws": 60}}, {"rates", "comparisons", "table", "figure"} | DEFINITIONS - {"definitions"}),
        ({"retrieval": {"candidates": 9}}, FROM_GENERATIONS - {"generations"}),
        ({"label": "Another label."}, {"table", "figure", "definitions_table"}),
        ({"detection": {"sentences": "punkt_corpus", "definitions": {"tokens": 5}}}, DEFINITIONS),
        ({"detection": {"paraphrase": {"classifier": "judge", "low": 0.6}}}, {"paraphrases"} | FROM_OUTCOMES),
        ({"detection": {"paraphrase": {"classifier": None}}}, FROM_OUTCOMES),
        ({"detection": {"entities": {"region": "DE"}}}, {"entities"} | FROM_OUTCOMES),
        ({"detection": {"entities": {"patterns": False}}}, FROM_OUTCOMES),
        ({"detection": {"decides": "strongest"}}, FROM_OUTCOMES),
        # In fp32 neither changes a result; nor does what a job may use.
        ({"compute": {"generation_batch_size": 3, "memory_mb": 1500}}, set()),
        ({"detection": {"paraphrase": {"classifier": "judge", "batch_size": 3}}}, set()),
    ],
    ids=[
        "draws",
        "candidates",
        "label",
        "definitions",
        "bound of confidence",
        "no confidence",
        "region",
        "no entities",
        "decides",
        "batch size and memory",
        "batch size of confidence",
    ],
)
def test_a_changed_setting_makes_what_it_decides_again(
    finished: Workplace, tmp_path: Path, change: dict[str, Any], rules: set[str]
) -> None:
    assert set(finished.with_configuration(tmp_path / "change.yaml", change).dry_run()) == rules


def test_a_changed_docstring_or_comment_makes_nothing_again(finished: Workplace) -> None:
    module = finished.code / "memorization/detection/alignment.py"
    text = module.read_text()
    assert text.startswith('"""')

    with edited(module, "# A comment.\n" + text.replace('"""', '"""Put differently: ', 1) + "\n# The end.\n"):
        assert finished.dry_run() == {}


@pytest.mark.parametrize(
    ("module", "rules"),
    [
        ("memorization/detection/alignment.py", FROM_MATCHES),
        ("memorization/detection/definitions.py", DEFINITIONS),
        ("memorization/report/tables.py", {"table", "figure", "definitions_table"}),
        ("memorization/report/definitions_table.py", {"definitions_table"}),
        ("memorization/detection/entities.py", {"entities"} | FROM_OUTCOMES),
        ("memorization/models/classifiers.py", {"classifier", "paraphrases", "entities"} | FROM_OUTCOMES),
        ("memorization/datasets/pairs.py", {"pairs", "classifier", "paraphrases"} | FROM_OUTCOMES),
        ("memorization/figures.py", {"figure"}),
        ("memorization/models/generation.py", FROM_GENERATIONS),
        ("memorization/errors.py", set()),
        ("memorization/report/run.py", set()),
    ],
)
def test_changed_code_makes_what_reaches_it_again(finished: Workplace, module: str, rules: set[str]) -> None:
    file = finished.code / module

    with edited(file, f"{file.read_text()}\nADDED = 1\n"):
        assert set(finished.dry_run()) == rules
