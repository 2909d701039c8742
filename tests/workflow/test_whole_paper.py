"""A dry run of the whole paper, without a network and without its one local file, makes nothing twice."""

from collections import Counter
from pathlib import Path

from runs import ROOT, Workplace

CONFIG = ROOT / "configs/paper.yaml"


def test_the_whole_paper_can_be_planned_without_network_and_files(tmp_path: Path) -> None:
    place = Workplace(ROOT, tmp_path, (CONFIG,))

    run = place.run("--dry-run", "--printshellcmds", "--config", "results=results")

    assert run.code == 0, run.output
    assert "Note: study same_inputs is left out: " in run.output
    jobs = run.jobs()
    outputs = Counter(output for announced in jobs.values() for output in announced)
    assert max(outputs.values()) == 1
    # One run of a model on a dataset, however many tables and figures show it.
    trained = "runs/model=t5-base/state=full/epoch=10/seed=0"
    greedy = f"{trained}/dataset=multi_news/population=member/prefix_tokens=50/decoding=greedy/prompting=bare"
    assert f"results/{greedy}/generations.parquet" in jobs["gathered_generations"]
    assert [output for output in jobs["generation_shards"] if output.startswith(f"results/{greedy}/")] == [
        f"results/{greedy}/shards=5/shard={shard}.parquet" for shard in range(5)
    ]
    assert not any("renttherunway" in output for output in outputs)
    assert not (tmp_path / "results/runs").exists()


def test_a_target_reports_its_missing_file(tmp_path: Path) -> None:
    place = Workplace(ROOT, tmp_path, (CONFIG,))

    run = place.run("--dry-run", "--config", "results=results", "--", "figure_1")

    assert run.code != 0
    assert "data/renttherunway.parquet" in run.output
