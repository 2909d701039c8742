"""A sparse coding study from the configuration to its table and figure."""

from pathlib import Path

import yaml
from runs import Workplace

SIZES = {"embedding": 4, "tokens": 4, "embedding_features": 3, "token_features": 3}
TINY = {"nonzeros": [1, 4], "samples": 40, "test_samples": 20, "seeds": 1, "starts": 1, "steps": 2}


def test_a_study_is_made_whole_and_once(code: Path, tmp_path: Path) -> None:
    config = tmp_path / "sparse.yaml"
    config.write_text(
        yaml.safe_dump({"studies": {"sparse": {"kind": "sparse_coding"} | SIZES | TINY}}), encoding="utf-8"
    )
    workplace = Workplace(code, tmp_path / "work", (config,))
    run = workplace.run("--cores", "1")
    assert run.code == 0, run.output
    # It uses no model and no text: nothing else is made, and the page stands without rates.
    assert set(run.jobs()) == {"sparse_coding_fits", "sparse_coding_table", "sparse_coding_figure", "report_page"}
    files = ("tables/sparse.md", "tables/sparse.html", "figures/sparse.svg", "figures/sparse.png", "report/index.html")
    for file in files:
        assert (workplace.results / file).stat().st_size > 1000
    assert workplace.dry_run() == {}
