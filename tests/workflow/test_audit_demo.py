"""The audit's demonstration: what its make target writes is what its configuration reads."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from memorization import configfile, local_files, preflight
from memorization.datasets.canary_key import read_key

ROOT = Path(__file__).parents[2]
TARGET = "results/audit-demo-data/train-key.json"


def test_the_target_writes_what_the_configuration_reads(tmp_path: Path) -> None:
    # The target's recipe and nothing else, as it is where tests are themselves run by make.
    options = ["-n", "--no-print-directory", "-o", "setup", "-W", "memorization/datasets/synthetic/support.py"]
    printed = subprocess.run(["make", *options, TARGET], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    folders = [str(Path(sys.executable).parent), os.environ["PATH"]]
    environment = os.environ | {"PATH": os.pathsep.join(folders), "PYTHONPATH": str(ROOT)}
    subprocess.run(["sh", "-ec", printed], cwd=tmp_path, check=True, capture_output=True, env=environment)

    data = tmp_path / Path(TARGET).parent
    files = [ROOT / "config.yaml", ROOT / "configs/audit-demo.yaml"]
    config = configfile.load(files, {"data_root": str(data), "results": str(tmp_path / "results")})
    local_files.check_inputs(config)
    preflight.check(config)

    key = read_key(data / "train-key.json", "support")
    planted = Counter(canary.copies for canary in key.canaries if not canary.held_out)
    # Enough of each to be seen; and held-out rows have about as large a share of canaries.
    assert set(planted) == {1, 8, 32} and min(planted.values()) >= 3
    held_out = read_key(data / "held-out-key.json", "support")
    rows = [each.output.rows - each.input.rows for each in (key, held_out)]
    assert max(rows) < 1.1 * min(rows)
    states = {name: study.states for name, study in config.studies.items()}
    assert states == {"fine_tuned": ["base", "full"], "lora": ["base", "adapter"], "not_trained": ["base"]}
