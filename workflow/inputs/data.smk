"""What prompts are made from: prefixes, or whole rows."""


def prompt_input(wildcards):
    """Probes and, where their whole rows are asked, the dataset and a tokenizer."""
    inputs = {"probes": at(plan.fill(plan.PROBES, wildcards))}
    if CONFIG.promptings[wildcards.prompting].reads_row:
        inputs["dataset"] = at(plan.fill(plan.DATASET, wildcards))
        inputs["model"] = at(plan.fill(plan.BASE_MODEL, wildcards))
    return inputs


def instructions_of_prompts(wildcards):
    """`instructions_of`, where whole rows are asked: other prompts contain none."""
    reads_row = CONFIG.promptings[wildcards.prompting].reads_row
    return instructions_of(wildcards) if reads_row else {}
