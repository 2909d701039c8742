-- Memorization against quality: the total rate of every run on training inputs, beside its control's, and one metric of
-- the answers that the same state gives to test rows of the same dataset.
-- Views: rates (schema `rates`, of members and controls), quality (schema `quality`). Parameters: study; tasks and
-- metrics (lists, the metric that is shown of each task); and in the table's order the lists datasets, models,
-- states, decodings, promptings, sides and profiles.
WITH
    members AS (SELECT * FROM rates WHERE population = 'member' AND category = 'total'),
    controls AS (SELECT * FROM rates WHERE population = 'control' AND category = 'total'),
    shown AS (SELECT * FROM quality WHERE metric = list_extract($metrics, list_position($tasks, task)))
SELECT
    $study AS study,
    r.*,
    c.rate AS control_rate,
    c.low AS control_low,
    c.high AS control_high,
    c.exact_high AS control_exact_high,
    q.decoding AS answer_decoding,
    q.metric,
    q.n AS answers,
    q.value AS quality,
    q.low AS quality_low,
    q.high AS quality_high,
    q.exact_high AS quality_exact_high
FROM members AS r
LEFT JOIN controls AS c
    USING (model, state, epoch, seed, dataset, prefix_tokens, decoding, prompting, side, profile)
INNER JOIN shown AS q
    USING (model, state, epoch, seed, dataset)
ORDER BY
    list_position($models, r.model),
    list_position($datasets, r.dataset),
    r.prefix_tokens,
    list_position($decodings, r.decoding),
    list_position($promptings, r.prompting),
    list_position($sides, r.side),
    list_position($profiles, r.profile),
    list_position($states, r.state),
    r.epoch
