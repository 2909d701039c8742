-- How dense attention is: the means of every layer, for each model, state and dataset.
-- View means: rows of the schema `density_means`. Parameters: study, datasets, models and states (lists, in the
-- table's order), measures (list).
SELECT
    $study AS study,
    *,
    layer = max(layer) OVER (PARTITION BY model, state, epoch, dataset, population) AS last_layer
FROM means
ORDER BY
    list_position($models, model),
    list_position($datasets, dataset),
    list_position($states, state),
    epoch,
    layer,
    list_position($measures, measure)
