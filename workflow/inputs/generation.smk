"""What models read, and which likelihoods studies need."""

from memorization.studies.kind import likelihood_settings


def generation_input(wildcards):
    """Probes, and the model that continues them."""
    return {
        "probes": at(plan.fill(plan.PROBES, wildcards)),
        **model_in_state(wildcards),
    }


def answer_input(wildcards):
    """Dataset, and the model that answers its test rows."""
    return {
        "dataset": at(plan.fill(plan.DATASET, wildcards)),
        **model_in_state(wildcards),
    }


def attention_input(wildcards):
    """Probes at the dataset's prefix length, their dataset, and the model that reads it."""
    prefix_tokens = plan.prefix_length(CONFIG, wildcards.dataset)
    return {
        "probes": at(plan.PROBES.format(prefix_tokens=prefix_tokens, **wildcards)),
        **answer_input(wildcards),
    }


def likelihood_setting(key):
    """A setting of a likelihood's folder, from the studies that use it: `decodings`, `tokens`, `draws`, `probability`."""
    return lambda wildcards: likelihood_settings(
        CONFIG, CONFIG.studies.values(), wildcards
    )[key]
