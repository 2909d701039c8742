import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from memorization import comparisons, storage
from memorization.comparisons import Asked
from memorization.report import published_table, tables
from memorization.statistics import CATEGORIES, rates, table_of

ROOT = Path(__file__).resolve().parents[2]
SQL = ROOT / "workflow/queries/memorization.sql"
STATISTICS = {"draws": 200, "low": 0.025, "high": 0.975, "seed": 0}
TITLES = {"datasets": {"news": "Multi-news"}, "models": {"t5": "T5-base"}}
LABEL = "Demonstration: 100% made up"
BASE = ["none"] * 95 + ["idea"] * 5
FINE_TUNED = ["none"] * 80 + ["verbatim"] * 12 + ["paraphrase"] * 3 + ["idea"] * 5
CONTROL = ["none"] * 49 + ["idea"]
MATCHES = {"own_matches": 2, "matched_suffixes": 1234}
OUTCOMES = {("base", "member"): BASE, ("full", "member"): FINE_TUNED}
WITH_CONTROLS = OUTCOMES | {("base", "control"): CONTROL, ("full", "control"): CONTROL}


def run(model: str = "t5", dataset: str = "news", state: str = "full", population: str = "member") -> dict[str, Any]:
    return {
        "dataset": dataset,
        "task": "summarization",
        "model": model,
        "state": state,
        "epoch": 0 if state == "base" else 3,
        "population": population,
        "prefix_tokens": 50,
        "decoding": "greedy",
    }


def queried(
    folder: Path,
    outcomes: dict[tuple[str, str], list[str]],
    datasets: Sequence[str] = ("news",),
    models: Sequence[str] = ("t5",),
    published: str = "",
) -> pa.Table:
    """The query over runs of every model and dataset with these outcomes by state and population, in no good order."""
    runs = [run(model, dataset, *key) for model in models for dataset in datasets for key in outcomes][::-1]
    files = []
    for number, each in enumerate(runs):
        found = rates(outcomes[each["state"], each["population"]], **STATISTICS)
        files.append(folder / f"part={number}" / "rates.parquet")
        table = table_of(found, each, input_texts=found[0].n, generated_tokens=20.5, **MATCHES)
        storage.write_table(files[-1], "rates", table, {})
    asked = {
        comparisons.key(each): Asked(each_outcomes, range(len(each_outcomes)))
        for each in runs
        for each_outcomes in [outcomes[each["state"], each["population"]]]
    }
    compared = comparisons.compare(runs, asked, classified=False, settings=STATISTICS)
    storage.write_table(folder / "comparisons.parquet", "comparisons", compared, {})
    sheet = None
    if published:
        sheet = folder / "published.csv"
        sheet.write_text(published, encoding="utf-8")
    return tables.query(
        SQL,
        {"rates": files, "comparisons": [folder / "comparisons.parquet"]},
        published=sheet,
        study="disparity",
        datasets=list(datasets),
        models=list(models),
        states=["base", "full"],
        decodings=["greedy"],
        categories=list(CATEGORIES),
    )


@pytest.fixture
def table(tmp_path: Path) -> pa.Table:
    return queried(tmp_path, OUTCOMES)


def write(
    table: pa.Table,
    output: Path,
    titles: dict[str, dict[str, str]] = TITLES,
    label: str = LABEL,
    losses: dict[tuple[str, str, str, int], float] | None = None,
    title: str = "",
) -> Path:
    tables.write(table, losses or {}, titles, label, STATISTICS, {"rule": "table"}, output, title=title)
    return output


def written(table: pa.Table, output: Path, ending: str, **settings: Any) -> str:
    write(table, output, **settings)
    return output.with_name(output.name + ending).read_text(encoding="utf-8")


def row(**values: Any) -> dict[str, Any]:
    return {"count": 0, "rate": 0.0, "low": 0.0, "high": 0.0, "exact_high": 0.0} | values


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({"count": 12, "rate": 0.12, "low": 0.0601, "high": 0.19}, "12.00% [6.01, 19.00]"),
        ({"count": 100, "rate": 1.0, "low": 1.0, "high": 1.0}, "100.00% [100.00, 100.00]"),
        ({"count": 0, "exact_high": 0.03622}, "0.00% (≤ 3.62%)"),
        ({"count": 1, "rate": 0.0001, "low": 0.0, "high": 0.0003}, "0.01% [0.00, 0.03]"),
    ],
)
def test_a_cell_shows_the_rate_in_percent_with_its_interval(values: dict[str, Any], shown: str) -> None:
    assert tables.cell(row(**values)) == shown


