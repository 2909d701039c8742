"""Runs of a study, and greedy decodings."""


def study_run_files(pattern):
    """The file of that pattern for every run of a study."""
    return lambda wildcards: [
        at(plan.fill(pattern, run))
        for run in CONFIG.studies[wildcards.study].runs(CONFIG)
    ]


def greedy_decodings(wildcards):
    """Names of the greedy decodings of a likelihood's folder."""
    names = likelihood_setting("decodings")(wildcards)
    return [name for name in names if CONFIG.decodings[name].strategy == "greedy"]
