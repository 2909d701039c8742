"""What the page says of a configuration."""

from configurations import configuration, study

from memorization.page import configuration as shown


def test_what_differs_from_the_defaults_is_shown_with_the_default() -> None:
    settings = {key: (value, default) for key, value, default in shown.differences(configuration(probes={"n": 60}))}

    assert settings["probes.n"] == ("60", "10000")
    assert "probes.seed" not in settings
    assert settings["recipes.full.keep"] == ("[10, 1, 5]", "null")
    assert settings["studies.table.datasets"] == ('["news"]', "")


def test_neither_folders_nor_the_machine_are_shown() -> None:
    config = configuration(
        data_root="/home/somebody/data",
        compute={"threads": 7},
        results="/home/somebody/results",
        models={"t5-small": {"source": {"kind": "folder", "path": "/home/somebody/models/t5"}}},
        studies={"table": study(models=["t5-small"])},
    )

    settings = shown.differences(config)

    assert not [setting for setting in settings if "somebody" in str(setting) or "threads" in setting[0]]
    assert ("models.t5-small.source.path", '"t5"', "") in settings
    assert ("datasets.news.source.train", '"news.parquet"', "") in settings


def test_all_seeds_are_shown() -> None:
    seeds = dict(shown.seeds(configuration(recipes={"full": {"epochs": 1, "seeds": [3, 4]}, "head": {"epochs": 1}})))

    assert seeds["recipes.full.seeds"] == "[3, 4]"
    assert seeds["probes.seed"] == "0"
