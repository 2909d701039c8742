"""Runs of a study, their positive controls, and greedy decodings."""


def study_run_files(pattern, *populations):
    """The file of that pattern for every run of a study, or for those on the given populations."""
    return lambda wildcards: [
        at(plan.fill(pattern, run))
        for run in CONFIG.studies[wildcards.study].runs(CONFIG)
        if run.population in (populations or (run.population,))
    ]


def prompts_of_study(wildcards):
    """What stands in the prompts of every run of a study, as prefixes of its probes."""
    runs = CONFIG.studies[wildcards.study].runs(CONFIG)
    return [at(plan.asked(run)) for run in runs]


def positive_controls_of(wildcards):
    """The positive controls of a run on training inputs; controls have none."""
    if wildcards.population == "control":
        return {}
    place = plan.fill(detected("positive_controls.parquet"), wildcards)
    return {"positive_controls": at(place)}


def greedy_decodings(wildcards):
    """Names of the greedy decodings of a likelihood's folder."""
    names = likelihood_setting("decodings")(wildcards)
    return [name for name in names if CONFIG.decodings[name].strategy == "greedy"]