@pytest.mark.parametrize(
    ("difference", "low", "high", "p", "shown"),
    [
        (None, None, None, None, ""),
        (0.0, 0.0, 0.0, 1.0, "-"),
        (0.03, -0.01, 0.07, 0.4, "↑3.00% [-1.00, +7.00]"),
        (-0.03, -0.07, 0.01, 0.05, "↓3.00% [-7.00, +1.00]"),
        (0.0, -0.02, 0.02, 1.0, "0.00% [-2.00, +2.00]"),
        (0.05, 0.01, 0.09, 0.049, "↑5.00%* [+1.00, +9.00]"),
        (0.05, 0.01, 0.09, 0.009, "↑5.00%** [+1.00, +9.00]"),
        (0.05, 0.01, 0.09, 0.0009, "↑5.00%*** [+1.00, +9.00]"),
    ],
)
def test_a_difference_shows_its_direction_and_significance(
    difference: float | None, low: float | None, high: float | None, p: float | None, shown: str
) -> None:
    names = ("over_base", "over_base_low", "over_base_high", "over_base_p_holm")
    assert tables.difference_cell(dict(zip(names, (difference, low, high, p), strict=True)), "over_base") == shown


def test_the_bound_of_none_is_the_exact_one(tmp_path: Path) -> None:
    nothing = queried(tmp_path, {("full", "member"): ["none"] * 40})
    assert written(nothing, tmp_path / "t", ".md").count(f"0.00% (≤ {100 * (1 - 0.025 ** (1 / 40)):.2f}%)") == 4


def test_rows_stand_in_the_order_of_the_study(tmp_path: Path) -> None:
    found = queried(tmp_path, WITH_CONTROLS, ("news", "chat"), ("t5", "gpt")).to_pylist()
    assert [(r["model"], r["dataset"], r["state"], r["category"]) for r in found] == [
        (model, dataset, state, category)
        for model in ("t5", "gpt")
        for dataset in ("news", "chat")
        for state in ("base", "full")
        for category in CATEGORIES
    ]
    assert {(r["study"], r["population"]) for r in found} == {("disparity", "member")}


def test_values_of_the_runs_come_through_the_query_unchanged(table: pa.Table) -> None:
    expected = [
        each
        for state, outcomes in (("base", BASE), ("full", FINE_TUNED))
        for each in table_of(
            rates(outcomes, **STATISTICS), run(state=state), input_texts=100, generated_tokens=20.5, **MATCHES
        ).to_pylist()
    ]
    assert [{key: each[key] for key in expected[0]} for each in table.to_pylist()] == expected
    assert {each["control_rate"] for each in table.to_pylist()} == {None}
    assert {each["published"] for each in table.to_pylist()} == {None}


def test_every_run_stands_beside_its_base_and_its_control(tmp_path: Path) -> None:
    found = {(r["state"], r["category"]): r for r in queried(tmp_path, WITH_CONTROLS).to_pylist()}
    total = found["full", "total"]
    assert total["over_base"] == pytest.approx(0.15)
    assert total["over_base_low"] < 0.15 < total["over_base_high"]
    assert (total["control_n"], total["control_rate"]) == (50, 0.02)
    assert total["over_control"] == pytest.approx(0.18)
    assert found["base", "total"]["over_base"] is None
    assert found["base", "total"]["over_control"] == pytest.approx(0.03)
    assert found["full", "verbatim"]["over_base"] == pytest.approx(0.12)


def test_significance_is_corrected_over_the_table(tmp_path: Path) -> None:
    alone = queried(tmp_path / "alone", WITH_CONTROLS).to_pylist()
    among = queried(tmp_path / "among", WITH_CONTROLS, ("news", "chat", "qa")).to_pylist()
    for one, other in zip(alone, among, strict=False):
        if one["category"] == "verbatim" and one["state"] == "full":
            assert one["over_base_p"] == one["over_base_p_holm"] == other["over_base_p"]
            assert other["over_base_p_holm"] == pytest.approx(min(1.0, 3 * other["over_base_p"]))


PUBLISHED = """table,dataset,model,state,epoch,decoding,prefix_tokens,category,value,low,high,note
Table 2,news,t5,base,,greedy,,total,0.14,0.13,0.15,
Table 2,news,t5,full,3,,,total,0.20,,,"a, b"
Table 2,news,t5,full,9,,,verbatim,0.5,,,another epoch
Table 2,news,t5,difference,,,50,total,0.5,0.4,0.6,
Table 2,news,gpt,full,,,,total,0.9,,,
"""


