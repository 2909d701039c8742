"""The table of a sparse coding study: every measure with its interval over seeds, and what attention shows of b'."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.stats import spearmanr

from memorization.report.tables import Row, intervals, write_formats
from memorization.statistics import bootstrap_mean
from memorization.storage import SCHEMAS, unlabelled

SOLVERS = {
    "linear": "linear solution",
    "attention": "attention, v2 trained",
    "attention_uniform": "attention, v2 = 1/D",
}
"""Names of the solvers, in the table's order."""

SETTING = ("task", "solver", "feature_mean", "signs")
"""What a line of the printed table is about."""

FOLLOWS = {"aggregated_effective_tokens": "aggregated_rank_correlation"} | {
    "attention_effective_tokens": "attention_rank_correlation"
}
"""Measures whose rank correlation with the effective tokens of b' is told, and the name of that correlation."""


def estimates(measured: Sequence[Row], study: str, statistics: Mapping[str, Any]) -> pa.Table:
    """Means over seeds with bootstrap intervals, a table of schema `sparse_coding_table` without its label.

    `measured` are the rows of `workflow/queries/sparse_coding.sql`. Besides a row for each number of nonzeros,
    classification has rows without one: the mean over them within a seed, and Spearman's rank correlation over them
    (at least three).
    """
    groups: dict[tuple[Any, ...], dict[int, float]] = {}
    for row in [*measured, *_over_nonzeros(measured)]:
        key = tuple(row[name] for name in (*SETTING, "nonzeros", "measure"))
        groups.setdefault(key, {})[row["seed"]] = row["value"]
    rows = []
    for (task, solver, feature_mean, signs, nonzeros, measure), by_seed in groups.items():
        values = np.array([by_seed[seed] for seed in sorted(by_seed)])
        purpose = f"{task} {solver} {feature_mean} {signs} {nonzeros} {measure}"
        low, high = bootstrap_mean(values, purpose, **statistics)
        rows.append(
            {
                "study": study,
                "task": task,
                "solver": solver,
                "feature_mean": feature_mean,
                "signs": signs,
                "nonzeros": nonzeros,
                "measure": measure,
                "unit": _unit(measure),
                "seeds": len(values),
                "value": float(values.mean()),
                "low": low,
                "high": high,
            }
        )
    return pa.Table.from_pylist(rows, schema=unlabelled("sparse_coding_table"))


