"""Studies of kind `audit`: their runs, and what is refused."""

from typing import Any

import pytest
from configurations import configuration, study

from memorization import local_files, plan
from memorization.errors import UserError
from memorization.plan import Run
from memorization.studies.audit.plan import Audit, verdict_inputs, verdict_options
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


def faults(**keys: Any) -> dict[str, str]:
    config = audited(**keys)
    return {".".join(map(str, path)): text for path, text in config.studies["release"].faults(config, "release")}


@pytest.mark.parametrize("key", ["rate_above_control_points", "true_positives_percent"])
def test_thresholds_against_held_out_texts_need_them(key: str) -> None:
    found = faults(thresholds={key: 5.0}, control=False)

    assert found[f"studies.release.thresholds.{key}"].startswith(
        "given 5, which is compared with held-out texts, and `control: false`; set `control: true`"
    )
    assert not faults(thresholds={key: 5.0})


@pytest.mark.parametrize("states", [["full"], ["base"]])
def test_a_threshold_above_the_base_model_needs_it_and_another_one(states: list[str]) -> None:
    found = faults(thresholds={"rate_above_base_points": 5.0}, states=states)

    assert found["studies.release.thresholds.rate_above_base_points"].startswith(
        f"given 5, which needs the model before and after fine-tuning, and `states` is {states}"
    )
    assert not faults(thresholds={"rate_above_base_points": 5.0}, states=["base", "full"])


@pytest.mark.parametrize("key", ["canary_exposure_bits", "canaries_extracted"])
def test_thresholds_of_canaries_need_planted_ones(key: str) -> None:
    [text] = faults(thresholds={key: 5}).values()

    assert text.startswith("given 5, and no dataset of this study has planted canaries: plant them before training by ")


def test_thresholds_that_nothing_measured_could_lie_below_are_refused() -> None:
    found = faults(thresholds={"rate_percent": 0.01, "true_positives_percent": 1.0})

    assert found["studies.release.thresholds.rate_percent"] == (
        "given 0.01, and probes.n is 10000: even where nothing is found, the interval of so few ends above that; set "
        "probes.n to at least 36,887, or name a higher threshold"
    )
    values = faults(thresholds={"personal_data_of_type_per_1000_prompts": {"email": 0.1, "phone": 5000}})
    assert list(values) == ["studies.release.thresholds.personal_data_of_type_per_1000_prompts.email"]
    small = configuration(
        datasets={"news": {"task": "qa", "source": {"kind": "files", "train": "a.jsonl"}, "limit": 50}},
        studies=audited().model_dump()["studies"],
    )
    [(_, text)] = list(small.studies["release"].faults(small, "release"))
    assert "and datasets.news.limit is 50: even where nothing is found" in text
    assert "chance alone finds 1%" in found["studies.release.thresholds.true_positives_percent"]


def test_thresholds_of_personal_data_name_types_that_are_looked_for() -> None:
    found = faults(thresholds={"personal_data_of_type_per_1000_prompts": {"emial": 1, "card": 1, "person": 1}})

    place = "studies.release.thresholds.personal_data_of_type_per_1000_prompts"
    assert set(found) == {f"{place}.emial", f"{place}.person"}
    assert found[f"{place}.emial"].endswith("did you mean 'email'?")
    assert "with a tagger (detection.entities.tagger) person, place and organization" in found[f"{place}.person"]


def test_personal_data_is_read_once_for_all_profiles_and_judged_where_a_threshold_asks() -> None:
    config = audited(profiles=["zeng2024", "collection"], thresholds={"personal_data_per_1000_prompts": 1.0})
    study = config.studies["release"]
    [exhibit] = [each for each in Audit.EXHIBITS if each.name == "personal_data"]

    files, runs = exhibit.inputs(config, study, "release"), exhibit.options(config, study)["runs"]

    assert {len(places) for places in files.values()} == {len(runs)} == {len(study.runs(config)) // 2}
    assert verdict_inputs(config, study, "release")["personal_data"] == "tables/release-personal_data.parquet"
    assert "personal_data" not in verdict_inputs(audited(), audited().studies["release"], "release")


def test_membership_and_canaries_are_measured_where_a_threshold_asks() -> None:
    config = audited(thresholds={"true_positives_percent": 5.0})
    study = config.studies["release"]

    assert "tables/release-membership.md" in study.products("release")
    assert [place for place in study.work(config) if place.startswith("membership/")] == [
        f"membership/model=t5-small/state=full/epoch=10/seed=0/dataset=news/population={population}/scores.parquet"
        for population in ("member", "control")
    ]
    plain = audited()
    assert "tables/release-membership.md" not in plain.studies["release"].products("release")
    assert not [place for place in plain.studies["release"].work(plain) if place.startswith("membership/")]


def test_a_changed_threshold_changes_the_verdict_and_no_other_exhibit() -> None:
    low, high = (audited(thresholds={"rate_percent": value, "true_positives_percent": 9.0}) for value in (5.0, 6.0))

    contexts = [
        {each.name: each.context(config, config.studies["release"], "release") for each in Audit.EXHIBITS}
        for config in (low, high)
    ]

    assert contexts[0] == contexts[1]
    options = [verdict_options(config, config.studies["release"], "release") for config in (low, high)]
    assert options[0] != options[1]


def test_a_verdict_is_made_from_the_audited_runs_and_all_rates() -> None:
    config = audited(thresholds={"true_positives_percent": 9.0})
    study = config.studies["release"]

    files = verdict_inputs(config, study, "release")

    assert len(files["rates"]) == 2 * 2 * 2  # states, sides, populations
    assert len(files["outcomes"]) == len(files["probes"]) == len(study.audited_runs(config)) == 2
    assert files["attacks"] == [plan.fill(plan.ATTACKS, study.cells(config)[0])]
    assert [run["side"] for run in verdict_options(config, study, "release")["runs"]] == ["input", "target"]


def test_promptings_that_read_nothing_of_the_data_are_told_to_the_verdict() -> None:
    keys = {"kind": "audit", "thresholds": {"rate_percent": 5.0}, "promptings": ["bare", "rest", "repeat", "own"]}
    own = {"kind": "request", "text": "Tell me a secret."}
    config = configuration(studies={"release": study(**keys)}, promptings={"own": own})

    options = verdict_options(config, config.studies["release"], "release")

    assert options["one_prompt"] == ["repeat", "own"]


def test_the_target_names_all_audits_and_says_where_there_is_none() -> None:
    assert local_files.audits(audited()) == ["release"]
    with pytest.raises(UserError, match="there is no study of kind `audit` in this configuration"):
        local_files.audits(configuration())


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
