"""What surrounds a job: its log, and one message instead of a traceback for what the user can mend."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path

from memorization.errors import UserError
from memorization.storage import disk_error


def run(work: Callable[[], None], log: Path, output: Path) -> None:
    """Do the work with its log open; end with exit code 1 and one message on a UserError, a full disk included.

    `output` names what was being written where an error of the disk names no file.
    """
    logging.basicConfig(
        filename=log, filemode="w", level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", force=True
    )
    try:
        work()
    except (UserError, OSError) as error:
        reported = disk_error(error, Path(str(error.filename or output))) if isinstance(error, OSError) else error
        if not isinstance(reported, UserError):
            logging.exception("unexpected error")
            raise
        logging.error("%s", reported)
        sys.exit(1)
    except Exception:
        logging.exception("unexpected error")
        raise
