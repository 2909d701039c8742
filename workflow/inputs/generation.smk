"""What models read, and which likelihoods studies need."""

from functools import cache

from memorization.studies.kind import likelihood_settings


def generation_input(wildcards):
    """What a model is asked for probes, and the model."""
    return {
        "probes": at(plan.asked(wildcards)),
        **model_in_state(wildcards),
    }


def likelihood_input(wildcards):
    """Probes, and the model that reads them."""
    return {
        "probes": at(plan.fill(plan.PROBES, wildcards)),
        **model_in_state(wildcards),
    }


def shards_of(dataset):
    """The number of jobs among which the generations of a run on that dataset are divided."""
    # Without a look at the rows where one shard takes any number of probes.
    if CONFIG.probes.n <= CONFIG.compute.shard_probes:
        return 1
    return costs.shards(CONFIG, costs.most_probes(CONFIG, dataset))


def datasets_of(several):
    """The constraint of the wildcard `dataset` to datasets whose runs have several shards, or one."""
    names = [name for name in CONFIG.datasets if (shards_of(name) > 1) == several]
    # Nothing has the name of no dataset.
    return "|".join(map(re.escape, names)) or "(?!)"


def all_shards(wildcards):
    """The generations of all parts of a run's probes, in their order."""
    shards = shards_of(wildcards.dataset)
    return [
        at(plan.SHARD.format(shards=shards, shard=shard, **wildcards))
        for shard in range(shards)
    ]


def probes_of_shard(wildcards):
    """The first probe of a shard, and their number: the last shard has all that follow."""
    shard, size = int(wildcards.shard), CONFIG.compute.shard_probes
    return [shard * size, None if shard == int(wildcards.shards) - 1 else size]


def shard_size_where_it_matters(wildcards):
    """The probes of a shard if texts depend on the batch that they are in (bf16), else None."""
    precision = CONFIG.decodings[wildcards.decoding].precision
    return CONFIG.compute.shard_probes if precision == "bf16" else None


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


def generation_settings():
    """Parameters of the rules that generate: what decides a text, and nothing else."""
    return {
        "decoding": lambda wildcards: settings(CONFIG.decodings[wildcards.decoding]),
        "engines": engines,
        "max_input_tokens": question_tokens,
        "batch_size": batch_size_where_it_matters,
        "threads": unless_asked(CONFIG.compute.threads),
        "device": unless_asked(CONFIG.compute.device),
    }


def is_asked(wildcards):
    """Whether an endpoint is asked for the texts of a model in a state."""
    return plan.endpoint_of(CONFIG, wildcards.model, wildcards.state) is not None


def unless_asked(value, otherwise=None):
    """A value of jobs that run a model, for those that ask an endpoint another."""
    return lambda wildcards: otherwise if is_asked(wildcards) else value


def question_tokens(wildcards):
    """Tokens of whole questions that a model reads, as for answers; None where it is asked otherwise."""
    if not CONFIG.promptings[wildcards.prompting].reads_row:
        return None
    return plan.answer_settings(CONFIG, wildcards.state)["max_input_tokens"]


def engines(wildcards):
    """The engines of which one generates, loaded by name: their code makes stale only what they may have generated."""
    return engines_of(wildcards.model, wildcards.state, wildcards.decoding)


@cache
def engines_of(model, state, decoding):
    """The engines of which one generates a model's texts in a state under a decoding."""
    return local_files.engines(CONFIG, model, state, decoding)


def likelihood_setting(key):
    """A setting of a likelihood's folder, from the studies that use it: `decodings`, `tokens`, `draws`, `probability`."""
    return lambda wildcards: likelihood_settings(
        CONFIG, CONFIG.studies.values(), wildcards
    )[key]
