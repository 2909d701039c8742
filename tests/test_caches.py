import os
import subprocess
import sys
from pathlib import Path

import pytest

from memorization import caches

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("writable", [True, False])
def test_caches_are_elsewhere_where_their_own_places_take_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writable: bool
) -> None:
    monkeypatch.setattr(os, "environ", environment := {"HOME": str(tmp_path) if writable else "/proc/none"})
    monkeypatch.setattr(caches, "__file__", "/proc/none/caches.py")
    caches.provide(tmp_path / "elsewhere")
    places = {"MPLCONFIGDIR": "matplotlib", "NUMBA_CACHE_DIR": "numba"}
    expected = {} if writable else {name: str(tmp_path / "elsewhere" / place) for name, place in places.items()}
    assert {name: environment[name] for name in places if name in environment} == expected


def test_a_place_that_the_user_chose_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", environment := {"HOME": "/proc/none", "MPLCONFIGDIR": "chosen"})
    caches.provide(tmp_path)
    assert environment["MPLCONFIGDIR"] == "chosen"


def test_compiled_code_is_used_where_its_folder_takes_no_files(tmp_path: Path) -> None:
    """Numba refuses to import it there."""
    package = tmp_path / "code/memorization"
    (package / "detection").mkdir(parents=True)
    for name in ("__init__.py", "caches.py", "detection/__init__.py", "detection/kernel.py"):
        (package / name).write_bytes((ROOT / "memorization" / name).read_bytes())
    # Not a folder: nobody can write files there.
    (package / "detection/__pycache__").touch()
    program = "from pathlib import Path; from memorization import caches; caches.provide(Path('elsewhere').resolve())"
    run = subprocess.run(
        [sys.executable, "-c", f"{program}; import memorization.detection.kernel"],
        cwd=package.parent,
        env={"HOME": "/proc/none", "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
