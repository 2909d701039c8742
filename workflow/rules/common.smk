"""Paths, parameters and resources that the rules share."""

from functools import cache, partial

from memorization.models.files import contents


def at(pattern):
    """The path of a pattern below the results folder."""
    return f"{RESULTS}/{pattern}"


def places(files):
    """Named patterns as paths below the results folder; values of type `Path` are files of the program, unchanged."""

    def path(place):
        return str(place) if isinstance(place, Path) else at(place)

    return {
        name: list(map(path, value)) if isinstance(value, list) else path(value)
        for name, value in files.items()
    }


def of_run(name):
    """The pattern of a file in the folder of a run's generations."""
    return f"{plan.RUN}/{name}"


def of_prompting(wildcards):
    """What stands in a run's prompts, as prefixes of its probes."""
    return at(plan.asked(wildcards))


def of_side(wildcards):
    """The probes whose suffixes are what is searched for."""
    return at(plan.searched(wildcards))


def detected(name):
    """The pattern of a file in the folder of what is detected in a run's generations."""
    return f"{plan.DETECTION}/{name}"


def log_of(pattern):
    """The log of a rule with this output."""
    return at(f"logs/{pattern.removesuffix('.parquet')}.log")


def source_of(script, *modules):
    """`digest_of`, for a rule's parameters: a job in a queue reads all rules, and needs the digest of one."""
    return lambda wildcards: digest_of(script, *modules)


@cache
def digest_of(script, *modules):
    """The digest of a script, of modules that it loads by name and of all code that they reach."""
    digest = freshness.digest(ROOT / "scripts" / script, ROOT, *modules)
    # The job computes it again, and refuses to run other code under this digest.
    config["scripts"][digest] = [script, *modules]
    return digest


def settings(section, *left_out):
    """A section of the configuration as plain values, for a rule's parameters."""
    return section.model_dump(mode="json", exclude=set(left_out))


def task_of(wildcards):
    """The task of a rule's dataset."""
    return CONFIG.datasets[wildcards.dataset].task


def instructions_of(wildcards):
    """Instructions that all rows of a rule's datasets share, by dataset; other rows have their own."""
    return local_files.shared_instructions(CONFIG, wildcards.dataset.split("+"))


def segmentation_of(wildcards):
    """How the words of a rule's dataset are found in its texts."""
    return CONFIG.datasets[wildcards.dataset].segmentation


def growing(amount):
    """A resource that grows with every attempt: memory in MB, time in minutes."""
    return lambda wildcards, attempt: amount * attempt


def files_in(folder):
    """The files of a local checkpoint or tokenizer; the first one is in the folder itself."""
    return list(map(str, contents(Path(folder))))


def model_in_state(wildcards):
    """Base model and, for a fine-tuned state, the checkpoints of its training run, which may use several datasets."""
    return places(plan.model_inputs(CONFIG, wildcards))


def batch_size_where_it_matters(wildcards):
    """The batch size if text depends on it (bf16), so that a change makes results stale; None for fp32."""
    return (
        CONFIG.compute.batch_size
        if CONFIG.decodings[wildcards.decoding].precision == "bf16"
        else None
    )
