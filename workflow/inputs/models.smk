"""What base models and classifiers are made from, and which of them are trained, on a GPU if there is one."""


def base_model_input(wildcards):
    """A local checkpoint's files; for a model from scratch its pretraining dataset, and its tokenizer if given."""
    folder = local_files.model_folder(CONFIG, wildcards.model)
    if folder is not None:
        return {"files": files_in(folder)}
    inputs = {}
    if corpus := plan.pretraining_dataset(CONFIG, wildcards.model):
        inputs["dataset"] = at(plan.fill(plan.DATASET, {"dataset": corpus}))
    if tokenizer := local_files.tokenizer_folder(CONFIG, wildcards.model):
        inputs["tokenizer"] = files_in(tokenizer)
    return inputs


def classifier_input(wildcards):
    """A trained classifier's pairs; and the files of a local checkpoint, or of the encoder that training starts from."""
    inputs = {}
    if plan.is_trained(CONFIG, wildcards.classifier):
        inputs["pairs"] = at(plan.fill(plan.PAIRS, wildcards))
    if folder := local_files.classifier_folder(CONFIG, wildcards.classifier):
        inputs["files"] = files_in(folder)
    return inputs


def gpu_of_base_model(wildcards):
    """A card for a model from scratch, which is trained; none for another, whose files are looked at."""
    return GPU if plan.pretraining_dataset(CONFIG, wildcards.model) else 0


def gpu_of_classifier(wildcards):
    """A card for a classifier that is trained; none for another, whose files are looked at."""
    return GPU if plan.is_trained(CONFIG, wildcards.classifier) else 0
