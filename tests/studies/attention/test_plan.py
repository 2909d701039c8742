"""Studies of attention: what they make, and from which files."""

from pathlib import Path

import pytest

from memorization import configfile, local_files, plan
from memorization.errors import UserError
from memorization.report import formats
from memorization.studies.attention.plan import Attention
from memorization.studies.kinds import Config

ROOT = Path(__file__).resolve().parents[3]


def configured(small_config: Path, folder: Path, studies: str) -> Config:
    file = folder / "studies.yaml"
    file.write_text(f"studies:\n{studies}", encoding="utf-8")
    return configfile.load([ROOT / "config.yaml", small_config, file])


def study(config: Config, name: str) -> Attention:
    named = config.studies[name]
    assert isinstance(named, Attention)
    return named


BOTH = "  both: {kind: attention, models: [small], datasets: [letters], states: [base, short], decodings: [short]}\n"


def test_cells_stand_in_the_study_s_order_each_once(small_config: Path, tmp_path: Path) -> None:
    config = configured(small_config, tmp_path, BOTH.replace("states", "epochs: [2, 40], states"))

    cells = study(config, "both").cells(config)

    assert [(cell["state"], cell["epoch"]) for cell in cells] == [("base", 0), ("short", 2), ("short", 40)]
    assert plan.fill(plan.ATTENTION, cells[1]) == (
        "attention/model=small/state=short/epoch=2/seed=0/dataset=letters/population=member"
    )


def test_density_is_correlated_with_runs_of_the_same_probes(small_config: Path, tmp_path: Path) -> None:
    config = configured(small_config, tmp_path, BOTH)

    [run] = config.studies["both"].runs(config)

    assert run == plan.Run("small", "short", 40, 0, "letters", "member", 20, "short", "bare", "input", "zeng2024")
    made = config.studies["both"].products("both")
    assert {f"tables/both-correlation.{ending}" for ending in formats.FORMATS} < set(made)
    assert {"tables/both.md", "figures/both.svg", "figures/both.png"} < set(made)


@pytest.mark.parametrize("changed", [("[base, short]", "[short]"), ("states", "population: control, states")])
def test_no_correlation_without_base_or_training_inputs(
    changed: tuple[str, str], small_config: Path, tmp_path: Path
) -> None:
    config = configured(small_config, tmp_path, BOTH.replace(*changed))

    assert config.studies["both"].runs(config) == []
    assert not any("correlation" in file for file in config.studies["both"].products("both"))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (("decodings: [short]", "decodings: [shirt]"), r"studies.both.decodings.*'shirt'.*short"),
        (("states", "epochs: [3], states"), r"studies.both.epochs.*given 3.*allowed: \[2, 40\]"),
        (("states", "shows: heads, states"), r"studies.both.*shows.*'heads'.*layers"),
        (("[base, short]", "[base, shorter]"), r"studies.both.states.*'shorter'"),
    ],
)
def test_wrong_studies_are_reported(changed: tuple[str, str], message: str, small_config: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"(?s){message}"):
        configured(small_config, tmp_path, BOTH.replace(*changed))


def test_controls_need_a_test_split(small_config: Path, tmp_path: Path) -> None:
    studies = BOTH.replace("letters", "papers").replace("states", "population: control, states")
    config = configured(small_config, tmp_path, studies)

    with pytest.raises(UserError, match=r"studies.both.population: `control` needs a test split.*'papers'"):
        local_files.check_inputs(config)


def test_a_study_may_not_be_named_as_another_s_correlation(small_config: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="both-correlation"):
        configured(small_config, tmp_path, BOTH + BOTH.replace("both", "both-correlation"))
