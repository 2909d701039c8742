"""What every script shares: a log, and one line instead of a traceback for what the user can mend."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path

# Without installation too: under `--sdm conda` the environment holds what the package needs, not the package.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from snakemake.script import Snakemake

from memorization.errors import UserError
from memorization.storage import disk_error


def run(main: Callable[[Snakemake], None], snakemake: Snakemake) -> None:
    """Run a script's `main` with its log open; end with exit code 1 and one message on a UserError."""
    logging.basicConfig(
        filename=snakemake.log[0],
        filemode="w",
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        force=True,
    )
    try:
        main(snakemake)
    except (UserError, OSError) as error:
        mended = (
            disk_error(error, Path(str(error.filename or snakemake.output[0]))) if isinstance(error, OSError) else error
        )
        if not isinstance(mended, UserError):
            logging.exception("unexpected error")
            raise
        logging.error("%s", mended)
        sys.exit(1)
    except Exception:
        logging.exception("unexpected error")
        raise


def manifest(snakemake: Snakemake, *packages: str, **settings: object) -> dict[str, object]:
    """What every result says of itself: coordinates, settings, digest of the code, versions of what computed it."""
    from memorization.storage import versions

    return {
        "rule": snakemake.rule,
        "coordinates": dict(snakemake.wildcards.items()),
        "settings": settings,
        "source": snakemake.params.source,
        "versions": versions(*packages),
    }


def run_of(snakemake: Snakemake, **replaced: str) -> dict[str, str]:
    """A run's coordinates, from the rule's wildcards, and the task of its dataset."""
    return dict(snakemake.wildcards.items()) | {"task": snakemake.params.task} | replaced


def unfinished(output: Path) -> Path:
    """Where a training keeps what it goes on from when killed: beside its output, where Snakemake leaves it alone."""
    return output.with_name(f"{output.name}.unfinished")
