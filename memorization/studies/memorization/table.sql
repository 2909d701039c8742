-- A study's rates: each run beside its control, beside the base model, and beside what was published.
-- Views: rates (schema `rates`, of members and controls), means (schema `means`), comparisons (schema `comparisons`),
-- published (the columns of the files in `workflow/published`; a coordinate that a published table does not state is
-- null, and matches any).
-- Parameters: study, and in the table's order the lists datasets, models, states, decodings, promptings, sides,
-- profiles and categories.
WITH
    -- The seed of a mean is null, which no join would find.
    shown AS (
        SELECT *, coalesce(seed, -1) AS training FROM (SELECT * FROM rates UNION ALL BY NAME SELECT * FROM means)
    ),
    compared AS (SELECT *, coalesce(seed, -1) AS training FROM comparisons),
    members AS (SELECT * FROM shown WHERE population = 'member'),
    controls AS (SELECT * FROM shown WHERE population = 'control'),
    over_base AS (SELECT * FROM compared WHERE versus = 'base' AND population = 'member'),
    over_control AS (SELECT * FROM compared WHERE versus = 'control'),
    -- Entities are of a run, not of a category.
    entities_over_base AS (SELECT * FROM over_base WHERE category = 'entities'),
    entities_over_control AS (SELECT * FROM over_control WHERE category = 'entities')
SELECT
    $study AS study,
    r.* EXCLUDE (training),
    c.n AS control_n,
    c.rate AS control_rate,
    c.low AS control_low,
    c.high AS control_high,
    c.exact_high AS control_exact_high,
    oc.difference AS over_control,
    oc.low AS over_control_low,
    oc.high AS over_control_high,
    oc.p_value AS over_control_p,
    oc.p_holm AS over_control_p_holm,
    c.entities AS control_entities,
    c.entities_low AS control_entities_low,
    c.entities_high AS control_entities_high,
    eoc.difference AS entities_over_control,
    eoc.low AS entities_over_control_low,
    eoc.high AS entities_over_control_high,
    eoc.p_value AS entities_over_control_p,
    eoc.p_holm AS entities_over_control_p_holm,
    eob.difference AS entities_over_base,
    eob.low AS entities_over_base_low,
    eob.high AS entities_over_base_high,
    eob.p_value AS entities_over_base_p,
    eob.p_holm AS entities_over_base_p_holm,
    ob.difference AS over_base,
    ob.low AS over_base_low,
    ob.high AS over_base_high,
    ob.p_value AS over_base_p,
    ob.p_holm AS over_base_p_holm,
    p.value AS published,
    p.low AS published_low,
    p.high AS published_high,
    d.value AS published_over_base,
    d.low AS published_over_base_low,
    d.high AS published_over_base_high
FROM members AS r
LEFT JOIN controls AS c
    USING (model, state, epoch, training, dataset, prefix_tokens, decoding, prompting, side, profile, category)
LEFT JOIN over_base AS ob
    USING (model, state, epoch, training, dataset, prefix_tokens, decoding, prompting, side, profile, category)
LEFT JOIN over_control AS oc
    USING (model, state, epoch, training, dataset, prefix_tokens, decoding, prompting, side, profile, category)
LEFT JOIN entities_over_base AS eob
    USING (model, state, epoch, training, dataset, prefix_tokens, decoding, prompting, side, profile)
LEFT JOIN entities_over_control AS eoc
    USING (model, state, epoch, training, dataset, prefix_tokens, decoding, prompting, side, profile)
-- Published rates are those of bare prefixes and of inputs, by the authors' aligner.
LEFT JOIN published AS p
    ON r.side = 'input'
    AND r.prompting = 'bare'
    AND r.profile = 'zeng2024'
    AND p.model = r.model
    AND p.state = r.state
    AND p.dataset = r.dataset
    AND p.category = r.category
    AND coalesce(p.epoch, r.epoch) = r.epoch
    AND coalesce(p.prefix_tokens, r.prefix_tokens) = r.prefix_tokens
    AND coalesce(p.decoding, r.decoding) = r.decoding
LEFT JOIN published AS d
    ON r.side = 'input'
    AND r.prompting = 'bare'
    AND r.profile = 'zeng2024'
    AND d.model = r.model
    AND d.state = 'difference'
    AND r.state <> 'base'
    AND d.dataset = r.dataset
    AND d.category = r.category
    AND coalesce(d.epoch, r.epoch) = r.epoch
    AND coalesce(d.prefix_tokens, r.prefix_tokens) = r.prefix_tokens
    AND coalesce(d.decoding, r.decoding) = r.decoding
ORDER BY
    list_position($models, r.model),
    list_position($datasets, r.dataset),
    r.prefix_tokens,
    list_position($decodings, r.decoding),
    list_position($promptings, r.prompting),
    list_position($sides, r.side),
    list_position($profiles, r.profile),
    list_position($states, r.state),
    r.epoch,
    r.seed NULLS LAST,
    list_position($categories, r.category)
