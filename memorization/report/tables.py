"""A study's table: tidy for programs (Parquet, CSV), laid out as the paper's for people (Markdown, LaTeX, HTML)."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv

from memorization import storage

# Headings of Table 2, in its order; in place of the last come those of confidence, where paraphrases were classified.
CATEGORY_HEADINGS = {"total": "Total Mem Rate", "verbatim": "Verbatim", "idea": "Idea", "paraphrase": "Paraphrase"}
TASK_HEADINGS = {
    "summarization": "Summarization",
    "dialog": "Dialog",
    "sentiment": "Sentiment Classification",
    "qa": "Reading Comprehension",
    "translation": "Translation",
    "classification": "Classification",
}
# What LaTeX reads as more than itself, and how it is written to stand for itself.
LATEX = str.maketrans(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {"<": r"\textless{}", ">": r"\textgreater{}"}
)
Row = Mapping[str, Any]
# Around a passage of a cell that is to be marked: characters of private use, which no text keeps.
MARK = ("\ue000", "\ue001")


def marked(text: str) -> str:
    """A passage that every format marks in its own way."""
    return f"{MARK[0]}{text}{MARK[1]}"


def _with_marks(text: str, begin: str, end: str) -> str:
    return text.replace(MARK[0], begin).replace(MARK[1], end)


# The columns of a file of published numbers that a study of rates reads.
PUBLISHED = {
    "dataset": "VARCHAR",
    "model": "VARCHAR",
    "state": "VARCHAR",
    "epoch": "INTEGER",
    "decoding": "VARCHAR",
    "prefix_tokens": "INTEGER",
    "category": "VARCHAR",
    "value": "DOUBLE",
    "low": "DOUBLE",
    "high": "DOUBLE",
}


def query(sql: Path, views: Mapping[str, Sequence[Path]], published: Path | None = None, **parameters: Any) -> pa.Table:
    """Run a study's SQL file by DuckDB over `views` (each all rows of its Parquet files), with named parameters.

    The view `published` holds the numbers of that CSV file, and is empty without one.
    """
    import duckdb

    with duckdb.connect() as connection:
        for name, files in views.items():
            # The folders' key=value names repeat columns of the files.
            connection.read_parquet([str(file) for file in files], hive_partitioning=False).create_view(name)
        columns = ", ".join(f"{name} {kind}" for name, kind in PUBLISHED.items())
        connection.execute(f"CREATE TABLE published ({columns})")
        if published is not None:
            read = "read_csv(?, header = true, all_varchar = true)"
            connection.execute(f"INSERT INTO published SELECT {', '.join(PUBLISHED)} FROM {read}", [str(published)])
        return connection.sql(sql.read_text(encoding="utf-8"), params=parameters).to_arrow_table()


def last_losses(training: Sequence[Path]) -> dict[tuple[str, str, str, int], float]:
    """Mean training loss (nats/token) by (model, recipe, dataset, epoch), from training runs' tables."""
    return {key: row["loss"] for key, row in trained(training).items()}


def trained(training: Sequence[Path]) -> dict[tuple[str, str, str, int], Row]:
    """Rows of training runs' tables (schema `training`) by (model, recipe, dataset, epoch).

    A run on several datasets stands under each. A checkpoint of early stopping bears the number of the epoch that the
    recipe would end with, and has the row of the epoch that it holds.
    """
    rows: dict[tuple[str, str, str, int], Row] = {}
    for file in training:
        manifest = storage.manifest_of(file)
        coordinates = manifest["coordinates"]
        for row in storage.read(file, "training").to_pylist():
            epoch = row["epoch"]
            if row["validation_loss"] is not None:
                if not row["kept"]:
                    continue
                epoch = manifest["settings"]["recipe"]["epochs"]
            for dataset in coordinates["dataset"].split("+"):
                rows[coordinates["model"], coordinates["recipe"], dataset, epoch] = row
    return rows


def headings(rows: Sequence[Row], low: float) -> dict[str, str]:
    """Heading of each category that is shown; `low` is the bound of high confidence."""
    if not any(row["category"] == "paraphrase_high" for row in rows):
        return CATEGORY_HEADINGS
    shown = {category: heading for category, heading in CATEGORY_HEADINGS.items() if category != "paraphrase"}
    name = CATEGORY_HEADINGS["paraphrase"]
    return {**shown, "paraphrase_high": f"{name} (p>{low:g})", "paraphrase_low": f"{name} (p<{low:g})"}


