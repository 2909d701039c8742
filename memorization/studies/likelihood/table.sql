-- What can be extracted of the suffixes' first tokens, by length and by number of draws, from likelihoods.
-- View rates: rows of the schema `extraction`, of all that studies need of these runs. Parameters: study, tokens (length),
-- and in the table's order the lists datasets, models, states, decodings, draws and probability.
SELECT
    $study AS study,
    *
FROM rates
WHERE
    list_contains($decodings, decoding)
    AND CASE measure
        WHEN 'greedy_extractable' THEN length <= $tokens
        ELSE length = $tokens
            AND list_contains($draws, draws)
            AND (probability IS NULL OR list_contains($probability, probability))
    END
ORDER BY
    list_position($models, model),
    list_position($datasets, dataset),
    prefix_tokens,
    list_position($decodings, decoding),
    list_position($states, state),
    epoch,
    population = 'control',
    list_position(['greedy_extractable', 'discoverable', 'expected'], measure),
    length,
    draws,
    probability
