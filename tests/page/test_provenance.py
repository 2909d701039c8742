"""Where results come from: methods, versions, costs of stages, digests."""

import subprocess
from dataclasses import replace
from pathlib import Path

import page_results
import pytest
from example_sheet import example

from memorization.page import provenance


@pytest.mark.parametrize(
    ("file", "stage"),
    [
        ("checkpoints/model=t5/recipe=full/seed=0/dataset=news.tsv", "checkpoints"),
        ("runs/model=t5/dataset=news/decoding=greedy/generations.tsv", "generations"),
        ("runs/model=t5/dataset=news/decoding=greedy/shards=2/shard=1.tsv", "generations"),
        ("runs/model=t5/profile=zeng2024/positive_controls.tsv", "positive controls"),
        ("probes/dataset=news/sentences.json.tsv", "sentences"),
        ("tables/v1.0.tsv", "tables"),
    ],
)
def test_costs_are_added_up_by_stage(file: str, stage: str) -> None:
    assert provenance.stage(Path(file)) == stage


def test_costs_digests_and_methods_are_shown(tmp_path: Path) -> None:
    for number, name in enumerate(("one", "two"), start=1):
        file = tmp_path / f"benchmarks/tables/{name}.tsv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"seconds\tprocessor_seconds\tmemory_mib\n{number}.50\t1.00\t{number}00\n")
    manifest = {"rule": "an_example", "source": "0123456789abcdef", "versions": {"a-package": "1.2.3"}}
    study = page_results.further(tmp_path, replace(example(), manifest=manifest))
    context = page_results.page_context(
        tmp_path,
        study,
        evidence=["tables/further.parquet", "runs/missing.parquet"],
        methods=["As in [b].", "By [a] and [b], not by [c]."],
        citations={"b": "B et al.", "a": "A et al."},
        settings=[("probes.n", "60", "10000")],
        seeds=[("probes.seed", "0")],
    )

    html = provenance.section({}, context).html

    assert "As in [1]. By [2] and [1], not by [c]." in html
    assert html.index("B et al.") < html.index("A et al.")
    assert '<th scope="row">tables</th><td class="number">2</td><td class="number">4.0</td>' in html
    assert '<td class="number">200</td></tr>' in html
    assert "probes.n</th><td>60</td><td>10000</td>" in html
    [line] = [each for each in (tmp_path / "tables/further.sha256").read_text().splitlines() if "parquet" in each]
    assert line.split()[0] in html
    assert '<th scope="row">an_example</th><td>0123456789abcdef</td>' in html
    assert '<th scope="row">a-package</th><td>1.2.3</td>' in html


def test_the_commit_is_that_of_the_programs_own_repository(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    before = provenance.commit(tmp_path)
    git("init")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    git("add", "file")
    git("commit", "--message", "One")
    commit = git("rev-parse", "HEAD")

    assert before is None
    assert provenance.commit(tmp_path) == commit[:12]
    assert provenance.commit(tmp_path / "folder") is None
    (tmp_path / "file").write_text("changed")
    assert provenance.commit(tmp_path) == f"{commit[:12]}-dirty"