def write(
    table: pa.Table,
    losses: Mapping[tuple[str, str, str, int], float],
    titles: Mapping[str, Mapping[str, str]],
    label: str,
    statistics: Mapping[str, Any],
    manifest: Mapping[str, Any],
    output: Path,
    paraphrase: Mapping[str, Any] | None = None,
    title: str = "",
) -> None:
    """Write a study's table of rates (schema `table`, without its label) as `write_formats` does.

    `paraphrase` tells how confidence was told: `title` of the classifier, bounds `low` and `high`; None: it was not.
    """
    rows = table.to_pylist()
    wide = layout(rows, losses, titles, paraphrase["low"] if paraphrase else 0.5)
    said = caption(rows, statistics, paraphrase)
    write_formats(table, "table", wide, f"{title}. {said}" if title else said, label, manifest, output)


def write_formats(
    table: pa.Table,
    schema: str,
    wide: Sequence[Mapping[str, str]],
    said: str,
    label: str,
    manifest: Mapping[str, Any],
    output: Path,
) -> None:
    """Write `output`.parquet and .csv (the table and the label), .md, .tex and .html (`wide`, captioned by `said`)."""
    table = table.append_column("label", pa.array([label] * table.num_rows, pa.string()))

    def ending(suffix: str) -> Path:
        # Not with_suffix: a study's name may hold dots.
        return output.with_name(output.name + suffix)

    storage.write_table(ending(".parquet"), schema, table, manifest)
    sheet = io.BytesIO()
    pacsv.write_csv(table, sheet)
    storage.write_text(ending(".csv"), sheet.getvalue().decode())
    storage.write_text(ending(".md"), markdown(wide, said, label))
    storage.write_text(ending(".tex"), latex(wide, said, label))
    storage.write_text(ending(".html"), html(wide, said, label))


def layout(
    rows: Sequence[Row],
    losses: Mapping[tuple[str, str, str, int], float],
    titles: Mapping[str, Mapping[str, str]],
    low: float = 0.5,
) -> list[dict[str, str]]:
    """One row a run with the categories side by side, and one for its difference from the base model.

    Coordinates that do not vary are left out; a group's task and dataset stand once. `low` is the bound of high
    confidence.
    """
    wide: list[dict[str, str]] = []
    previous: tuple[str, str] | None = None
    varying = varies(rows)
    shown = headings(rows, low)
    runs: dict[tuple[Any, ...], dict[str, Row]] = {}
    for row in rows:
        runs.setdefault(_run(row), {})[row["category"]] = row
    for run in runs.values():
        total = run["total"]
        group = (total["model"], total["dataset"])
        loss = losses.get((total["model"], total["state"], total["dataset"], total["epoch"]))
        line = {
            **({"Task": "", "Dataset": ""} if group == previous else _group(total, titles)),
            "Model": in_state(titles["models"].get(total["model"], total["model"]), total["state"], rows),
            **{heading: str(total[name]) for name, heading in VARYING.items() if name in varying},
            **{heading: cell(run[category]) for category, heading in shown.items()},
            **matches_cells(total),
        }
        if any(row["control_rate"] is not None for row in rows):
            line |= {"Control": control_cell(total), "Above control": difference_cell(total, "over_control")}
        if any(row["published"] is not None for row in rows):
            line |= {"Published": _percent(total["published"])}
        line |= {
            "n": f"{total['n']:,}",
            "Tokens": f"{total['generated_tokens']:.1f}",
            "Training loss": "" if loss is None else f"{loss:.3f}",
        }
        wide.append(line)
        if total["over_base"] is not None:
            wide.append(
                dict.fromkeys(line, "")
                | {"Model": "Difference"}
                | {heading: difference_cell(run[category], "over_base") for category, heading in shown.items()}
                | ({"Published": _signed(total["published_over_base"])} if "Published" in line else {})
            )
        previous = group
    return wide


# Coordinates that are shown where a study varies them.
VARYING = {"epoch": "Epochs", "prefix_tokens": "Prefix tokens", "decoding": "Decoding"}


