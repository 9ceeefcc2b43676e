"""Rows of the marts for five experiments: launch, rollback, blocked, all NULL, held.

The numbers of a comparison come from means, standard deviations and counts by the normal
approximation, so they agree with one another; they stand in for the marts, not for the statistics.
"""

from datetime import date, datetime, timedelta
from math import sqrt
from statistics import NormalDist
from typing import Any

Row = dict[str, Any]
Marts = dict[str, list[Row]]

ALPHA = 0.05
NORMAL = NormalDist()
AS_OF = datetime.fromisoformat("2026-10-13")
LOOKS = 4
GRAIN = {"population": "analysed", "segment": "all", "segment_value": "all", "basis": "mature"}

EXPERIMENT: Row = {
    "experiment_id": "one_page_checkout",
    "label": "One-page checkout",
    "owner": "Checkout team",
    "owner_email": "checkout@example.com",
    "hypothesis": "A single page removes the step where 20 % of carts are left. "
    "We expect more orders and no slower pages.",
    "starts_at": datetime.fromisoformat("2026-09-01"),
    "ends_at": datetime.fromisoformat("2026-09-29"),
    "decides_at": datetime.fromisoformat("2026-10-13"),
    "observe_until": datetime.fromisoformat("2026-10-13"),
    "control": "control",
    "design": "fixed",
    "alpha": ALPHA,
    "alpha_harm": ALPHA / 2,
    "power": 0.8,
    "correction": "holm",
    "status": "stopped",
    "planned_n": None,
    "data_as_of": AS_OF,
    "is_dated": True,
    "is_final": True,
    "summary_model": None,
    "file": "experiments/one_page_checkout.yml",
    "definitions_hash": "3f9c1b7a2d5e8f60",
    "definition_problems": None,
}

METRICS = {
    "ordered": {"metric_type": "proportion", "goal": "increase", "format": None},
    "revenue": {"metric_type": "mean", "goal": "increase", "format": "currency"},
    "page_load": {"metric_type": "mean", "goal": "decrease", "format": None},
    "big_refunds": {"metric_type": "mean", "goal": "decrease", "format": None},
    "order_value": {"metric_type": "ratio", "goal": "increase", "format": "currency"},
}


DETAILS = (
    "threshold", "quantile_level", "quantile_of", "steps", "from_text", "to_text", "by_column",
    "missing",
)  # fmt: skip
"""What only some types of metrics have."""


def metric_rows() -> list[Row]:
    sources = {
        "ordered": ("fct_orders", None, "count", None, None),
        "revenue": ("fct_orders", "amount", "sum", None, None),
        "page_load": ("fct_page_loads", "duration_ms", "avg", None, None),
        "big_refunds": ("fct_orders", None, "count", "status = 'refunded' and amount > 100", None),
        "order_value": ("fct_orders", "amount", "sum", None, "count of fct_orders"),
    }
    return [
        {
            "metric": metric,
            "model": model,
            "value": value,
            "aggregate": aggregate,
            "where_clause": where,
            "denominator": denominator,
            "window_text": "14 days",
            "delay_text": None,
            "covariate_text": "28 days" if metric == "revenue" else None,
            "file": "models/marts/fct_orders.yml",
            **dict.fromkeys(DETAILS),
            **METRICS[metric],
        }
        for metric, (model, value, aggregate, where, denominator) in sources.items()
    ]


def use_row(
    experiment_id: str, metric: str, role: str, position: int, margin: float | None = None
) -> Row:
    return {
        "experiment_id": experiment_id,
        "metric": metric,
        "role": role,
        "position": position,
        "margin": margin,
        "margin_kind": None if margin is None else "relative",
        "mde": 0.02 if role == "success" else None,
        "mde_kind": "relative" if role == "success" else None,
        "window_text": "14 days",
        "delay_text": None,
        "covariate_text": "28 days" if metric == "revenue" else None,
        **METRICS[metric],
    }


