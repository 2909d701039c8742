"""Whether training rows can be told from held-out ones: the table of a study of kind `membership`."""

from memorization.studies.membership.table import PACKAGES, sheet

__all__ = ["PACKAGES", "sheet"]
