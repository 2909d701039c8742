"""Places for what libraries keep between processes, where their own take no files: another user's home and program."""

import os
import tempfile
from pathlib import Path


def provide(folder: Path) -> None:
    """Let this process and its children keep Matplotlib's fonts and Numba's machine code in `folder` if need be."""
    home = Path("~").expanduser()
    if not _takes_files(Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")):
        os.environ.setdefault("MPLCONFIGDIR", str((folder / "matplotlib").resolve()))
    # Numba's first choice is beside the module, its second one the user's.
    places = [
        Path(__file__).parent / "detection/__pycache__",
        Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache"),
    ]
    if not any(map(_takes_files, places)):
        os.environ.setdefault("NUMBA_CACHE_DIR", str((folder / "numba").resolve()))


def _takes_files(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