def varies(rows: Sequence[Row]) -> list[str]:
    """Which of the coordinates `VARYING` that the rows have take several values.

    Base has no epoch of its own, and each dataset's own prefix length is no variation.
    """
    found = []
    for name in VARYING:
        # With the dataset, so that one prefix length for each is told from several.
        values = {
            (row["dataset"] if name == "prefix_tokens" else None, row[name])
            for row in rows
            if name in row and not (name == "epoch" and row["state"] == "base")
        }
        if len(values) > len({dataset for dataset, _ in values}):
            found.append(name)
    return found


def _group(row: Row, titles: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    task: str = row["task"]
    dataset: str = row["dataset"]
    return {"Task": TASK_HEADINGS.get(task, task), "Dataset": titles["datasets"].get(dataset, dataset)}


def in_state(model: str, state: str, rows: Sequence[Row] = ()) -> str:
    """A model's name with the state it is in: with the recipe's name where several are shown, alone where none is."""
    if rows and all(row["state"] == "base" for row in rows):
        return model
    if state == "base":
        return f"{model} (base)"
    several = len({row["state"] for row in rows} - {"base"}) > 1
    return f"{model} ({state if several else 'fine-tuned'})"


def _run(row: Row) -> tuple[Any, ...]:
    keys = ("model", "state", "epoch", "dataset", "population", "prefix_tokens", "decoding")
    return tuple(row[key] for key in keys)


MATCHES_SAID = (
    "Own suffix: probes that match their own suffix. Suffixes: different suffixes that are matched; few of them under "
    "a high rate are a model that writes the same text whatever it is asked."
)


def matches_cells(row: Row) -> dict[str, str]:
    """What a run's matches are with, under the headings that `MATCHES_SAID` explains."""
    return {
        "Own suffix": _percent(row["own_matches"] / row["n"]),
        "Suffixes": f"{row['matched_suffixes']:,}",
    }


def cell(row: Row) -> str:
    """A rate with its interval in percent; 0 of n with the exact upper bound, as the bootstrap's is [0, 0] there."""
    if row["count"] == 0:
        return f"0.00% (≤ {100 * row['exact_high']:.2f}%)"
    return f"{100 * row['rate']:.2f}% [{100 * row['low']:.2f}, {100 * row['high']:.2f}]"


def control_cell(row: Row) -> str:
    """The control's rate as in `cell`; nothing where there is no control."""
    if row["control_rate"] is None:
        return ""
    keys = ("rate", "low", "high", "exact_high")
    return cell({"count": row["control_rate"]} | {key: row[f"control_{key}"] for key in keys})


def difference_cell(row: Row, name: str) -> str:
    """A difference in percentage points with an arrow and its interval, `-` where nothing changed; starred by p-value.

    One star says p < 0.05 after Holm's correction, two p < 0.01, three p < 0.001.
    """
    difference, low, high, p = (row[f"{name}{part}"] for part in ("", "_low", "_high", "_p_holm"))
    if difference is None:
        return ""
    if difference == low == high == 0:
        return "-"
    stars = "*" * sum(p < bound for bound in (0.05, 0.01, 0.001))
    return f"{_signed(difference)}{stars} [{100 * low:+.2f}, {100 * high:+.2f}]"


def _signed(difference: float | None) -> str:
    if difference is None:
        return ""
    arrow = "↑" if difference > 0 else "↓" if difference < 0 else ""
    return f"{arrow}{abs(100 * difference):.2f}%"


def _percent(rate: float | None) -> str:
    return "" if rate is None else f"{100 * rate:.2f}%"


def caption(rows: Sequence[Row], statistics: Mapping[str, Any], paraphrase: Mapping[str, Any] | None = None) -> str:
    """What the numbers are, in one paragraph."""
    parts = [
        f"Memorization in percent of n probes ({asked(rows)}), with {intervals(statistics)}. "
        f"Where no probe is memorized, the exact (Clopper-Pearson) upper bound stands in parentheses. {MATCHES_SAID}"
    ]
    if any(row["over_base"] is not None for row in rows):
        parts.append("Difference: fine-tuned minus base, paired by probe; stars by McNemar's exact test.")
    if any(row["control_rate"] is not None for row in rows):
        parts.append(
            "Control: the same of test inputs, which no model was trained on, against test suffixes: what the detector "
            "finds there is no memory of training data; stars by Fisher's exact test."
        )
    if any(row[name] is not None for row in rows for name in ("over_base", "over_control")):
        parts.append("Stars: p < 0.05 (*), 0.01 (**) or 0.001 (***) after Holm's correction over this table.")
    if any(row["input_texts"] < row["n"] for row in rows):
        parts.append(
            "Where probes share an input text, texts are resampled, each with all of its probes, and tests count texts."
        )
    parts.append("Tokens: mean length of the generations. Training loss: mean of the shown epoch, in nats per token.")
    if paraphrase:
        low, high = (f"{paraphrase[key]:g}" for key in ("low", "high"))
        parts.append(
            f"Paraphrase (p>{low}): {paraphrase['title']} gives a pair of sentences of the match a probability of "
            f"equivalence between {low} and {high}; (p<{low}): it gives none."
        )
    return " ".join(parts)


def asked(rows: Sequence[Row]) -> str:
    """Where the probes come from and how texts were decoded."""
    return f"{populations(rows)}; decoding: {', '.join(dict.fromkeys(row['decoding'] for row in rows))}"


def populations(rows: Sequence[Row]) -> str:
    """Where the probes come from."""
    names = {"member": "training inputs", "control": "test inputs, never trained on"}
    return " and ".join(dict.fromkeys(names[row["population"]] for row in rows))


def intervals(statistics: Mapping[str, Any]) -> str:
    """What the intervals are."""
    coverage = 100 * (statistics["high"] - statistics["low"])
    return (
        f"{coverage:g}% bootstrap intervals ({statistics['draws']:,} draws, quantiles {statistics['low']:g} and "
        f"{statistics['high']:g})"
    )


def html(wide: Sequence[Mapping[str, str]], said: str, label: str) -> str:
    """The table as a page of its own, with label and caption; every text is escaped."""
    from html import escape

    from tabulate import tabulate

    body = str(tabulate(list(wide), headers="keys", tablefmt="html", disable_numparse=True))
    style = (
        "body{font-family:sans-serif;margin:1em}table{border-collapse:collapse}caption{caption-side:bottom;"
        "text-align:left;max-width:60em;padding-top:.5em;color:#444}td,th{padding:.2em .6em;white-space:nowrap;"
        "text-align:left}thead{border-bottom:1px solid}"
    )
    body = body.replace("<table>", f"<table>\n<caption>{escape(f'{label} {said}'.strip())}</caption>", 1)
    body = _with_marks(body, "<mark>", "</mark>")
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>Table</title>\n<style>{style}</style>\n'
        f"{body}\n</html>\n"
    )


