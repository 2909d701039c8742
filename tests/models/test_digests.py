"""Digests of the code of models: what a stage does not use does not make its results stale."""

from pathlib import Path

import pytest

from memorization import freshness

ROOT = Path(__file__).resolve().parents[2]
MODELS = "memorization.models"
TRAINING = {f"{MODELS}.{name}" for name in ("training", "fitting", "resumption", "recipes.switch", "recipes.goldfish")}


def reached(script: str) -> set[str]:
    return freshness.reach(ROOT / "scripts" / script, ROOT)


@pytest.mark.parametrize("script", ["generations.py", "likelihoods.py", "answers.py", "attention.py"])
def test_results_of_a_loaded_model_do_not_depend_on_the_code_of_training(script: str) -> None:
    assert f"{MODELS}.loading" in reached(script)
    assert not reached(script) & TRAINING


@pytest.mark.parametrize("script", ["generations.py", "likelihoods.py", "answers.py"])
def test_no_engine_is_reached_by_imports(script: str) -> None:
    """The rule adds the engine that it chooses to the digest."""
    assert not {name for name in reached(script) if name.startswith(f"{MODELS}.engines.")}


def test_likelihoods_do_not_depend_on_the_code_of_generation() -> None:
    assert not reached("likelihoods.py") & {f"{MODELS}.{name}" for name in ("generation", "engine", "examples")}


@pytest.mark.parametrize("script", ["base_model.py", "classifier.py"])
def test_training_from_scratch_does_not_depend_on_recipes(script: str) -> None:
    assert f"{MODELS}.fitting" in reached(script)
    assert not {name for name in reached(script) if "recipes" in name or name == f"{MODELS}.training"}
