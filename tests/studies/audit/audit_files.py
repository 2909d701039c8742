"""Results of an audit as rows, for tests: runs with stated hits, their floors and ceilings."""

from __future__ import annotations

from typing import Any

from memorization.config.project import Statistics
from memorization.statistics import significance
from memorization.statistics.rates import RunOutcomes, rates
from memorization.studies.audit.judgement import Results

SETTINGS = Statistics(draws=400)
RUN = {
    "dataset": "letters",
    "task": "dialog",
    "model": "chat",
    "state": "full",
    "epoch": 3,
    "seed": 0,
    "population": "member",
    "prefix_tokens": 50,
    "decoding": "greedy",
    "prompting": "bare",
    "side": "input",
    "profile": "collection",
}


def outcomes(hits: int, n: int, ceiling: int | None = None) -> RunOutcomes:
    """Of n probes the first `hits` are verbatim, and `ceiling` of their true texts are found; null: all of them."""
    found = n if ceiling is None else ceiling
    true = ["verbatim"] * found + ["none"] * (n - found)
    return RunOutcomes(["verbatim"] * hits + ["none"] * (n - hits), ceilings={"limit_ceiling": true, "ceiling": true})


def results(*cells: tuple[dict[str, Any], int, int], n: int = 100, **changed: Any) -> Results:
    """Results of cells: what differs from `RUN`, hits of n members, and of n held-out texts.

    `base_hits` are the base model's of each cell.
    """
    runs = [RUN | differs for differs, *_ in cells]
    own = [outcomes(hits, n, changed.get("ceiling")) for _, hits, _ in cells]
    floors = [outcomes(hits, n) for *_, hits in cells]
    rows, comparisons = [], []
    for run, member, control in zip(runs, own, floors, strict=True):
        rows += [run | vars(rate) for rate in rates(member, SETTINGS)]
        rows += [
            run | {"population": "control"} | vars(rate) | {"limit_ceiling": None} for rate in rates(control, SETTINGS)
        ]
        comparisons += [
            run | vars(each) for each in significance.over_control(member.outcomes, control.outcomes, SETTINGS)
        ]
        if (hits := changed.get("base_hits")) is not None:
            base = outcomes(hits, n)
            untrained = run | {"state": "base", "epoch": 0}
            rows += [untrained | vars(rate) for rate in rates(base, SETTINGS)]
            comparisons += [
                run | vars(each) for each in significance.over_base(base.outcomes, member.outcomes, SETTINGS)
            ]
    manifest = {"rows": {"train": changed.get("records", n), "test": n}, "overlap": changed.get("overlap", {})}
    return Results(
        runs=runs,
        outcomes=own,
        rates=rows,
        comparisons=comparisons,
        attacks=changed.get("attacks", []),
        canaries=changed.get("canaries", []),
        personal_data=changed.get("personal_data", []),
        manifests={"letters": manifest},
        asked={"letters": n},
        leaked=changed.get("leaked", []),
        counts=changed.get("counts", {}),
    )


def options(thresholds: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """Options of the verdict's rule."""
    return {
        "study": "release",
        "label": "",
        "thresholds": thresholds,
        "statistics": SETTINGS.model_dump(),
        "control": True,
        "base": False,
        "tagger": False,
        "drawn": True,
        "one_prompt": ["repeat"],
    } | changed