def markdown(wide: Sequence[Mapping[str, str]], said: str, label: str) -> str:
    """The table as Markdown, with label and caption."""
    from tabulate import tabulate

    cells = [{key: _with_marks(_escaped(value), "**", "**") for key, value in row.items()} for row in wide]
    headed = [f"**{label}**", ""] if label else []
    return "\n".join(
        [
            *headed,
            tabulate(cells, headers="keys", tablefmt="github", disable_numparse=True),
            "",
            said,
            "",
        ]
    )


def _escaped(text: str) -> str:
    """A text that stands for itself in Markdown: it ends no cell, and begins no page element, emphasis or link."""
    return re.sub(r"[|<*`]|(?<=\])\(", r"\\\g<0>", text)


def latex(wide: Sequence[Mapping[str, str]], said: str, label: str) -> str:
    """The table as a LaTeX `table` (packages: booktabs), with label and caption."""
    from tabulate import tabulate

    body = str(tabulate(list(wide), headers="keys", tablefmt="latex_booktabs", disable_numparse=True))
    for sign, command in {"↑": r"$\uparrow$", "↓": r"$\downarrow$", "≤": r"$\leq$"}.items():
        body = body.replace(sign, command)
    body = _with_marks(body, r"\textbf{", "}")
    whole = f"{label} {said}".strip().translate(LATEX)
    lines = [r"\begin{table*}", r"\centering", r"\small", f"\\caption{{{whole}}}", body, r"\end{table*}", ""]
    return "\n".join(lines)


def plain(markdown_text: str) -> str:
    """The Markdown table as it is shown on a terminal: without the marks for bold and the escapes."""
    return re.sub(r"\\([|<*`(])", r"\1", markdown_text.replace("**", ""))
