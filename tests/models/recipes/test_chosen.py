"""Chosen modules: a training loads the code of its recipe's switches, and no other."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from fine_tuning import BLOCKS, SWITCHES, recipe_of

from memorization import freshness
from memorization.models.recipes.chosen import PACKAGE, chosen
from memorization.models.training import load_switches

ROOT = Path(__file__).resolve().parents[3]
MODULES = {
    "last_layer": ["weights"],
    "head": ["weights"],
    "lora": ["adapters"],
    "lora and early_stopping": ["adapters"],
    "exact": ["deduplication"],
    "near": ["deduplication"],
    "goldfish": ["goldfish"],
    "inputs": ["inputs"],
}


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_recipe_names_the_modules_of_its_switches(switch: str) -> None:
    assert list(chosen(recipe_of(switch))) == [f"{PACKAGE}.{name}" for name in MODULES.get(switch, [])]


def test_blocks_are_a_module_of_their_own() -> None:
    assert chosen(recipe_of("all", **BLOCKS)) == (f"{PACKAGE}.blocks",)


def test_several_switches_apply_to_rows_first_and_to_weights_last() -> None:
    recipe = recipe_of("lora", deduplicate="near", goldfish={"every": 4})

    names = [name.rpartition(".")[2] for name in chosen(recipe)]

    assert names == ["deduplication", "goldfish", "adapters"]
    assert [type(switch).__module__ for switch in load_switches(recipe)] == list(chosen(recipe))


def test_training_reaches_no_switch_by_imports() -> None:
    """What a recipe loads by name is added to the digest of its training, and to no other."""
    switches = {f"{PACKAGE}.{name}" for names in MODULES.values() for name in names} | {f"{PACKAGE}.blocks"}

    reached = freshness.reach(ROOT / "scripts/train.py", ROOT)

    assert f"{PACKAGE}.chosen" in reached
    assert not reached & switches


def test_a_plain_recipe_needs_no_library_of_a_switch() -> None:
    code = "import sys; from memorization.models import training; from memorization.config.models import Recipe; "
    code += "training.load_switches(Recipe(epochs=1)); print([name for name in sys.modules])"

    names = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout

    loaded = set(ast.literal_eval(names))
    assert "memorization.models.training" in loaded
    assert not loaded & {"peft", "datasketch"}
    assert not {name for name in loaded if name.startswith(PACKAGE)} - {
        PACKAGE,
        f"{PACKAGE}.chosen",
        f"{PACKAGE}.switch",
    }
