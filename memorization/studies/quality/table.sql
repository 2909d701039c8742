-- A study's quality: every metric of each model in each state, beside what was published.
-- Views: quality (schema `quality`), published (the columns of the files in `workflow/published`, whose categories are
-- metrics here; a coordinate that a published table does not state is null, and matches any).
-- Parameters: study, and in the table's order the lists datasets, models, states, decodings and metrics.
SELECT
    $study AS study,
    q.*,
    p.value AS published,
    p.low AS published_low,
    p.high AS published_high
FROM quality AS q
LEFT JOIN published AS p
    ON p.model = q.model
    AND p.state = q.state
    AND p.dataset = q.dataset
    AND p.category = q.metric
    AND coalesce(p.epoch, q.epoch) = q.epoch
    AND coalesce(p.decoding, q.decoding) = q.decoding
ORDER BY
    list_position($datasets, q.dataset),
    list_position($models, q.model),
    list_position($decodings, q.decoding),
    list_position($states, q.state),
    q.epoch,
    list_position($metrics, q.metric)
