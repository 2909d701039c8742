"""What the page is made from: files and values of the shown studies, and nothing of the others."""

import json
from pathlib import Path

from configurations import configuration, study

from memorization.page import plan

ATTENTION = {"kind": "attention", "datasets": ["news"], "models": ["t5-small"], "states": ["base", "full"]}
OPTIONAL = {"task": "qa", "source": {"kind": "files", "train": "/home/somebody/missing.csv", "optional": True}}
CONFIG = configuration(
    datasets={"news": {"task": "qa", "source": {"kind": "files", "train": "news.csv"}}, "news-2": OPTIONAL},
    studies={"table": study(), "maps": ATTENTION, "same_maps": ATTENTION, "lost": study(datasets=["news", "news-2"])},
)
LEFT_OUT = {"lost": "study lost is left out: /home/somebody/missing.csv does not exist."}


def test_the_page_is_made_from_everything_that_the_shown_studies_make() -> None:
    inputs = plan.inputs(CONFIG, LEFT_OUT)

    assert {"tables/table.json", "tables/table-definitions.csv", "figures/maps.svg"} <= set(inputs["exhibits"])
    assert not [file for file in inputs["exhibits"] if "lost" in str(file)]
    folder = "attention/model=t5-small/state={}/epoch={}/seed=0/dataset=news/population=member"
    # Of two studies that show the same, once.
    assert inputs["maps"] == [f"{folder.format(*each)}/maps.parquet" for each in (("base", 0), ("full", 10))]
    assert len(inputs["density_means"]) == 2


def test_values_are_plain_and_of_the_shown_studies() -> None:
    values = plan.values(CONFIG, LEFT_OUT)

    assert json.loads(json.dumps(values)) == json.loads(json.dumps(values, default=list))
    assert [each["name"] for each in values["studies"]] == ["table", "maps", "same_maps"]
    assert values["studies"][0]["exhibits"][0] == {"name": "table", "format": "table", "place": "tables/table"}
    assert values["left_out"] == {"lost": "lost: optional files are missing (news-2)."}
    assert "somebody" not in json.dumps(values)
    assert values["personal_data"] == "masked"
    assert [each["dataset_title"] for each in values["attention"]] == ["news", "news"]
    assert "tables/table.parquet" in values["evidence"]


def test_a_command_names_the_files_of_its_configuration_without_this_machines_folders() -> None:
    assert plan.options([Path("/home/somebody/my own.yaml"), Path("configs/b.yaml")]) == (
        "--configfile 'my own.yaml' configs/b.yaml"
    )
    assert plan.options([]) == ""
