"""Charts of an experiment: rows in, a Vega-Lite chart and its words out.

Words and data are made here; the drawing stands in ``shapes`` and is imported, with Altair, when a
chart is first drawn. No text of data gets into a field name, a title or an expression of Vega: it
is only ever a value of a row.
"""

from experimentos.charts.balance import BalanceRow, balance
from experimentos.charts.boundary import LookRow, boundary
from experimentos.charts.chart import Chart
from experimentos.charts.course import AgeRow, DayRow, by_age, by_day
from experimentos.charts.distribution import BinRow, distribution
from experimentos.charts.forest import ForestRow, forest
from experimentos.charts.funnel import AnalysedRow, LossRow, funnel
from experimentos.charts.posterior import PosteriorRow, posterior, probability
from experimentos.charts.sample_ratio import ShareRow, sample_ratio
from experimentos.charts.theme import DARK, LIGHT, PAGE, THEMES, Theme

__all__ = [
    "DARK",
    "LIGHT",
    "PAGE",
    "THEMES",
    "AgeRow",
    "AnalysedRow",
    "BalanceRow",
    "BinRow",
    "Chart",
    "DayRow",
    "ForestRow",
    "LookRow",
    "LossRow",
    "PosteriorRow",
    "ShareRow",
    "Theme",
    "balance",
    "boundary",
    "by_age",
    "by_day",
    "distribution",
    "forest",
    "funnel",
    "posterior",
    "probability",
    "sample_ratio",
]
