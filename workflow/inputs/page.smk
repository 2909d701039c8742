"""What the page is made from."""

from memorization.page import page
from memorization.page import plan as page_plan


def page_input(wildcards):
    """The page's files."""
    return places(page_plan.inputs(CONFIG, LEFT_OUT))