def effect_row(
    experiment_id: str,
    metric: str,
    variant: str,
    role: str,
    control: tuple[float, float, int],
    treatment: tuple[float, float, int],
    *,
    level: float = 0.975,
    family: int = 1,
    margin: float | None = None,
    method: str = "welch",
    adjustment: str = "none",
) -> Row:
    """One comparison; ``control`` and ``treatment`` are mean, standard deviation and units."""
    goal = METRICS[metric]["goal"]
    sign = 1 if goal == "increase" else -1
    (mean_c, sd_c, n_c), (mean_t, sd_t, n_t) = control, treatment
    estimate, error = mean_t - mean_c, sqrt(sd_c**2 / n_c + sd_t**2 / n_t)
    superior = NORMAL.cdf(-sign * estimate / error)
    slack = 0.0 if margin is None else margin * mean_c
    noninferior = NORMAL.cdf(-(sign * estimate + slack) / error)
    harm = NORMAL.cdf((sign * estimate + slack) / error)
    half, half_fixed = (NORMAL.inv_cdf((1 + at) / 2) * error for at in (level, 1 - ALPHA))
    is_success, is_explore = role == "success", role == "explore"
    return {
        "experiment_id": experiment_id,
        "metric": metric,
        "variant": variant,
        "as_of": AS_OF,
        **GRAIN,
        "adjustment": adjustment,
        "control": "control",
        "role": role,
        "goal": goal,
        "n_control": n_c,
        "n_treatment": n_t,
        "value_control": mean_c,
        "value_treatment": mean_t,
        "estimate": estimate,
        "std_error": error,
        "p_value_fixed": 2 * NORMAL.cdf(-abs(estimate / error)),
        "lower_fixed": estimate - half_fixed,
        "upper_fixed": estimate + half_fixed,
        "p_value": superior,
        "p_value_corrected": min(1, family * superior) if is_success else None,
        "lower": estimate - half,
        "upper": estimate + half,
        "level": level,
        "lift": estimate / mean_c,
        "lift_lower": (estimate - half) / mean_c,
        "lift_upper": (estimate + half) / mean_c,
        "margin": margin,
        "margin_kind": None if margin is None else "relative",
        "p_value_noninferior": None if margin is None else noninferior,
        "p_value_harm": None if is_explore else min(1, harm / 0.8),
        "p_value_harm_corrected": None if is_explore else min(1, 8 * harm / 0.8),
        "theta": 0.41 if adjustment == "cuped" else None,
        "variance_reduction": 0.182 if adjustment == "cuped" else None,
        "method": method,
        "restated_by": None,
        "used_for_decision": True,
        "is_latest": True,
        "is_final": True,
    }


def day_rows(row: Row, days: int = 10) -> list[Row]:
    """The days before an effect: each has that share of its units, and so a larger error."""
    rows = []
    for day in range(1, days):
        share = day / days
        error = row["std_error"] / sqrt(share)
        estimate = row["estimate"] * (1 + (1 - share) * (-1) ** day / 2)
        half = NORMAL.inv_cdf(1 - ALPHA / 2) * error
        rows.append(
            row
            | dict.fromkeys(["p_value", "p_value_corrected", "lower", "upper", "level"])
            | {
                "as_of": AS_OF - timedelta(days - day),
                "n_control": round(row["n_control"] * share),
                "n_treatment": round(row["n_treatment"] * share),
                "estimate": estimate,
                "std_error": error,
                "lower_fixed": estimate - half,
                "upper_fixed": estimate + half,
                "used_for_decision": False,
                "is_latest": False,
            }
        )
    return rows


def age_rows(row: Row, ages: int = 7) -> list[Row]:
    """The effect within so many days: it fades."""
    return [
        {
            "experiment_id": row["experiment_id"],
            "metric": row["metric"],
            "variant": row["variant"],
            "age_days": age,
            "n_units": row["n_treatment"] - 100 * age,
            "estimate": row["estimate"] * (1 + 1 / age),
            "std_error": row["std_error"],
            "lower": row["estimate"] * (1 + 1 / age) - 2 * row["std_error"],
            "upper": row["estimate"] * (1 + 1 / age) + 2 * row["std_error"],
        }
        for age in range(1, ages + 1)
    ]


def level_row(row: Row, segment: str, level: str, share: float, p_corrected: float) -> Row:
    """One level of a segment, with a share of the units."""
    error = row["std_error"] / sqrt(share)
    half = NORMAL.inv_cdf(1 - ALPHA / 2) * error
    return (
        row
        | dict.fromkeys(["p_value", "lower", "upper", "level", "p_value_harm_corrected"])
        | {
            "segment": segment,
            "segment_value": level,
            "n_control": round(row["n_control"] * share),
            "n_treatment": round(row["n_treatment"] * share),
            "std_error": error,
            "lower_fixed": row["estimate"] - half,
            "upper_fixed": row["estimate"] + half,
            "lift_lower": (row["estimate"] - half) / row["value_control"],
            "lift_upper": (row["estimate"] + half) / row["value_control"],
            "p_value_corrected": p_corrected,
            "used_for_decision": False,
        }
    )


