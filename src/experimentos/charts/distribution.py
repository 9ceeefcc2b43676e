"""Distribution of a metric over units by variant, from counts in bins."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from experimentos.charts import wording
from experimentos.charts.chart import Chart, nothing
from experimentos.charts.theme import LIGHT, Theme


@dataclass(frozen=True, slots=True)
class BinRow:
    """Units of one variant in one bin; the bins are those of all variants together.

    Parameters
    ----------
    variant : str
        Which.
    lower, upper : float
        Ends of the bin, in metric units.
    n_units : int
        Units whose value is in ``[lower, upper)``, in the last bin also ``upper``.
    """

    variant: str
    lower: float
    upper: float
    n_units: int


def distribution(
    rows: Sequence[BinRow], theme: Theme = LIGHT, *, unit: str = "", cumulative: bool = False
) -> Chart:
    """Draw a histogram, or the share of units up to each value.

    Parameters
    ----------
    rows : sequence of BinRow
        Of all variants, control first.
    theme : Theme
        Colours.
    unit : str
        What follows each number.
    cumulative : bool
        Draw the empirical distribution function at the ends of the bins.

    Returns
    -------
    Chart
        Empty where no unit is counted, or a bin has no ends.
    """
    bins = [row for row in rows if None not in (wording.known(row.lower), wording.known(row.upper))]
    totals: defaultdict[str, int] = defaultdict(int)
    for row in bins:
        totals[row.variant] += row.n_units
    variants = [variant for variant in totals if totals[variant] > 0]
    if not variants:
        return nothing("No chart: no unit has a value.", theme)
    names = wording.distinct(variants)
    ordered = sorted(bins, key=lambda row: (variants.index(row.variant), row.lower))
    so_far: defaultdict[str, int] = defaultdict(int)
    values = []
    for row in (row for row in ordered if row.variant in variants):
        so_far[row.variant] += row.n_units
        count = so_far[row.variant] if cumulative else row.n_units
        values.append(
            {
                "variant": names[row.variant],
                "position": variants.index(row.variant),
                "lower": wording.known(row.lower),
                "upper": wording.known(row.upper),
                "share": wording.known(100 * count / totals[row.variant]),
                "Variant": names[row.variant],
                "Values": f"{wording.number(row.lower, unit)} to {wording.number(row.upper, unit)}",
                "Units": f"{row.n_units:,}",
                "Share": wording.number(100 * count / totals[row.variant], "%"),
            }
        )
    kind = "Share of units up to each value" if cumulative else "Share of units by value"
    return Chart(
        kind="distribution",
        values=tuple(values),
        text=f"{kind}, {len({row.lower for row in bins})} bins. "
        + wording.listed([_words(v, bins, totals[v], unit) for v in variants], "variants"),
        theme=theme,
        options={"unit": unit.strip(), "cumulative": cumulative},
    )


def _words(variant: str, bins: Sequence[BinRow], total: int, unit: str) -> str:
    """Say in which bin the middle unit is."""
    so_far = 0
    for row in sorted((b for b in bins if b.variant == variant), key=lambda row: row.lower):
        so_far += row.n_units
        if 2 * so_far >= total:
            ends = f"{wording.number(row.lower, unit)} to {wording.number(row.upper, unit)}"
            return f"{wording.label(variant)}: {total:,} units, the middle one at {ends}"
    return f"{wording.label(variant)}: {total:,} units"
