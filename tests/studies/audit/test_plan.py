"""Studies of kind `audit`: their runs, and what is refused."""

from typing import Any

from configurations import configuration, study

from memorization.plan import Run
from memorization.studies.kinds import Config


def audited(**keys: Any) -> Config:
    """A configuration with an audit."""
    plain = {"kind": "audit", "thresholds": {"rate_percent": 5.0}}
    return configuration(studies={"release": study(**plain | keys)})


def test_base_is_what_others_are_compared_with_unless_it_is_alone() -> None:
    def states(config: Config) -> set[str]:
        audited_runs: list[Run] = config.studies["release"].audited_runs(config)
        return {run.state for run in audited_runs}

    assert states(audited()) == {"full"}
    assert states(audited(states=["base"])) == {"base"}


def test_both_sides_are_searched_and_every_run_has_its_control() -> None:
    config = audited()

    runs = config.studies["release"].runs(config)

    assert {run.side for run in runs} == {"input", "target"}
    assert {run.control() for run in runs if run.population == "member"} == {
        run for run in runs if run.population == "control"
    }
    without = audited(control=False)
    assert {run.population for run in without.studies["release"].runs(without)} == {"member"}


def test_an_audit_without_thresholds_is_refused() -> None:
    config = audited(thresholds={})

    [(path, message)] = list(config.studies["release"].faults(config, "release"))

    assert path == ["studies", "release", "thresholds"]
    assert message.startswith("no threshold is given, so there is nothing to judge; name one: ")


def test_duplicates_are_of_training_inputs_and_compared_with_base() -> None:
    config = audited(datasets=["news", "chat"])
    exhibits = {exhibit.name: exhibit for exhibit in config.studies["release"].exhibits()}

    inputs = exhibits["duplicates"].inputs(config, config.studies["release"], "release")
    runs = exhibits["duplicates"].options(config, config.studies["release"])["runs"]

    assert {(run["population"], run["state"]) for run in runs} == {("member", "base"), ("member", "full")}
    assert {len(list(files)) for files in inputs.values()} == {len(runs)} == {8}
    assert set(inputs["copies"]) == {
        f"copies/dataset={dataset}/side={side}.parquet" for dataset in ("news", "chat") for side in ("input", "target")
    }
    records = exhibits["records"].inputs(config, config.studies["release"], "release")
    assert records == {"leaked": "audit/release/leaked_records.parquet"}