def look_row(
    row: Row, test: str, look: int, statistic: float, boundary: float | None, outcome: str
) -> Row:
    """One look, a week after the one before it."""
    return {
        "experiment_id": row["experiment_id"],
        "metric": row["metric"],
        "variant": row["variant"],
        "test": test,
        "look": look,
        "data_date": AS_OF.date() - timedelta(7 * (LOOKS - look)),
        "information_fraction": look / LOOKS,
        "statistic": statistic,
        "boundary": boundary,
        "futility_boundary": None,
        "alpha_spent": 0.025 * (look / LOOKS) ** 3,
        "outcome": outcome,
        "planned_n": None,
        "is_final": look == LOOKS,
        "spending": "obrien_fleming",
        "spending_parameter": None,
        "level": 0.95,
    }


def planned_look_row(experiment_id: str, look: int, reached: int) -> Row:
    """One of the four looks, which is still to come."""
    return {
        "experiment_id": experiment_id,
        "look": look,
        "planned_date": AS_OF.date() - timedelta(7 * (LOOKS - look)),
        "planned_fraction": look / LOOKS,
        "reached_fraction": reached / LOOKS,
        "is_last": look == LOOKS,
    }


def bin_rows(experiment_id: str, metric: str, counts: dict[str, tuple[int, ...]]) -> list[Row]:
    """Units by their totals: zeros, then tens, then what is above them."""
    return [
        {
            "experiment_id": experiment_id,
            "metric": metric,
            "variant": variant,
            "bin": place + 1,
            "role": "success",
            "is_whole": False,
            "lower": 10.0 * max(place - 1, 0),
            "upper": 10.0 * place if place < len(own) - 1 else None,
            "n_units": n_units,
            "n_missing": 0,
        }
        for variant, own in counts.items()
        for place, n_units in enumerate(own)
    ]


def posterior_row(row: Row, *, method: str = "normal") -> Row:
    half = NORMAL.inv_cdf(1 - ALPHA / 2) * row["std_error"]
    sign = 1 if row["goal"] == "increase" else -1
    is_beta = method == "beta-binomial"
    return {
        "experiment_id": row["experiment_id"],
        "metric": row["metric"],
        "variant": row["variant"],
        "probability_better": NORMAL.cdf(sign * row["estimate"] / row["std_error"]),
        "probability_best": 0.75,
        "expected_loss": 0.01 * row["std_error"],
        "lower": row["estimate"] - half,
        "upper": row["estimate"] + half,
        "method": method,
        "prior_kind": "beta" if is_beta else "flat",
        "prior_mean": None,
        "prior_sd": None,
        "prior_alpha": 1.0 if is_beta else None,
        "prior_beta": 1.0 if is_beta else None,
    }


def moment_row(experiment_id: str, metric: str, variant: str, n: int, mean: float) -> Row:
    empty = dict.fromkeys(
        ["mean_den", "m2_den", "c2_num_den", "mean_num_cov", "m2_num_cov", "c2_num_num_cov"]
    )
    return {
        "experiment_id": experiment_id,
        "metric": metric,
        "variant": variant,
        "as_of": AS_OF,
        **GRAIN,
        "n_units": n,
        "n_events": round(n * mean),
        "n_missing": 0,
        "n_skipped": 0,
        "mean_num": mean,
        "m2_num": n * mean * (1 - mean),
        **empty,
        "cap_value": None,
        "n_capped": None,
    }


def health_row(
    experiment_id: str,
    check_name: str,
    message: str,
    *,
    status: str = "healthy",
    metric: str = "all",
    population: str = "all",
    observed: float | None = None,
    threshold: float | None = None,
    p_value: float | None = None,
) -> Row:
    return {
        "experiment_id": experiment_id,
        "check_name": check_name,
        "population": population,
        "metric": metric,
        "variant": "all",
        "segment": "all",
        "segment_value": "all",
        "status": status,
        "observed": observed,
        "threshold": threshold,
        "p_value": p_value,
        "message": message,
    }


def count_rows(experiment_id: str, assigned: dict[str, int], analysed: dict[str, int]) -> list[Row]:
    """Units of each variant, spread over two days."""
    return [
        {
            "experiment_id": experiment_id,
            "variant": variant,
            "population": population,
            "segment": "all",
            "segment_value": "all",
            "assigned_on": date(2026, 9, day + 1),
            "n_units": n // 2 + (n % 2) * day,
            "planned_share": 1 / len(units),
        }
        for population, units in (("assigned", assigned), ("analysed", analysed))
        for variant, n in units.items()
        for day in (0, 1)
    ]


