"""What each metric was among the units of the history, and whether it can be planned with."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from experimentos.errors import InputError
from experimentos.project.literals import to_arrow

_SKEWED: Final = 355
"""Units that a mean needs for each square of its skewness (Kohavi and others 2014)."""


@dataclass(frozen=True)
class Baseline:
    """One metric among the units of the history.

    Parameters
    ----------
    metric, type, goal, format : str
        As its definition says.
    window, covariate : str or None
        The same, as written.
    wait_days : float
        Days from a unit's entering until its window has closed.
    n_units, n_missing : int
        Units with a value, and without one.
    mean : float
        Mean, rate, ratio or quantile, after caps.
    sd : float
        Deviation of a unit; for ratios and quantiles the one that gives the error of the whole.
    sd_adjusted : float or None
        The same after the covariate.
    n_capped : int or None
        Units at the cap; None without one.
    cap_value : float or None
        The cap.
    skewness : float or None
        Of the units' values.
    is_rate : bool
        Whether it is a share of units.
    """

    metric: str
    type: str
    goal: str
    format: str
    window: str | None
    covariate: str | None
    wait_days: float
    n_units: int
    n_missing: int
    mean: float
    sd: float
    sd_adjusted: float | None
    n_capped: int | None
    cap_value: float | None
    skewness: float | None
    is_rate: bool

    @property
    def is_adjusted(self) -> bool:
        """Whether the covariate is used."""
        return self.sd_adjusted is not None

    @property
    def variance_reduction(self) -> float | None:
        """Share of the variance that the covariate takes."""
        return None if self.sd_adjusted is None else 1 - (self.sd_adjusted / self.sd) ** 2

    @property
    def correlation(self) -> float | None:
        """Correlation with the covariate that takes as much of the variance."""
        reduction = self.variance_reduction
        return None if reduction is None else math.sqrt(max(reduction, 0.0))

    @property
    def share_with_value(self) -> float:
        """Share of the units that have a value."""
        return self.n_units / (self.n_units + self.n_missing)

    @property
    def units_for_skewness(self) -> float | None:
        """Units an arm from which on the mean is near enough to normal."""
        if self.is_rate or self.skewness is None:
            return None
        return _SKEWED * self.skewness**2


def read_baselines(
    rows: Mapping[str, Sequence[Mapping[str, Any]]], metrics: Mapping[str, Mapping[str, Any]]
) -> dict[str, Baseline]:
    """Read what each metric was.

    Parameters
    ----------
    rows : mapping
        ``inference_inputs`` and ``moments`` of the one arm that has units.
    metrics : mapping
        Metric to what the macro ``history`` says of it.

    Returns
    -------
    dict
        Metric to baseline.

    Raises
    ------
    InputError
        If a metric has no value, or one that does not vary; all are named.
    """
    from experimentos import tables  # noqa: PLC0415 - SciPy takes a second to import

    inputs = {row["metric"]: row for row in rows["inference_inputs"]}
    moments = {row["metric"]: row for row in rows["moments"]}
    spreads = tables.spreads(to_arrow(list(inputs.values()), tables.EFFECTS_INPUT))
    found, problems = {}, []
    for name, read in metrics.items():
        spread, row = spreads.get(name), inputs.get(name, {})
        problem = _problem(name, read, spread, row)
        if problem is None:
            found[name] = _baseline(name, read, spread, row, moments.get(name, {}))
        else:
            problems.append(problem)
    if problems:
        raise InputError("\n".join(problems))
    return found


def _problem(name: str, read: Mapping[str, Any], spread: Any, row: Mapping[str, Any]) -> str | None:  # noqa: ANN401
    """Say why nothing can be planned of a metric, if so."""
    metric = f"metric {name!r} (model {read['model']})"
    n_units = row.get("n_units") or 0
    if spread is None or not math.isfinite(spread.mean):
        return f"{metric} has no value among the units of the history ({n_units:,} have one)"
    if read["type"] == "quantile" and not spread.sd > 0:
        return (
            f"{metric} has no standard error among {n_units:,} units: a quantile needs 50 of them "
            "beyond it, and values around it that differ; read more days with --from"
        )
    if spread.is_rate and spread.mean in {0.0, 1.0}:
        who = "no unit" if spread.mean == 0 else "every unit"
        hint = "see `where` of its definition" if spread.mean == 0 else (
            "if units enter by the same rows that it counts, name another model with --on"
        )  # fmt: skip
        return f"{metric}: {who} converts, so there is no variance to plan with; {hint}"
    if not spread.sd > 0:
        return f"{metric} does not vary: all {spread.n_units:,.0f} units have {spread.mean:g}"
    return None


def _baseline(
    name: str, read: Mapping[str, Any], spread: Any, row: Mapping[str, Any],  # noqa: ANN401
    moments: Mapping[str, Any],
) -> Baseline:  # fmt: skip
    n, m2, m3 = row["n_units"], row["m2_num"], row["m3_num"]
    skewness = (
        math.sqrt(n) * m3 / m2**1.5 if m2 and m3 is not None and read["type"] == "mean" else None
    )
    adjusted = spread.sd_adjusted
    is_capped = moments.get("cap_value") is not None
    return Baseline(
        metric=name,
        type=read["type"],
        goal=read["goal"],
        format=read["format"],
        window=read["window"],
        covariate=None if read["covariate_text"] == "none" else read["covariate_text"],
        wait_days=read["horizon"] / 86_400,
        n_units=int(n),
        n_missing=int(row["n_missing"] or 0),
        mean=spread.mean,
        sd=spread.sd,
        sd_adjusted=adjusted if math.isfinite(adjusted) and adjusted > 0 else None,
        n_capped=int(moments["n_capped"] or 0) if is_capped else None,
        cap_value=moments.get("cap_value"),
        skewness=skewness,
        is_rate=spread.is_rate,
    )
