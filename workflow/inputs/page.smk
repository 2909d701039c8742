"""What the page is made from."""

from memorization.page import page
from memorization.page import plan as page_plan

# The page shows the command with it, and it is no parameter: the same configuration may lie in another file.
config["options"] = page_plan.options(list(map(Path, workflow.overwrite_configfiles)))


def page_input(wildcards):
    """The page's files."""
    return places(page_plan.inputs(CONFIG, LEFT_OUT))
