-- The other definitions of memorization on a study's runs, base model and fine-tuned model.
-- View rates: rows of the schema `definition_rates`. Parameters: study, datasets and models (lists, in the
-- table's order), definitions (list).
SELECT
    $study AS study,
    dataset,
    task,
    model,
    state,
    epoch,
    population,
    prefix_tokens,
    decoding,
    definition,
    unit,
    n,
    count,
    value,
    low,
    high,
    exact_low,
    exact_high
FROM rates
ORDER BY
    list_position($models, model),
    list_position($datasets, dataset),
    state <> 'base',
    list_position($definitions, definition)
