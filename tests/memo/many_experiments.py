"""Rows of the marts for any number of experiments, as varied as those of a large company.

Seeded, so that the same number gives the same rows. Each experiment has its own true effect, and
its numbers agree with one another as those of ``example_marts`` do.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from memo.example_marts import (
    EXPERIMENT,
    Marts,
    Row,
    count_rows,
    decision_row,
    effect_row,
    evidence_row,
    exclusion_rows,
    health_row,
    metric_rows,
    moment_row,
    power_row,
    use_row,
    variant_decision_row,
)
from memo.examples import NOT_DUE

from experimentos.memo import read_memos
from experimentos.site.entries import Entry, build_entries

TEAMS = [
    "Checkout", "Search", "Growth", "Payments", "Mobile", "Content", "Pricing", "Support",
    "Delivery", "Loyalty",
]  # fmt: skip
PLACES = [
    "checkout", "search results", "start page", "product page", "cart", "sign-up", "newsletter",
    "settings", "help centre", "delivery page",
]  # fmt: skip
IDEAS = [
    "One-page", "Sticky", "Shorter", "Personal", "Faster", "Quieter", "Bigger", "Guided", "Free",
    "Social",
]  # fmt: skip
DAYS = 28
START = datetime.fromisoformat("2023-01-02")


def many(count: int, *, seed: int = 1, days: int = DAYS) -> Marts:
    """Return the marts of ``count`` experiments, each with a series of ``days`` days."""
    random = Random(seed)
    marts: Marts = {"metrics": metric_rows(), "experiments": []}
    for number in range(count):
        for mart, rows in experiment(number, random, days).items():
            marts.setdefault(mart, []).extend(rows)
    return marts


def fetcher(marts: Marts):
    """Return a ``fetch`` of the rows of given experiments, as a warehouse would."""
    index: dict[str, dict[str, list[Row]]] = {}
    for mart, rows in marts.items():
        groups = index.setdefault(mart, {})
        for row in rows:
            groups.setdefault(row.get("experiment_id", ""), []).append(row)

    def fetch(mart: str, ids: Sequence[str] | None = None) -> list[Row]:
        groups = index.get(mart, {})
        chosen = groups if ids is None else [key for key in ids if key in groups]
        return [row for key in chosen for row in groups[key]]

    return fetch


def entries_of(marts: Marts) -> list[Entry]:
    """Return the experiments as the site knows them."""
    fetch = fetcher(marts)
    plans = {row["experiment_id"]: row for row in fetch("experiments")}
    return build_entries(read_memos(fetch), fetch("effects"), plans)


def experiment(number: int, random: Random, days: int) -> Marts:
    key = f"{IDEAS[number % 10].lower()}_{PLACES[number // 10 % 10].replace(' ', '_')}_{number:04}"
    key = key.replace("-", "_")
    start = START + timedelta(days=number % 900)
    end = start + timedelta(days=days)
    kind = random.choices(["ended", "running", "draft"], [80, 15, 5])[0]
    blocked = random.random() < 0.05
    lift = random.gauss(0.002, 0.02)
    n = random.randrange(20_000, 80_000)
    rate, rate_t = 0.124, 0.124 * (1 + lift + random.gauss(0, 0.012))
    effects = series(key, start, end, rate, rate_t, n, random)
    p = min(
        row["p_value_corrected"] for row in effects if row["role"] == "success" and row["is_latest"]
    )
    harm = min(
        row["p_value_harm_corrected"]
        for row in effects
        if row["is_latest"] and row["margin"] is None and row["role"] != "explore"
    )
    verdict = "launch" if p <= 0.025 else "rollback" if harm <= 0.025 else "hold"
    verdict = "hold" if blocked or kind == "draft" else verdict
    rule = {"launch": "launchable", "rollback": "harmed"}.get(verdict)
    rule = rule or (
        "health_blocked" if blocked else "inconclusive" if kind == "ended" else "no_look_due"
    )
    reason = {
        "launchable": "ordered better than control, and no guardrail stands against it",
        "harmed": "ordered is worse than control",
        "health_blocked": "the data are not fit to decide on: sample_ratio",
        "inconclusive": "inconclusive: neither a benefit nor its absence is shown",
        "no_look_due": "no look is due; the next look is due on data until 2026-11-01 00:00",
    }[rule]
    dates = {
        "starts_at": start,
        "ends_at": end,
        "observe_until": end + timedelta(days=14),
        "decides_at": end + timedelta(days=14),
        "data_as_of": end + timedelta(days=14 if kind == "ended" else -9),
        "is_final": kind == "ended",
        "status": {"ended": "stopped", "running": "running", "draft": "draft"}[kind],
    }
    if kind == "running":
        effects = [row | (dict.fromkeys(NOT_DUE) if row["is_latest"] else {}) for row in effects]
    return {
        "experiments": [
            EXPERIMENT
            | dates
            | {
                "experiment_id": key,
                "label": f"{IDEAS[number % 10]} {PLACES[number // 10 % 10]} {number}",
                "owner": f"{TEAMS[number % 7]} team",
                "file": f"experiments/{key}.yml",
            }
        ],
        "experiment_metrics": [
            use_row(key, "ordered", "success", 1),
            use_row(key, "revenue", "success", 2),
            use_row(key, "page_load", "guardrail", 1, 0.02),
            use_row(key, "big_refunds", "guardrail", 2),
            use_row(key, "order_value", "explore", 1),
        ],
        "effects": [] if kind == "draft" else effects,
        "moments": [
            moment_row(key, "ordered", variant, n, value)
            for variant, value in (("control", rate), ("new", rate_t))
        ],
        "health": checks(key, n, random, blocked=blocked),
        "assignment_counts": count_rows(
            key, {"control": n, "new": n + 40}, {"control": n - 90, "new": n}
        ),
        "exclusions": exclusion_rows(
            key, analysed=(2 * n - 90, 2 * n - 90), repeat=(n // 9, n // 12), crossover=(88, 44)
        ),
        "decisions": [
            decision_row(key, verdict, rule, reason, "new" if verdict != "hold" else None)
        ],
        "variant_decisions": [
            variant_decision_row(
                key, "new", verdict, rule, reason, p_launch=p, p_harm=harm,
                nearest_rule="launchable",
            )
        ],
        "decision_evidence": [
            evidence_row(
                key, "new", fired, reason, fired=fired == rule, metric="ordered", observed=p,
                threshold=0.025,
            )
            for fired in ("launchable", "harmed", "looks_remain", "guardrail_unsettled", rule)
        ],
        "power": [
            power_row(key, metric, "new", test, role, 0.0512)
            for metric, test, role in (
                ("ordered", "superior", "success"),
                ("revenue", "superior", "success"),
                ("page_load", "noninferior", "guardrail"),
                ("big_refunds", "harm", "guardrail"),
            )
        ],
    }  # fmt: skip


def checks(key: str, n: int, random: Random, *, blocked: bool) -> list[Row]:
    ratio = health_row(
        key, "sample_ratio", "The counts agree with the planned split.", p_value=random.random()
    )
    if blocked:
        ratio |= {"status": "blocked", "p_value": 1e-9, "message": "The split is not the planned."}
    crossovers = health_row(key, "crossovers", f"44 of {2 * n} units were in two variants.")
    if random.random() < 0.15:
        crossovers["status"] = "warning"
    return [
        ratio,
        crossovers,
        *(health_row(key, "varies", "The metric varies.", metric=metric) for metric in (
            "ordered", "revenue", "page_load", "big_refunds", "order_value",
        )),
    ]  # fmt: skip


def series(
    key: str, start: datetime, end: datetime, rate: float, rate_t: float, n: int, random: Random
) -> list[Row]:
    """Deciding effects of every day; the last day is the latest."""
    days = (end - start).days
    drift = [random.gauss(0, 1) for _ in range(days)]
    rows = []
    for day in range(1, days + 1):
        units = max(200, n * day // days)
        noise = 0.15 * rate * drift[day - 1] / day
        rows += [
            row
            | {
                "as_of": start + timedelta(days=day),
                "is_latest": day == days,
                "used_for_decision": day == days,
            }
            for row in readout(key, rate, rate_t + noise, units)
        ]
    ordered = [row for row in rows if row["metric"] == "ordered"]
    return [row for row in rows if row["metric"] != "ordered"] + ordered


def readout(key: str, rate: float, rate_t: float, n: int) -> list[Row]:
    ratio = rate_t / rate
    spread, spread_t = (rate * (1 - rate)) ** 0.5, max(rate_t * (1 - rate_t), 1e-9) ** 0.5
    return [
        effect_row(
            key, "ordered", "new", "success", (rate, spread, n), (rate_t, spread_t, n),
            level=0.95, family=2, method="score",
        ),
        effect_row(
            key, "revenue", "new", "success", (31.4, 92.0, n), (31.4 * ratio, 92.0, n),
            level=0.975, family=2, adjustment="cuped", method="welch, cuped",
        ),
        effect_row(
            key, "page_load", "new", "guardrail", (1840.2, 610.0, n), (1843.9, 612.0, n),
            level=0.95, margin=0.02,
        ),
        effect_row(
            key, "big_refunds", "new", "guardrail", (0.00412, 0.065, n), (0.00421, 0.066, n),
            level=0.95,
        ),
        effect_row(
            key, "order_value", "new", "explore", (253.2, 410.0, n // 8), (251.9, 402.0, n // 8),
            level=0.95, method="delta",
        ),
    ]  # fmt: skip
