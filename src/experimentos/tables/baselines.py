"""What a metric is before anything is tried: its value and spread, before and after a covariate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from experimentos import arrow
from experimentos.tables.pairs import COUNTED, EFFECTS_INPUT, pair

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Spread:
    """A metric over the units of one arm.

    Parameters
    ----------
    n_units : float
        Units with a value.
    mean : float
        Mean, rate, ratio or quantile, in metric units.
    sd : float
        Deviation of a unit that gives the error of `mean` over so many units, in metric units.
    sd_adjusted : float
        The same after the covariate; NaN where there is none or it cannot be used.
    is_rate : bool
        Whether it is a share of units.
    """

    n_units: float
    mean: float
    sd: float
    sd_adjusted: float
    is_rate: bool

    @property
    def variance_reduction(self) -> float:
        """Share of the variance that the covariate takes; NaN without one."""
        return 1 - (self.sd_adjusted / self.sd) ** 2 if self.sd > 0 else float("nan")


def spreads(table: pa.Table) -> Mapping[str, Spread]:
    """Estimate each metric as an experiment would, if both of its arms were like this one.

    Parameters
    ----------
    table : pyarrow.Table
        One row per metric of one arm, with the columns of `EFFECTS_INPUT`.

    Returns
    -------
    mapping
        Metric to its spread; NaN where it is undefined.

    Raises
    ------
    TableError
        If columns are missing or of the wrong type.
    """
    inputs = arrow.read(table, EFFECTS_INPUT)
    place = inputs.schema.get_field_index("is_control")
    arms = [
        inputs.set_column(place, EFFECTS_INPUT.field("is_control"), pa.array([which] * len(inputs)))
        for which in (True, False)
    ]
    both = pa.concat_tables(arms).combine_chunks()
    with np.errstate(all="ignore"):
        pairs = pair(both)
        deviation = np.sqrt(pairs.own_control * pairs.comparison.n_control)
    rows = both.take(pa.array(pairs.treatment))
    metrics, kinds = rows.column("metric").to_pylist(), arrow.strings(rows, "metric_type")
    adjusted = {metrics[i]: float(deviation[i]) for i in np.flatnonzero(pairs.is_adjusted)}
    return {
        metrics[i]: Spread(
            n_units=float(pairs.comparison.n_control[i]),
            mean=float(pairs.comparison.mean_control[i]),
            sd=float(deviation[i]),
            sd_adjusted=adjusted.get(metrics[i], float("nan")),
            is_rate=str(kinds[i]) in COUNTED,
        )
        for i in np.flatnonzero(~pairs.is_adjusted)
    }
