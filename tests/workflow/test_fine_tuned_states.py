"""Models that others fine-tuned, as states beside their base: a folder and an adapter, in a part of a run."""

from pathlib import Path
from typing import Any

import yaml
from runs import Workplace
from test_merging import write_adapter, write_base
from tiny import tiny_tokenizer

from memorization import storage

STATES = ["base", "shipped", "adapted"]


def configuration(folder: Path) -> dict[str, Any]:
    return {
        "compute": {"device": "cpu"},
        "datasets": {
            "letters": {
                "task": "summarization",
                "source": {"kind": "synthetic", "corpora": ["news"], "train": 6, "test": 2, "seed": 1},
                "prefix_tokens": 20,
            }
        },
        "models": {
            "small": {
                "source": {"kind": "folder", "path": str(folder / "base")},
                "fine_tuned": {
                    "shipped": {"kind": "folder", "path": str(folder / "shipped")},
                    "adapted": {"kind": "folder", "path": str(folder / "adapted")},
                },
            }
        },
        "detection": {"paraphrase": {"classifier": None}},
        "decodings": {"short": {"strategy": "greedy", "max_new_tokens": 12}},
        "studies": {
            "states": {
                "kind": "memorization",
                "models": ["small"],
                "datasets": ["letters"],
                "states": STATES,
                "decodings": ["short"],
                "control": False,
            }
        },
    }


def generations(state: str) -> str:
    return (
        f"results/runs/model=small/state={state}/epoch=0/seed=0/dataset=letters/population=member/prefix_tokens=20/"
        "decoding=short/prompting=bare/generations.parquet"
    )


def test_shipped_models_are_given_the_probes_of_their_base(code: Path, tmp_path: Path) -> None:
    tokenizer = tiny_tokenizer()
    base = write_base(tmp_path / "base", tokenizer)
    write_base(tmp_path / "shipped", tokenizer, seed=5)
    write_adapter(base, tmp_path / "adapted")
    file = tmp_path / "states.yaml"
    file.write_text(yaml.safe_dump(configuration(tmp_path)), encoding="utf-8")
    place = Workplace(code, tmp_path / "work", (file,))
    wanted = [generations(state) for state in STATES]

    run = place.run(*wanted)

    assert run.code == 0, run.output
    rows = {state: storage.rows(place.directory / generations(state)) for state in STATES}
    texts = [tuple(row["generation"] for row in each) for each in rows.values()]
    assert len(set(texts)) == 3
    # The same probes, so that the difference is paired; and that is what the study compares.
    assert len({tuple(row["probe"] for row in each) for each in rows.values()}) == 1
    jobs = place.dry_run("states")
    assert len(jobs["outcomes"]) == 3
    assert jobs["comparisons"] == ["results/comparisons/states.parquet"]
    assert not {"train", "generations", "fine_tuned_model"} & jobs.keys()

    # Only what was changed is made again.
    write_adapter(base, tmp_path / "adapted", r=2)
    again = place.dry_run(*wanted)
    assert again == {
        "fine_tuned_model": ["results/fine_tuned/model=small/state=adapted"],
        "generations": [generations("adapted")],
    }
