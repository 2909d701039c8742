"""Studies of attention: what they make, and from which files."""

from pathlib import Path

import pytest

from memorization import configfile, local_files, plan
from memorization.config import Attention, Config
from memorization.errors import UserError

ROOT = Path(__file__).resolve().parents[1]


def configured(small_config: Path, folder: Path, studies: str) -> Config:
    file = folder / "studies.yaml"
    file.write_text(f"studies:\n{studies}", encoding="utf-8")
    return configfile.load([ROOT / "config.yaml", small_config, file])


def study(config: Config, name: str) -> Attention:
    found = config.studies[name]
    assert isinstance(found, Attention)
    return found


BOTH = "  both: {kind: attention, models: [small], datasets: [letters], states: [base, short], decodings: [short]}\n"


def test_cells_stand_in_the_study_s_order_each_once(small_config: Path, tmp_path: Path) -> None:
    config = configured(small_config, tmp_path, BOTH.replace("states", "epochs: [2, 40], states"))

    cells = plan.attention_cells(config, study(config, "both"))

    assert [(cell["state"], cell["epoch"]) for cell in cells] == [("base", 0), ("short", 2), ("short", 40)]
    assert plan.fill(plan.ATTENTION, cells[1]) == (
        "attention/model=small/state=short/epoch=2/dataset=letters/population=member"
    )


def test_density_is_correlated_with_runs_of_the_same_probes(small_config: Path, tmp_path: Path) -> None:
    config = configured(small_config, tmp_path, BOTH)

    [run] = plan.study_runs(config, config.studies["both"])

    assert run == plan.Run("small", "short", 40, "letters", "member", 20, "short")
    assert run in plan.all_runs(config)
    made = plan.products(config, "both")
    assert {f"tables/both-correlation.{ending}" for ending in plan.TABLE_FORMATS} < set(made)
    assert {"tables/both.md", "figures/both.svg", "figures/both.png"} < set(made)


@pytest.mark.parametrize("changed", [("[base, short]", "[short]"), ("states", "population: control, states")])
def test_no_correlation_without_base_or_training_inputs(
    changed: tuple[str, str], small_config: Path, tmp_path: Path
) -> None:
    config = configured(small_config, tmp_path, BOTH.replace(*changed))

    assert plan.study_runs(config, config.studies["both"]) == []
    assert not any("correlation" in file for file in plan.products(config, "both"))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (("decodings: [short]", "decodings: [shirt]"), r"studies.both.decodings.*'shirt'.*short"),
        (("states", "epochs: [3], states"), r"studies.both.epochs.*given 3.*allowed: \[2, 40\]"),
        (("states", "shows: heads, states"), r"studies.both.*shows.*'heads'.*layers"),
        (("[base, short]", "[base, shorter]"), r"studies.both.states.*'shorter'"),
    ],
)
def test_wrong_studies_are_told(changed: tuple[str, str], said: str, small_config: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"(?s){said}"):
        configured(small_config, tmp_path, BOTH.replace(*changed))


def test_controls_need_a_test_split(small_config: Path, tmp_path: Path) -> None:
    studies = BOTH.replace("letters", "papers").replace("states", "population: control, states")
    config = configured(small_config, tmp_path, studies)

    with pytest.raises(UserError, match=r"studies.both.population: `control` needs a test split.*'papers'"):
        local_files.check_inputs(config)


def test_a_study_may_not_be_named_as_another_s_correlation(small_config: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="both-correlation"):
        configured(small_config, tmp_path, BOTH + BOTH.replace("both", "both-correlation"))
