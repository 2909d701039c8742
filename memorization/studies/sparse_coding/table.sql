-- The measures of the fits of a sparse coding study: one row per measure and seed, in the table's order.
-- View fits: rows of the schema `sparse_coding_fits`. Parameters: solvers (list). Of the random starts, the chosen one
-- counts; measures ending in `_any_start` are means over all of them.
WITH
    starts AS (
        SELECT
            *,
            avg(test_loss) OVER same AS test_loss_any_start,
            avg(alignment) OVER same AS alignment_any_start,
            avg(v2_alignment) OVER same AS v2_alignment_any_start
        FROM fits
        WINDOW same AS (PARTITION BY task, solver, feature_mean, signs, nonzeros, seed)
    ),
    chosen AS (
        SELECT * EXCLUDE (start, chosen) REPLACE (CAST(parameters AS DOUBLE) AS parameters)
        FROM starts
        WHERE chosen
    ),
    measured AS (
        UNPIVOT chosen
        ON COLUMNS(* EXCLUDE (task, solver, feature_mean, signs, nonzeros, seed))
        INTO NAME measure VALUE value
    )
SELECT
    task,
    solver,
    feature_mean,
    signs,
    nonzeros,
    measure,
    seed,
    value
FROM measured
ORDER BY
    task,
    list_position($solvers, solver),
    feature_mean,
    signs,
    nonzeros,
    measure,
    seed