def test_published_numbers_stand_beside_the_runs_that_they_tell_of(tmp_path: Path) -> None:
    table = queried(tmp_path, OUTCOMES, published=PUBLISHED)
    found = {(r["state"], r["category"]): r for r in table.to_pylist()}
    assert (found["base", "total"]["published"], found["base", "total"]["published_low"]) == (0.14, 0.13)
    assert (found["full", "total"]["published"], found["full", "total"]["published_over_base"]) == (0.2, 0.5)
    assert found["full", "verbatim"]["published"] is None
    compared = published_table.compared(table.to_pylist()).to_pylist()
    assert [(r["state"], r["published"], r["inside"]) for r in compared] == [
        ("base", 0.14, False),
        ("full", 0.2, True),
        ("difference", 0.5, False),
    ]
    assert compared[0]["difference"] == pytest.approx(0.05 - 0.14)
    published_table.write(table.to_pylist(), TITLES, "Table 2", LABEL, STATISTICS, {}, tmp_path / "p")
    heading, *lines = lines_of((tmp_path / "p.md").read_text(encoding="utf-8"))
    assert [line[1] for line in lines] == ["T5-base (base)", "T5-base (fine-tuned)", "Difference"]
    assert lines[0][heading.index("Published")] == "14.00% [13.00, 15.00]"
    assert [line[heading.index("Inside")] for line in lines] == ["no", "yes", "no"]
    assert "1 of 3 published numbers lie" in (tmp_path / "p.md").read_text(encoding="utf-8")
    heading, first, second, third = lines_of(written(table, tmp_path / "t", ".md"))
    column = heading.index("Published")
    assert [line[column] for line in (first, second, third)] == ["14.00%", "20.00%", "↑50.00%"]


def test_nothing_found_is_compared_up_to_the_exact_bound(tmp_path: Path) -> None:
    table = queried(tmp_path, {("base", "member"): ["none"] * 100}, published=PUBLISHED.replace("0.14", "0.03"))
    assert [row["inside"] for row in published_table.compared(table.to_pylist()).to_pylist()] == [True]


