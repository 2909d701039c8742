-- Tables 2 and 13: what the base model and the fine-tuned model give back of every dataset, and the difference.
-- View rates: rows of the schema `rates`. Parameters: study, datasets and models (lists, in the table's order).
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
    n,
    category,
    count,
    rate,
    low,
    high,
    exact_low,
    exact_high
FROM rates
ORDER BY
    list_position($models, model),
    list_position($datasets, dataset),
    CASE state WHEN 'base' THEN 0 WHEN 'difference' THEN 2 ELSE 1 END,
    list_position(['total', 'verbatim', 'idea', 'paraphrase', 'paraphrase_high', 'paraphrase_low'], category)
