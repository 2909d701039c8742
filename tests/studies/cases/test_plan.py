"""What a study of cases reads: where personal data stands, unless it masks none."""

from typing import Any

import pytest
from configurations import configuration

from memorization.studies.cases.plan import Cases


def cases(**keys: Any) -> dict[str, Any]:
    return {"kind": "cases", "models": ["t5-small"], "datasets": ["news"], "states": ["base"]} | keys


@pytest.mark.parametrize("mask", [True, False])
def test_personal_data_is_looked_for_where_it_is_masked(mask: bool) -> None:
    config = configuration(studies={"shown": cases(mask=mask)})
    study = config.studies["shown"]
    assert isinstance(study, Cases)
    [table] = study.exhibits()

    inputs, options = table.inputs(config, study, "shown"), table.options(config, study)

    masks = {"personal_data", "probes_personal_data"}
    assert (set(inputs) & masks) == (masks if mask else set())
    assert {len(files) for files in inputs.values() if isinstance(files, list)} == {len(options["runs"])} == {1}
    assert options["tagger"] is False