def test_tidy_tables_have_exactly_the_columns_of_the_schema(tmp_path: Path, table: pa.Table) -> None:
    output = write(table, tmp_path / "disparity")
    parquet = storage.read(tmp_path / "disparity.parquet", "table")
    names = storage.SCHEMAS["table"].names
    assert parquet.schema.equals(storage.SCHEMAS["table"])
    assert storage.manifest_of(tmp_path / "disparity.parquet") == {"table": "table", "rule": "table"}
    with output.with_name("disparity.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == names
    assert len(rows) == parquet.num_rows == 2 * len(CATEGORIES)
    for one, other in zip(rows, parquet.to_pylist(), strict=True):
        assert float(one["rate"]) == other["rate"]
        assert one["label"] == other["label"] == LABEL
        assert (float(one["exact_low"]) if one["exact_low"] else None) == other["exact_low"]


def test_categories_add_up_to_the_total_in_every_state(table: pa.Table) -> None:
    counts: dict[str, dict[str, int]] = {}
    for each in table.to_pylist():
        counts.setdefault(each["state"], {})[each["category"]] = each["count"]
    for state in counts.values():
        assert state["total"] == state["verbatim"] + state["idea"] + state["paraphrase"]


def test_all_files_are_written_and_nothing_else(tmp_path: Path, table: pa.Table) -> None:
    write(table, tmp_path / "tables/disparity")
    assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == [
        "disparity.csv",
        "disparity.html",
        "disparity.md",
        "disparity.parquet",
        "disparity.tex",
    ]


def test_a_study_with_dots_in_its_name_keeps_them(tmp_path: Path, table: pa.Table) -> None:
    write(table, tmp_path / "tables/v1.0")
    assert sorted(path.suffixes[-1] for path in (tmp_path / "tables").glob("v1.0.*")) == [
        ".csv",
        ".html",
        ".md",
        ".parquet",
        ".tex",
    ]


def test_the_same_rates_give_the_same_bytes(tmp_path: Path, table: pa.Table) -> None:
    for name in ("one", "two"):
        write(table, tmp_path / name / "t")
    for ending in (".parquet", ".csv", ".md", ".tex", ".html"):
        assert (tmp_path / f"one/t{ending}").read_bytes() == (tmp_path / f"two/t{ending}").read_bytes()


def lines_of(markdown: str) -> list[list[str]]:
    """Cells of a Markdown table, split at the signs that are not escaped."""
    lines = [line for line in markdown.splitlines() if line.startswith("|") and not set(line) <= set("|-: ")]
    return [[part.strip() for part in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def test_the_table_for_people_has_a_line_a_state(tmp_path: Path, table: pa.Table) -> None:
    losses = {("t5", "full", "news", 3): 0.12345}
    heading, *lines = lines_of(written(table, tmp_path / "t", ".md", losses=losses))
    assert heading == [
        "Task",
        "Dataset",
        "Model",
        "Total Mem Rate",
        "Verbatim",
        "Idea",
        "Paraphrase",
        "Own suffix",
        "Suffixes",
        "n",
        "Tokens",
        "Training loss",
    ]
    assert [line[:3] for line in lines] == [
        ["Summarization", "Multi-news", "T5-base (base)"],
        ["", "", "T5-base (fine-tuned)"],
        ["", "", "Difference"],
    ]
    assert [line[-3:] for line in lines] == [["100", "20.5", ""], ["100", "20.5", "0.123"], ["", "", ""]]
    assert [line[7:9] for line in lines] == [["2.00%", "1,234"], ["2.00%", "1,234"], ["", ""]]
    assert lines[0][3].startswith("5.00% [")
    assert lines[0][4].startswith("0.00% (≤ 3.62%)")
    assert lines[1][3].startswith("20.00% [")
    assert lines[2][3].startswith("↑15.00%")
    assert lines[2][5] == "-"


def test_task_and_dataset_stand_again_where_another_group_begins(tmp_path: Path) -> None:
    _, *lines = lines_of(written(queried(tmp_path, OUTCOMES, models=("t5", "gpt")), tmp_path / "t", ".md"))
    assert [line[1] for line in lines] == ["Multi-news", "", ""] * 2
    assert lines[3][2] == "gpt (base)"


def test_controls_are_shown_where_there_are_any(tmp_path: Path) -> None:
    heading, base, full, difference = lines_of(written(queried(tmp_path, WITH_CONTROLS), tmp_path / "t", ".md"))
    column = heading.index("Control")
    assert heading[column + 1] == "Above control"
    assert full[column].startswith("2.00% [")
    assert full[column + 1].startswith("↑18.00%")
    assert base[column + 1].startswith("↑3.00% [")
    assert difference[column : column + 2] == ["", ""]


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"epoch": [1, 3]}, ["Epochs"]),
        ({"decoding": ["greedy", "top_k"]}, ["Decoding"]),
        ({"prefix_tokens": [10, 50]}, ["Prefix tokens"]),
        ({"dataset": ["news", "chat"], "prefix_tokens": [15, 50]}, []),
        ({"state": ["base", "full"], "epoch": [0, 3]}, []),
    ],
)
def test_coordinates_are_shown_where_a_study_varies_them(changes: dict[str, list[Any]], shown: list[str]) -> None:
    rows = [run() | {name: values[number] for name, values in changes.items()} for number in (0, 1)]
    assert [tables.VARYING[name] for name in tables.varies(rows)] == shown


def test_recipes_are_named_where_there_are_several() -> None:
    several = [run(state=state) for state in ("base", "full", "lora")]
    assert tables.in_state("T5", "lora", several) == "T5 (lora)"
    assert tables.in_state("T5", "lora", several[:1] + several[2:]) == "T5 (fine-tuned)"
    assert tables.in_state("T5", "base", several) == "T5 (base)"
    assert tables.in_state("BART", "base", several[:1]) == "BART"


def test_texts_of_the_page_are_escaped(tmp_path: Path) -> None:
    titles = {"datasets": {"news": "<b>news</b> & more"}, "models": {}}
    page = written(queried(tmp_path, OUTCOMES), tmp_path / "t", ".html", titles=titles, label="<script>x</script>")
    assert "&lt;b&gt;news&lt;/b&gt; &amp; more" in page
    assert "&lt;script&gt;x&lt;/script&gt; Memorization" in page
    assert "<b>" not in page
    assert "<script" not in page


def test_a_studys_title_begins_its_caption(tmp_path: Path, table: pa.Table) -> None:
    assert "Table 2: tasks. Memorization in percent" in written(table, tmp_path / "t", ".md", title="Table 2: tasks")


def test_names_are_shown_where_there_is_no_title(tmp_path: Path, table: pa.Table) -> None:
    _, line, *_ = lines_of(written(table, tmp_path / "t", ".md", titles={"datasets": {}, "models": {}}))
    assert line[1:3] == ["news", "t5 (base)"]


def test_the_label_stands_in_every_file(tmp_path: Path, table: pa.Table) -> None:
    output = write(table, tmp_path / "t")
    assert output.with_name("t.md").read_text(encoding="utf-8").startswith(f"**{LABEL}**\n\n|")
    assert r"\caption{Demonstration: 100\% made up Memorization" in output.with_name("t.tex").read_text(
        encoding="utf-8"
    )
    assert LABEL in output.with_name("t.csv").read_text(encoding="utf-8")
    assert set(pq.read_table(output.with_name("t.parquet"))["label"].to_pylist()) == {LABEL}


