"""A table of densities for the tests of what is computed from it."""

import numpy as np
import pyarrow as pa

from memorization.schemas.density import DensityTable
from memorization.studies.attention.density import MEASURES


def density_table(n: int = 20, layers: int = 2, texts: int = 100) -> pa.Table:
    generator = np.random.default_rng(0)
    rows = [
        {
            "probe": 3 * probe,
            "id": f"p{probe}",
            "input_digest": f"{probe % texts}",
            "layer": layer,
            "output_tokens": 4,
            "input_tokens": 9 + probe,
        }
        | {"input_share": 1.0}
        | {measure: float(generator.random()) for measure in MEASURES}
        for probe in generator.permutation(n).tolist()
        for layer in range(1, layers + 1)
    ]
    return pa.Table.from_pylist(rows, schema=DensityTable.arrow())
