"""Rates and means with their intervals, and tests of the significance of differences."""