def test_without_label_nothing_stands_in_its_place(tmp_path: Path, table: pa.Table) -> None:
    output = write(table, tmp_path / "t", label="")
    assert output.with_name("t.md").read_text(encoding="utf-8").startswith("|")
    assert r"\caption{Memorization" in output.with_name("t.tex").read_text(encoding="utf-8")


def test_the_caption_says_what_the_numbers_are(tmp_path: Path, table: pa.Table) -> None:
    said = tables.caption(table.to_pylist(), {"draws": 1000, "low": 0.05, "high": 0.95})
    for part in ("training inputs", "greedy", "90% bootstrap", "1,000 draws", "0.05 and 0.95", "Clopper-Pearson"):
        assert part in said
    assert "McNemar" in said
    assert "Fisher" not in said
    assert "Fisher" in tables.caption(queried(tmp_path / "c", WITH_CONTROLS).to_pylist(), STATISTICS)
    assert "texts are resampled" not in said
    shared = [each | {"input_texts": 60} for each in table.to_pylist()]
    assert "texts are resampled" in tables.caption(shared, STATISTICS)


def test_bars_in_titles_do_not_split_cells(tmp_path: Path, table: pa.Table) -> None:
    titles = {"datasets": {"news": "a|b"}, "models": {"t5": "T|5"}}
    heading, *lines = lines_of(written(table, tmp_path / "t", ".md", titles=titles))
    assert {len(line) for line in [heading, *lines]} == {12}
    assert lines[0][1:3] == [r"a\|b", r"T\|5 (base)"]


SPECIAL = "50% & $5 #1 a_b {c} ~d ^e \\f"
ESCAPED = r"50\% \& \$5 \#1 a\_b \{c\} \textasciitilde{}d \textasciicircum{}e \textbackslash{}f"


def test_the_label_is_plain_text_for_latex(tmp_path: Path, table: pa.Table) -> None:
    assert f"\\caption{{{ESCAPED} Memorization" in written(table, tmp_path / "t", ".tex", label=SPECIAL)


def test_titles_are_plain_text_for_latex(tmp_path: Path, table: pa.Table) -> None:
    latex = written(table, tmp_path / "t", ".tex", titles={"datasets": {"news": "50% & $5 #1 a_b"}, "models": {}})
    assert r"50\% \& \$5 \#1 a\_b" in latex
    body = latex.split(r"\midrule")[1].split(r"\bottomrule")[0]
    lines = [line for line in body.splitlines() if line.strip()]
    assert [len(re.findall(r"(?<!\\)&", line)) for line in lines] == [11, 11, 11]


def test_latex_has_commands_for_arrows_and_bounds(tmp_path: Path, table: pa.Table) -> None:
    latex = written(table, tmp_path / "t", ".tex")
    assert r"$\uparrow$15.00\%" in latex
    assert r"($\leq$ 3.62\%)" in latex
    assert not {"↑", "↓", "≤"} & set(latex)
    for part in (r"\begin{table*}", r"\toprule", r"\end{table*}"):
        assert latex.count(part) == 1


def test_losses_are_read_with_the_coordinates_of_their_training(tmp_path: Path) -> None:
    training = pa.table(
        {
            "epoch": [1, 2],
            "step": [5, 10],
            "loss": [2.0, 1.0],
            "learning_rate": [0.1, 0.0],
            "validation_loss": [None, None],
            "kept": [False, True],
        },
        schema=storage.SCHEMAS["training"],
    )
    files = []
    for dataset in ("news", "chat"):
        files.append(tmp_path / f"{dataset}.parquet")
        coordinates = {"model": "t5", "recipe": "full", "dataset": dataset}
        storage.write_table(files[-1], "training", training, {"coordinates": coordinates})
    assert tables.last_losses(files) == {
        ("t5", "full", dataset, epoch): loss for dataset in ("news", "chat") for epoch, loss in ((1, 2.0), (2, 1.0))
    }


def test_texts_stand_for_themselves_in_markdown() -> None:
    cell = "5%*** <img src=x> [a](b) `c` | d"
    shown = tables.markdown([{"x": cell}], "Said.", "")
    assert r"5%\*\*\* \<img src=x> [a]\(b) \`c\` \| d" in shown
    assert cell in tables.plain(shown)


def test_a_terminal_shows_no_marks_of_bold() -> None:
    assert tables.plain("**Label**\n\n| a |") == "Label\n\n| a |"
