-- The other definitions of memorization on a study's runs.
-- View rates: rows of the schema `definition_rates`. Parameters: study, and in the table's order the lists datasets,
-- models, states, decodings, promptings, sides, profiles and definitions.
SELECT
    $study AS study,
    *
FROM rates
ORDER BY
    list_position($models, model),
    list_position($datasets, dataset),
    prefix_tokens,
    list_position($decodings, decoding),
    list_position($promptings, prompting),
    list_position($sides, side),
    list_position($profiles, profile),
    list_position($states, state),
    epoch,
    seed,
    list_position($definitions, definition)
