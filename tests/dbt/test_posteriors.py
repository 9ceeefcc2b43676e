"""Posteriors and power through dbt: from units to the marts, beside plain NumPy and SciPy."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from project import Project
from scipy import integrate, stats

START = dt.datetime(2026, 9, 1)
DAYS, UNITS = 20, 30
VARIANTS = {"control": 1.0, "blue": 1.4, "green": 1.2}


def drawn() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Units of three variants, 30 a day each, and their orders an hour after exposure."""
    rng = np.random.default_rng(8)
    assigned, orders = [], []
    for number, (variant, better) in enumerate(VARIANTS.items()):
        for i in range(DAYS * UNITS):
            unit, at = number * 100_000 + i, START + dt.timedelta(days=i // UNITS, hours=3)
            assigned.append({"variant": variant, "unit": unit, "at": at})
            if rng.random() < 0.3 * better:
                amount = float(np.round(rng.gamma(4, 10), 2))
                orders.append({"unit": unit, "at": at + dt.timedelta(hours=1), "amount": amount})
    return assigned, orders


ASSIGNED, ORDERS = drawn()
SHORT = {"window": "2 days", "covariate": "none"}
METRICS = {
    "ordered": {"type": "proportion", **SHORT},
    "informed": {"type": "proportion", "prior": {"alpha": 30, "beta": 70}, **SHORT},
    "spent": {"type": "mean", "value": "amount", **SHORT},
    "open": {"type": "proportion", "window": "none", "mature": False},
    "largest": {"type": "mean", "value": "amount", "aggregate": "max", "goal": "decrease", **SHORT},
}
COLOURS = {
    "start": "2026-09-01", "end": "2026-12-01", "control": "control",
    "variants": {"control": 0.4, "blue": 0.3, "green": 0.3},
    "alpha": 0.1, "power": 0.9, "mde": "10%",
    "success": {"ordered": {}, "spent": {"mde": {"absolute": 2}}, "open": {}},
    "guardrails": {"largest": {}, "informed": {"margin": "20%"}},
}  # fmt: skip
SHADES = COLOURS | {
    "prior": {"lift": {"mean": "1%", "sd": "4%"}},
    "success": {"ordered": {"prior": "flat"}, "spent": {}},
    "guardrails": ["informed"],
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(
        tmp_path_factory.mktemp("posteriors"),
        {"assignment_models": ["assigned"], "fact_models": ["orders"], "daily": False},
    )
    rows = [row | {"experiment": name} for name in ("colours", "shades") for row in ASSIGNED]
    project.model("assigned", pa.Table.from_pylist(rows), {"assignments": {
        "experiment": "experiment", "variant": "variant", "unit": "unit", "timestamp": "at",
    }})  # fmt: skip
    project.model("orders", pa.Table.from_pylist(ORDERS), {
        "unit": "unit", "timestamp": "at", "complete_until": "2026-09-21", "metrics": METRICS,
    })  # fmt: skip
    project.experiment("colours", COLOURS)
    project.experiment("shades", SHADES)
    project.build("--select", "+experimentos__posteriors", "+experimentos__power")
    return project


def spent(variant: str) -> np.ndarray:
    """What each mature unit of a variant has spent: the windows of the last two days are open."""
    amounts = {row["unit"]: row["amount"] for row in ORDERS}
    last = START + dt.timedelta(days=DAYS - 2)
    units = [row["unit"] for row in ASSIGNED if row["variant"] == variant and row["at"] <= last]
    return np.array([amounts.get(unit, 0.0) for unit in units])


def rates(variant: str, alpha: float = 1, beta: float = 1) -> Any:
    events = np.count_nonzero(spent(variant))
    return stats.beta(alpha + events, beta + spent(variant).size - events)


def belief(shop: Project, experiment: str, metric: str, variant: str = "blue") -> dict[str, Any]:
    return shop.one(
        "posteriors",
        f"experiment_id = '{experiment}' and metric = '{metric}' and variant = '{variant}'",
    )


@pytest.mark.parametrize(
    ("experiment", "metric", "prior"),
    [("colours", "ordered", (1, 1)), ("colours", "informed", (30, 70)),
     ("shades", "ordered", (1, 1)), ("shades", "informed", (30, 70))],
)  # fmt: skip
def test_rates_have_beta_posteriors(shop: Project, experiment: str, metric: str, prior: Any):
    row = belief(shop, experiment, metric)
    control, treatment = rates("control", *prior), rates("blue", *prior)

    def below(boundary: float) -> float:
        return integrate.quad(
            lambda x: control.pdf(x) * treatment.cdf(x + boundary), 0.1, 0.6, epsabs=1e-12
        )[0]

    assert row["probability_better"] == pytest.approx(1 - below(0.0), rel=1e-9)
    assert below(row["lower"]) == pytest.approx(0.05, rel=1e-6)
    assert below(row["upper"]) == pytest.approx(0.95, rel=1e-6)
    assert (row["method"], row["prior_kind"]) == ("beta-binomial", "beta")
    assert (row["prior_alpha"], row["prior_beta"]) == prior


def test_means_have_normal_posteriors_around_the_estimate(shop: Project):
    for metric, sign in (("spent", 1), ("largest", -1)):
        row = belief(shop, "colours", metric)
        arms = [spent(variant) for variant in ("control", "blue")]
        if metric == "largest":  # units without an order have none
            arms = [values[values > 0] for values in arms]
        law = stats.norm(
            arms[1].mean() - arms[0].mean(),
            np.sqrt(sum(values.var(ddof=1) / values.size for values in arms)),
        )
        assert row["probability_better"] == pytest.approx(law.sf(0) if sign > 0 else law.cdf(0))
        assert [row["lower"], row["upper"]] == pytest.approx(law.interval(0.9))
        assert (row["method"], row["prior_kind"], row["prior_sd"]) == ("normal", "flat", None)


def test_the_prior_of_the_experiment_shrinks_what_has_no_prior_of_its_own(shop: Project):
    row = belief(shop, "shades", "spent")
    control, blue, green = (spent(variant) for variant in VARIANTS)
    v_c, v_b, v_g = (values.var(ddof=1) / values.size for values in (control, blue, green))
    data = np.linalg.inv(v_c + np.diag([v_b, v_g]))
    prior = np.eye(2) / (0.04 * control.mean()) ** 2
    covariance = np.linalg.inv(data + prior)
    estimate = np.array([blue.mean() - control.mean(), green.mean() - control.mean()])
    centre = covariance @ (data @ estimate + prior @ np.full(2, 0.01 * control.mean()))
    law = stats.norm(centre[0], np.sqrt(covariance[0, 0]))
    assert row["probability_better"] == pytest.approx(law.sf(0))
    assert [row["lower"], row["upper"]] == pytest.approx(law.interval(0.9))
    assert (row["prior_kind"], row["prior_mean"], row["prior_sd"]) == ("lift", 0.01, 0.04)


def test_the_probabilities_to_be_best_leave_the_rest_to_control(shop: Project):
    for experiment, metric in (("colours", "ordered"), ("colours", "spent"), ("shades", "spent")):
        blue, green = (belief(shop, experiment, metric, each) for each in ("blue", "green"))
        assert 0 < green["probability_best"] < blue["probability_best"] < 1
        assert blue["probability_best"] + green["probability_best"] < 1
        assert 0 < blue["expected_loss"] < green["expected_loss"]


def test_every_metric_of_every_treatment_has_a_row(shop: Project):
    assert len(shop.mart("posteriors")) == 2 * (5 + 3)
    assert len(shop.mart("power")) == 2 * (5 + 3)


def test_decisions_do_not_read_posteriors(shop: Project):
    manifest = json.loads((shop.folder / "target/manifest.json").read_text())
    for name in ("posteriors", "estimate_posteriors"):
        readers = manifest["child_map"][f"model.experimentos.experimentos__{name}"]
        kinds = {reader.split(".")[0] for reader in readers} - {"test"}
        assert kinds <= {"model"}
        assert all("posteriors" in reader for reader in readers)


def needed(shop: Project, metric: str) -> dict[str, Any]:
    return shop.one(
        "power", f"experiment_id = 'colours' and metric = '{metric}' and variant = 'blue'"
    )


def test_units_and_days_from_the_variance_and_the_enrolment_seen(shop: Project):
    row = needed(shop, "spent")
    control, blue = spent("control"), spent("blue")
    # Three success metrics, two treatments, one guardrail with a margin.
    z = stats.norm.isf(0.05 / 6) + stats.norm.isf(0.1 / 2)
    units = 2 * (z / 2) ** 2 * (control.var(ddof=1) + blue.var(ddof=1))
    assert row["n_needed"] == pytest.approx(units, rel=2e-3)
    assert row["mde_planned"] == pytest.approx(2 / control.mean())
    # 60 a day have brought 1,200; the last of the others waits two days.
    assert row["days_left"] == np.ceil((row["n_needed"] - 1200) / 60) + 2
    assert (row["test"], row["role"], row["harm_found"]) == ("superior", "success", None)


def test_a_guardrail_with_a_margin_is_planned_for_it(shop: Project):
    row = needed(shop, "informed")
    rate = np.count_nonzero(spent("control")) / spent("control").size
    z = stats.norm.isf(0.05 / 2) + stats.norm.isf(0.1 / 2)
    spread = rate * (1 - rate) * (1 + 0.8**2)
    assert row["n_needed"] == pytest.approx(2 * spread * (z / (0.2 * rate)) ** 2, rel=0.1)
    assert (row["test"], row["mde_planned"]) == ("noninferior", 0.2)


def test_a_guardrail_without_a_margin_needs_nothing_and_says_what_harm_it_finds(shop: Project):
    row = needed(shop, "largest")
    arms = [spent(variant)[spent(variant) > 0] for variant in ("control", "blue")]
    error = np.sqrt(sum(values.var(ddof=1) / values.size for values in arms))
    z = stats.norm.isf(0.05) + stats.norm.isf(0.2)
    assert row["harm_found"] == pytest.approx(z * error / arms[0].mean())
    assert row["test"] == "harm"
    assert row["n_needed"] is row["days_left"] is None


def test_nobody_knows_when_a_window_without_an_end_is_over(shop: Project):
    row = needed(shop, "open")
    assert row["n_needed"] > 0
    assert row["mde_reached"] > 0
    assert row["days_left"] is None