def _over_nonzeros(measured: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """Within each seed of classification: means of all measures over the nonzeros, and rank correlations."""
    cells: dict[tuple[Any, ...], dict[str, dict[int, float]]] = {}
    for row in measured:
        if row["nonzeros"] is not None:
            cell = cells.setdefault(tuple(row[name] for name in (*SETTING, "seed")), {})
            cell.setdefault(row["measure"], {})[row["nonzeros"]] = row["value"]
    for key, cell in cells.items():
        shared = dict(zip((*SETTING, "seed"), key, strict=True)) | {"nonzeros": None}
        for measure, values in cell.items():
            yield {**shared, "measure": measure, "value": float(np.mean(list(values.values())))}
        wanted = cell["wanted_effective_tokens"]
        for measure, name in FOLLOWS.items():
            if measure in cell and len(wanted) >= 3:
                shown = [cell[measure][count] for count in wanted]
                # What never changes follows nothing.
                found = spearmanr(list(wanted.values()), shown).statistic if np.ptp(shown) else 0.0
                yield {**shared, "measure": name, "value": float(found)}


def _unit(measure: str) -> str:
    fields = SCHEMAS["sparse_coding"]
    name = measure.removesuffix("_any_start")
    return fields.field(name).metadata[b"unit"].decode() if name in fields.names else ""


def write(
    table: pa.Table,
    study: Mapping[str, Any],
    label: str,
    statistics: Mapping[str, Any],
    manifest: Mapping[str, Any],
    output: Path,
) -> None:
    """Write a study's estimates as `tables.write_formats` does; `study` are its settings."""
    rows = table.to_pylist()
    said = f"{study['title']}. " if study["title"] else ""
    said += caption(rows, study, statistics)
    write_formats(table, "sparse_coding_table", layout(rows), said, label, manifest, output)


def layout(rows: Sequence[Row]) -> list[dict[str, str]]:
    """One line a (task, solver, mean of features, signs of b')."""
    wide = []
    for setting in dict.fromkeys(tuple(row[name] for name in SETTING) for row in rows):
        task, solver, feature_mean, signs = setting
        whole = of(rows, setting, None)
        line = {
            "Task": task.capitalize(),
            "Learned by": SOLVERS[solver],
            "Feature mean": f"{feature_mean:g}",
            "Signs of b'": signs or "",
            "Parameters": f"{whole['parameters']['value']:,.0f}",
            "Test loss": percent(whole["test_loss"]),
            "Z recovered": percent(whole["recovered"]),
            "from pairs": percent(whole["recovered_from_pairs"]),
            "Alignment": number(whole["alignment"]),
            "of v2": number(whole["v2_alignment"]) if "v2_alignment" in whole else "",
        }
        for heading, measure in (
            ("Effective tokens wanted", "wanted_effective_tokens"),
            ("of aggregated attention", "aggregated_effective_tokens"),
            ("of attention", "attention_effective_tokens"),
        ):
            line[heading] = _ends(rows, setting, measure)
        for heading, measure in (
            ("Rank correlation, aggregated", "aggregated_rank_correlation"),
            ("Rank correlation, attention", "attention_rank_correlation"),
        ):
            line[heading] = number(whole[measure]) if measure in whole else ""
        wide.append(line)
    return wide


def of(rows: Sequence[Row], setting: tuple[Any, ...], nonzeros: int | None) -> dict[str, Row]:
    """The estimates of a setting at that many nonzeros, by measure."""
    return {
        row["measure"]: row
        for row in rows
        if tuple(row[name] for name in SETTING) == setting and row["nonzeros"] == nonzeros
    }


def _ends(rows: Sequence[Row], setting: tuple[Any, ...], measure: str) -> str:
    """A measure at the fewest and at the most nonzeros; one value where there are none."""
    counts = sorted({row["nonzeros"] for row in rows if row["nonzeros"] is not None and row["task"] == setting[0]})
    ends = list(dict.fromkeys([counts[0], counts[-1]])) if counts else [None]
    found = [of(rows, setting, count).get(measure) for count in ends]
    return " → ".join(f"{row['value']:.1f}" for row in found if row is not None)


def percent(row: Row) -> str:
    """A fraction with its interval in percent."""
    return f"{100 * row['value']:.1f}% [{100 * row['low']:.1f}, {100 * row['high']:.1f}]"


def number(row: Row) -> str:
    """A value with its interval."""
    return f"{row['value']:.2f} [{row['low']:.2f}, {row['high']:.2f}]"


def caption(rows: Sequence[Row], study: Mapping[str, Any], statistics: Mapping[str, Any]) -> str:
    """What the numbers are and what they say, in one paragraph."""
    sizes = ", ".join(
        f"{name} = {study[key]}"
        for name, key in (
            ("d", "embedding"),
            ("D", "tokens"),
            ("k", "embedding_features"),
            ("K", "token_features"),
        )
    )
    return (
        f"The sparse coding model Z = UXV (Eq. 1; {sizes}), learned from {study['samples']:,} texts and measured on "
        f"{study['test_samples']:,} others: classification asks for a number a'Zb' (Eq. 2), summarization for all of X "
        "(Eq. 3), by the linear solutions of Section 6.1 and by the attention layer of Eq. 4 (best training loss of "
        f"{study['starts']} starts). Values are means over {study['seeds']} seeds, and for classification over b' with "
        f"{', '.join(map(str, study['nonzeros']))} nonzeros, with {intervals(statistics)} over seeds. "
        "Feature mean: spread of the means of the hidden features, in their standard deviations; at 0 no "
        "position is known by its embedding. Test loss: squared error in percent of that of the best constant. Z "
        "recovered: variance of Z that the outputs give back by the model's own weights (Z^ = U'^T f(Z) V'^T, with "
        "pseudo-inverses; below 0 is worse than the mean), and by a linear map learned from pairs (Z, f(Z)). "
        "Alignment: |cosine| of a text's aggregated attention softmax(...) v2 and b', and of v2 itself. Effective "
        "tokens: "
        "exp(entropy) of the magnitudes, at the fewest and at the most nonzeros: wanted (those of b', for "
        "summarization of the columns of V^T), of the aggregated attention (for linear solutions of what they learned "
        "in its place), and of the attention itself, summed over queries, as heatmaps show it. Rank correlation: "
        "Spearman's, over the nonzeros, of these with those of b'. " + " ".join(findings(rows))
    )


def findings(rows: Sequence[Row]) -> list[str]:
    """What the numbers say, in sentences that follow from them."""
    settings = list(dict.fromkeys(tuple(row[name] for name in SETTING) for row in rows))

    def mean(chosen: Sequence[tuple[Any, ...]], measure: str) -> float:
        return float(np.mean([of(rows, each, None)[measure]["value"] for each in chosen]))

    linear = {
        task: mean([each for each in settings if each[:2] == (task, "linear")], "recovered")
        for task in ("classification", "summarization")
    }
    said = [
        f"Found: from the outputs of the linear solutions {100 * linear['classification']:.1f}% of Z comes back in "
        f"classification and {100 * linear['summarization']:.1f}% in summarization."
    ]
    classified = [each for each in settings if each[0] == "classification"]
    for feature_mean in dict.fromkeys(each[2] for each in settings):
        trained = [each for each in classified if each[1:3] == ("attention", feature_mean)]
        uniform = [each for each in classified if each[1:3] == ("attention_uniform", feature_mean)]
        parts = [
            f"the aggregated attention of a trained v2 {_follows(rows, trained, 'aggregated')}",
            f"its attention itself {_follows(rows, trained, 'attention')}",
            f"with v2 = 1/D the attention {_follows(rows, uniform, 'attention')}",
        ]
        said.append(
            f"With features of mean {feature_mean:g}, as b' goes {_way(rows, trained, 'wanted')}: {'; '.join(parts)}."
        )
        for which, ending in (("the best starts", ""), ("all starts", "_any_start")):
            said.append(
                f"There, over {which} of a trained v2, the test loss is "
                f"{100 * mean(trained, f'test_loss{ending}'):.1f}%, the alignment of the aggregated attention "
                f"{mean(trained, f'alignment{ending}'):.2f} and of v2 {mean(trained, f'v2_alignment{ending}'):.2f}."
            )
    losses = {
        signs: mean([each for each in classified if (each[1], each[3]) == ("attention_uniform", signs)], "test_loss")
        for signs in dict.fromkeys(each[3] for each in classified)
    }
    told = " and ".join(f"{100 * loss:.0f}% with {signs} signs of b'" for signs, loss in losses.items())
    said.append(f"Attention weights are positive and sum to 1; v2 = 1/D leaves a test loss of {told}.")
    return said


def _way(rows: Sequence[Row], chosen: Sequence[tuple[Any, ...]], weights: str) -> str:
    """Effective tokens at the fewest and at the most nonzeros, mean over settings."""
    found = [row for row in rows if row["measure"] == f"{weights}_effective_tokens" and row["nonzeros"] is not None]
    found = [row for row in found if tuple(row[name] for name in SETTING) in chosen]
    counts = sorted({row["nonzeros"] for row in found})
    ends = [np.mean([row["value"] for row in found if row["nonzeros"] == count]) for count in (counts[0], counts[-1])]
    return f"from {ends[0]:.1f} to {ends[1]:.1f} effective tokens"


def _follows(rows: Sequence[Row], chosen: Sequence[tuple[Any, ...]], weights: str) -> str:
    """How weights go with the nonzeros, and in how many settings the rank correlation's interval lies above 0."""
    way = f"goes {_way(rows, chosen, weights)}"
    told = [of(rows, each, None).get(f"{weights}_rank_correlation") for each in chosen]
    if any(row is None for row in told):
        return way
    above = sum(row["low"] > 0 for row in told if row is not None)
    return f"{way} (rank correlation above 0 for {above} of {len(told)} signs)"
