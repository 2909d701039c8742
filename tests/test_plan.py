from collections import Counter
from dataclasses import asdict, replace

from configurations import DATASETS, DECODINGS, MODELS, POPULATIONS, all_runs, grid

from memorization import plan


def test_coordinates_can_be_read_back_from_the_path() -> None:
    for run in all_runs(grid()):
        parts = dict(part.split("=", 1) for part in plan.fill(plan.DETECTION, run).split("/")[1:])
        assert plan.Run(**parts | {key: int(parts[key]) for key in ("epoch", "seed", "prefix_tokens")}) == run  # type: ignore[arg-type]


def test_a_pattern_is_filled_from_a_run_and_from_a_mapping() -> None:
    run = plan.Run("m", "full", 3, 1, "d", "member", 50, "greedy", "bare", "input", "zeng2024")
    assert (
        run.path
        == plan.fill(plan.RUN, run)
        == (
            "runs/model=m/state=full/epoch=3/seed=1/dataset=d/population=member/prefix_tokens=50/decoding=greedy/"
            "prompting=bare"
        )
    )
    assert plan.fill(plan.DATASET, {"dataset": "d"}) == "datasets/d.parquet"
    assert plan.fill(plan.PROBES, run).startswith(plan.fill(plan.PROBED, run))


def test_sides_are_searched_in_files_of_their_own_and_suffixes_in_the_probes() -> None:
    run = plan.Run("m", "full", 3, 1, "d", "member", 50, "greedy", "bare", "input", "zeng2024")
    target = replace(run, side="target")
    assert plan.searched(run) == plan.fill(plan.PROBES, run)
    assert plan.searched(target) == plan.searched(asdict(target)) == f"{plan.fill(plan.SIDE, target)}/probes.parquet"
    # What a model wrote is the same; what is found in it has places of its own.
    assert run.path == target.path
    assert plan.fill(plan.CANDIDATES, run) != plan.fill(plan.CANDIDATES, target)


def test_no_two_runs_of_a_large_grid_share_a_path() -> None:
    runs = all_runs(grid())
    # Each dataset with prefixes of 15 and 50 tokens and its own; the further epochs with its own alone.
    prefixes = sum(len({15, 50, 20 if name == "chat" else 50}) for name in DATASETS)
    states = prefixes * 3 + len(DATASETS) * 2
    assert len(runs) == len(MODELS) * len(DECODINGS) * len(POPULATIONS) * states
    assert max(Counter(run.path for run in runs).values()) == 1
    probes = {run.path: plan.fill(plan.PROBES, run) for run in runs}
    assert len(set(probes.values())) == len(MODELS) * len(POPULATIONS) * prefixes
