"""What the audited models know of planted secrets: the table of a study of kind `canaries`."""

from memorization.studies.canaries.table import PACKAGES, sheet

__all__ = ["PACKAGES", "sheet"]
