"""A small shop that is looked at: units arrive for two weeks, and some convert within two days."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from project import problems

if TYPE_CHECKING:
    from project import Project

DAY = dt.timedelta(days=1)
START = dt.datetime(2026, 9, 1)
DAYS, PER_DAY = 14, 200
# 4 looks: each 3.5 days of units, two days later, at the end of the day
LOOKS = [START + days * DAY for days in (6, 9, 13, 16)]


class Shop:
    """`rates` are the shares that convert: by variant, or by variant and day of assignment."""

    def __init__(self, project: Project, **monitoring: Any) -> None:
        self.project = project
        self.rates: dict[str, Any] = {"control": 0.2, "treatment": 0.2}
        self.monitoring: dict[str, Any] | str | None = {"looks": 4} | monitoring
        self.more: dict[str, Any] = {}
        self.settings: dict[str, Any] = {}
        self.days, self.per_day = DAYS, PER_DAY
        self.name = "shop"

    def rate(self, variant: str, day: int) -> float:
        given = self.rates[variant]
        return given[day] if isinstance(given, list) else given

    def write(self, as_of: dt.datetime) -> None:
        """Rows that have arrived by then; every variant has as many converted units as it says."""
        assigned, orders = [], [{"user_id": "nobody", "amount": 1.0, "at": START - DAY}]
        for day in range(self.days):
            for number in range(self.per_day):
                variant = ("control", "treatment")[number % 2]
                at = START + day * DAY + number * DAY / self.per_day
                unit = f"{day}-{number}"
                assigned.append({"user_id": unit, "experiment": "shop", "variant": variant,
                                 "at": at})  # fmt: skip
                if number // 2 < self.rate(variant, day) * self.per_day / 2:
                    orders.append({"user_id": unit, "amount": 1.0 + number % 5,
                                   "at": at + dt.timedelta(hours=1)})  # fmt: skip
        # Someone orders every day, so that the data reach the day of the build.
        orders += [{"user_id": "nobody", "amount": 1.0, "at": START + day * DAY}
                   for day in range(60)]  # fmt: skip
        self.project.settings.clear()
        self.project.settings |= {
            "assignment_models": ["fct_assigned"], "fact_models": ["fct_orders"],
            "as_of": (as_of + dt.timedelta(hours=7)).isoformat(" "), "archive": False,
        } | self.settings  # fmt: skip
        self.project.write_settings()
        for name, rows, meta in (
            ("fct_assigned", assigned, {"assignments": {
                "experiment": "experiment", "variant": "variant", "unit": "user_id",
                "timestamp": "at"}}),
            ("fct_orders", orders, {"unit": "user_id", "timestamp": "at", "metrics": {
                "ordered": {"type": "proportion", "window": "2 days"},
                "spent": {"type": "mean", "value": "amount", "window": "1 day",
                          "covariate": "none"},
                "middle": {"type": "quantile", "quantile": 0.5, "value": "amount",
                           "window": "2 days"}}}),
        ):  # fmt: skip
            here = [row for row in rows if row["at"] <= as_of + dt.timedelta(hours=7)]
            self.project.model(name, pa.Table.from_pylist(here), meta)
        self.project.experiment(self.name, {
            "start": START.isoformat(" "), "end": (START + DAYS * DAY).isoformat(" "),
            "control": "control", "variants": {"control": 0.5, "treatment": 0.5},
            "success": ["ordered"], "guardrails": {"spent": {"margin": "30%"}},
            "monitoring": self.monitoring,
        } | self.more)  # fmt: skip

    def build(self, as_of: dt.datetime, *arguments: str) -> None:
        self.write(as_of)
        result = self.project.dbt("run", *arguments)
        assert result.success, problems(result)

    def looks(self, test: str = "superior") -> list[dict[str, Any]]:
        return self.project.rows(
            f"select * from main.experimentos__looks where test = '{test}' order by look, metric"
        )

    def deciding(self, metric: str = "ordered") -> dict[str, Any]:
        return self.project.one("effects", f"used_for_decision and metric = '{metric}'")

    def decision(self) -> tuple[str, str, str]:
        row = self.project.one("decisions")
        return row["verdict"], row["rule"], row["reason"]