def exclusion_rows(experiment_id: str, **reasons: tuple[int, int]) -> list[Row]:
    return [
        {"experiment_id": experiment_id, "reason": reason, "n_rows": rows, "n_units": units}
        for reason, (rows, units) in reasons.items()
    ]


def evidence_row(
    experiment_id: str,
    variant: str,
    rule: str,
    message: str,
    *,
    fired: bool = False,
    metric: str | None = "all",
    observed: float | None = None,
    threshold: float | None = None,
) -> Row:
    known = observed is not None and threshold is not None
    return {
        "experiment_id": experiment_id,
        "variant": variant,
        "rule": rule,
        "metric": metric,
        "fired": fired,
        "observed": observed,
        "threshold": threshold,
        "distance": observed - threshold if known else None,
        "message": message,
    }


def variant_decision_row(
    experiment_id: str,
    variant: str,
    verdict: str,
    rule: str,
    reason: str,
    *,
    nearest_rule: str | None = None,
    p_launch: float | None = None,
    p_harm: float | None = None,
) -> Row:
    return {
        "experiment_id": experiment_id,
        "variant": variant,
        "verdict": verdict,
        "rule": rule,
        "p_launch": p_launch,
        "p_harm": p_harm,
        "reason": reason,
        "nearest_rule": nearest_rule,
    }


def decision_row(
    experiment_id: str, verdict: str, rule: str, reason: str, variant: str | None = None
) -> Row:
    return {
        "experiment_id": experiment_id,
        "verdict": verdict,
        "variant": variant,
        "rule": rule,
        "reason": reason,
        "decided_at": datetime.fromisoformat("2031-01-02 03:04:05"),
        "data_as_of": AS_OF,
        "definitions_hash": "3f9c1b7a2d5e8f60",
    }


def power_row(
    experiment_id: str, metric: str, variant: str, test: str, role: str, reached: float | None
) -> Row:
    return {
        "experiment_id": experiment_id,
        "metric": metric,
        "variant": variant,
        "test": test,
        "role": role,
        "mde_planned": 0.02 if role == "success" else None,
        "mde_reached": reached,
        "harm_found": reached if test == "harm" else None,
        "n_needed": 88214.0 if role == "success" else None,
        "days_left": 0.0 if role == "success" else None,
    }


def edit_row(
    experiment_id: str, part: str, old: str | None, new: str | None, *, is_plan: bool = False
) -> Row:
    return {
        "experiment_id": experiment_id,
        "definition_number": 2,
        "part": part,
        "old_value": old,
        "new_value": new,
        "is_plan": is_plan,
        "first_seen_at": datetime.fromisoformat("2026-09-14 06:30:00"),
        "change": f"{part} {old} -> {new} (first seen 2026-09-14)",
    }


HOSTILE = {
    "script": "<script>alert('x')</script>",
    "handler": '<img src=x onerror="alert(1)">',
    "attribute": '" onmouseover="alert(1)" x="',
    "closing": "</td></tr></table></section><h1>owned</h1>",
    "comment": "<!-- --><style>body{display:none}</style>",
    "entity": "&lt;script&gt; &amp; &#60;b&#62;",
    "link": "[click](javascript:alert(1))",
    "image": "![x](https://evil.example/pixel.png)",
    "reference": "[a][b] [b]: https://evil.example",
    "autolink": "<https://evil.example> https://evil.example www.evil.example a@evil.example",
    "mention": "@everyone #1 !5",
    "pipes": "a | b || c \\| d",
    "newlines": "first\n\n# second\r\n| a | b |\n| --- | --- |\n\u2028third\u0085fourth",
    "backticks": "``` `code` ```python",
    "emphasis": "**bold** _it_ *it* __b__ ~~gone~~ ***",
    "jinja": "{{ 7 * 7 }} {% raw %} {# x #}",
    "sql": "'; drop table effects; -- \"quoted\" 'it''s'",
    "markdown_line": "1. one",
    "rule": "---",
    "spaces": "      code?      ",
    "empty": "",
    "blank": " \t\n ",
    "control": "a\x00b\x02c\x03d\x1b[31me\x7f",
    "surrogate": "a\ud800b",
    "right_to_left": "ניסוי 123 תשלום (חדש)",
    "override": "abc\u202egpj.exe\u2066x",
    "long": "x" * 10_000,
    "long_words": "lorem | ipsum " * 800,
    "emoji": "👩‍💻 Zahlungsseite “neu”",
    "placeholder": "wzxhzdk:12 klzzwxh:0042",
    "formula": "=1+1 $x^2$ $$y$$",
}
"""Texts that a label, a variant, a metric or a message may be."""
