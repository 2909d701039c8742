-- How well attacks tell the members of models from held-out rows, and the blind baseline.
-- View: attacks (schema `attacks`, whose curves are left out). Parameters: study, and in the table's order the lists
-- datasets, models, states and attacks.
SELECT
    $study AS study,
    * EXCLUDE (roc_fpr, roc_tpr, roc_tpr_low, roc_tpr_high)
FROM attacks
ORDER BY
    list_position($datasets, dataset),
    list_position($models, model),
    list_position($states, state),
    epoch,
    list_position($attacks, attack)
