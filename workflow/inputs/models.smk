"""What base models and classifiers are made from, and which of them are trained, on a GPU if there is one."""


def base_model_input(wildcards):
    """A local checkpoint's files; for a model from scratch its pretraining dataset, and its tokenizer if given."""
    inputs = checkpoint_files(wildcards.model, plan.BASE)
    if corpus := plan.pretraining_dataset(CONFIG, wildcards.model):
        inputs["dataset"] = at(plan.fill(plan.DATASET, {"dataset": corpus}))
    if tokenizer := local_files.tokenizer_folder(CONFIG, wildcards.model):
        inputs["tokenizer"] = files_in(tokenizer)
    return inputs


def fine_tuned_model_input(wildcards):
    """A local checkpoint's or adapter's files."""
    return checkpoint_files(wildcards.model, wildcards.state)


def checkpoint_files(model, state):
    """Files of a model's local folders, and of the base of its adapter."""
    folders = local_files.checkpoint_folders(CONFIG, model, state)
    return {name: files_in(folder) for name, folder in folders.items()}


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
