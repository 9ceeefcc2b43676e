"""The five experiments of `example_marts`, put together, and a `fetch` over them."""

from collections.abc import Callable
from datetime import datetime

from memo.example_marts import (
    EXPERIMENT,
    Marts,
    Row,
    count_rows,
    decision_row,
    edit_row,
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

from experimentos.memo import Memo, read_memos
from experimentos.memo.render import render_sections

LAUNCH, ROLLBACK, BLOCKED = "one_page_checkout", "louder_banner", "new_search"
NULLS, HELD = "dark_gate", "typo_test"
NOT_DUE = ("p_value", "p_value_corrected", "lower", "upper", "level", "p_value_noninferior")
ALL = (LAUNCH, ROLLBACK, BLOCKED, NULLS, HELD)


def launch() -> Marts:
    key = LAUNCH
    arms = {"one_page": (0.1321, 60212), "two_step": (0.1247, 59874)}
    revenue = {"one_page": 31.96, "two_step": 31.44}
    effects = [
        effect_row(
            key,
            "ordered",
            variant,
            "success",
            (0.124, 0.3296, 60105),
            (rate, 0.3386, n),
            level=0.9875 if variant == "one_page" else 0.983333333,
            family=4,
            method="score",
        )
        for variant, (rate, n) in arms.items()
    ]
    for variant, mean in revenue.items():
        for adjustment in ("none", "cuped"):
            spread = 92.0 if adjustment == "none" else 83.2
            row = effect_row(
                key,
                "revenue",
                variant,
                "success",
                (31.40, spread, 60105),
                (mean, spread, 60000),
                level=0.983333333,
                family=3,
                adjustment=adjustment,
                method="welch, cuped" if adjustment == "cuped" else "welch",
            )
            if adjustment == "none":
                row |= {"used_for_decision": False, "lower": None, "upper": None, "level": None}
                row |= {"p_value_corrected": None, "p_value_harm_corrected": None}
            effects.append(row)
        effects += [
            effect_row(
                key,
                "page_load",
                variant,
                "guardrail",
                (1840.2, 610.0, 58200),
                (1843.9, 612.0, 58100),
                level=0.95,
                margin=0.02,
            ),
            effect_row(
                key,
                "big_refunds",
                variant,
                "guardrail",
                (0.00412, 0.065, 60105),
                (0.00421, 0.066, 60212),
                level=0.95,
            ),
            effect_row(
                key,
                "order_value",
                variant,
                "explore",
                (253.2, 410.0, 7453),
                (241.9, 402.0, 7954),
                level=0.95,
                method="delta",
            ),
        ]
    return {
        "experiments": [dict(EXPERIMENT)],
        "experiment_metrics": [
            use_row(key, "ordered", "success", 1),
            use_row(key, "revenue", "success", 2),
            use_row(key, "page_load", "guardrail", 1, 0.02),
            use_row(key, "big_refunds", "guardrail", 2),
            use_row(key, "order_value", "explore", 1),
        ],
        "effects": effects,
        "moments": [
            moment_row(key, "ordered", variant, n, rate)
            for variant, (rate, n) in {"control": (0.124, 60105), **arms}.items()
        ],
        "health": [
            health_row(
                key,
                "sample_ratio",
                "The counts agree with the planned split.",
                p_value=0.6121,
                population="assigned",
                threshold=0.001,
            ),
            health_row(
                key,
                "crossovers",
                "0.14% of the units were in two variants and are left out.",
                status="warning",
                observed=0.0014,
                threshold=0.001,
            ),
            health_row(key, "varies", "The metric varies.", metric="ordered"),
            health_row(key, "varies", "The metric varies.", metric="revenue"),
        ],
        "assignment_counts": count_rows(
            key,
            {"control": 60187, "one_page": 60297, "two_step": 59959},
            {"control": 60105, "one_page": 60212, "two_step": 59874},
        ),
        "exclusions": exclusion_rows(
            key,
            analysed=(180191, 180191),
            repeat=(22840, 15211),
            crossover=(510, 252),
            unknown_variant=(37, 37),
            after_end=(1204, 1180),
            assigned_before_start=(0, 0),
        ),
        "decisions": [
            decision_row(
                key,
                "launch",
                "launchable",
                "ordered better than control, and no guardrail stands against it",
                "one_page",
            )
        ],
        "variant_decisions": [
            variant_decision_row(
                key,
                "one_page",
                "launch",
                "launchable",
                "ordered better than control, and no guardrail stands against it",
                p_launch=0.0000452,
                p_harm=1.0,
                nearest_rule="guardrail_unsettled",
            ),
            variant_decision_row(
                key,
                "two_step",
                "hold",
                "inconclusive",
                "inconclusive: neither a benefit nor its absence is shown",
                p_launch=0.6812,
                p_harm=1.0,
                nearest_rule="launchable",
            ),
        ],
        "decision_evidence": [
            evidence_row(
                key,
                "one_page",
                "launchable",
                "ordered: corrected p at or below its level.",
                fired=True,
                metric="ordered",
                observed=0.0000452,
                threshold=0.025,
            ),
            evidence_row(
                key,
                "one_page",
                "guardrail_unsettled",
                "page_load: shown non-inferior.",
                metric="page_load",
                observed=0.0000001,
                threshold=0.0125,
            ),
            evidence_row(
                key,
                "one_page",
                "harmed",
                "ordered: not shown worse.",
                metric="ordered",
                observed=1.0,
                threshold=0.025,
            ),
            evidence_row(
                key,
                "two_step",
                "inconclusive",
                "The planned end is reached and nothing is shown.",
                fired=True,
                metric=None,
            ),
            evidence_row(
                key,
                "two_step",
                "launchable",
                "ordered: corrected p above its level.",
                metric="ordered",
                observed=0.7312,
                threshold=0.025,
            ),
        ],
        "edits": [
            edit_row(key, "alpha", "0.01", "0.05", is_plan=True),
            edit_row(key, "explore", None, "order_value"),
        ],
        "power": [
            power_row(key, metric, variant, test, role, reached)
            for variant in arms
            for metric, test, role, reached in (
                ("ordered", "superior", "success", 0.0512),
                ("revenue", "superior", "success", 0.0531),
                ("page_load", "noninferior", "guardrail", 0.0054),
                ("big_refunds", "harm", "guardrail", 0.2911),
            )
        ],
    }


def rollback() -> Marts:
    key = ROLLBACK
    return {
        "experiments": [
            EXPERIMENT
            | {"experiment_id": key, "label": "Louder banner", "file": "experiments/b.yml"}
        ],
        "experiment_metrics": [
            use_row(key, "ordered", "success", 1),
            use_row(key, "big_refunds", "guardrail", 1),
        ],
        "effects": [
            effect_row(
                key,
                "ordered",
                "loud",
                "success",
                (0.124, 0.3296, 20105),
                (0.1263, 0.3322, 20071),
                level=0.95,
                method="score",
            ),
            effect_row(
                key,
                "big_refunds",
                "loud",
                "guardrail",
                (0.0051, 0.0711, 20105),
                (0.0112, 0.1053, 20071),
                level=0.95,
            ),
        ],
        "health": [
            health_row(
                key, "sample_ratio", "The counts agree with the planned split.", p_value=0.8651
            )
        ],
        "assignment_counts": count_rows(
            key, {"control": 20110, "loud": 20079}, {"control": 20105, "loud": 20071}
        ),
        "exclusions": exclusion_rows(key, analysed=(40176, 40176), crossover=(26, 13)),
        "decisions": [
            decision_row(key, "rollback", "harmed", "big_refunds is worse than control", "loud")
        ],
        "variant_decisions": [
            variant_decision_row(
                key,
                "loud",
                "rollback",
                "harmed",
                "big_refunds is worse than control",
                p_launch=0.41,
                p_harm=0.00001,
                nearest_rule="launchable",
            )
        ],
        "decision_evidence": [
            evidence_row(
                key,
                "loud",
                "harmed",
                "big_refunds: worse by the corrected harm test.",
                fired=True,
                metric="big_refunds",
                observed=0.00001,
                threshold=0.025,
            )
        ],
        "power": [power_row(key, "ordered", "loud", "superior", "success", 0.0749)],
        "moments": [],
    }


def blocked() -> Marts:
    key = BLOCKED
    return {
        "experiments": [EXPERIMENT | {"experiment_id": key, "label": "New search"}],
        "experiment_metrics": [
            use_row(key, "ordered", "success", 1),
            use_row(key, "page_load", "guardrail", 1, 0.02),
            use_row(key, "order_value", "explore", 1),
        ],
        "effects": [
            effect_row(
                key,
                "ordered",
                "semantic",
                "success",
                (0.124, 0.3296, 40120),
                (0.1421, 0.3491, 36211),
                level=0.95,
                method="score",
            ),
            effect_row(
                key,
                "page_load",
                "semantic",
                "guardrail",
                (1840.2, 610.0, 40120),
                (1980.4, 640.0, 36211),
                level=0.95,
                margin=0.02,
            ),
            effect_row(
                key,
                "order_value",
                "semantic",
                "explore",
                (253.2, 110.0, 7453),
                (271.9, 102.0, 7954),
                level=0.95,
                method="delta",
            ),
        ],
        "health": [
            health_row(
                key,
                "sample_ratio",
                "40,120 and 36,211 units where halves were planned. Units missing from a treatment "
                "may themselves be harm.",
                status="blocked",
                population="analysed",
                threshold=0.001,
                p_value=0.0,
            ),
            health_row(key, "enough_units", "Every variant has at least two units."),
        ],
        "assignment_counts": count_rows(
            key, {"control": 40120, "semantic": 36211}, {"control": 40120, "semantic": 36211}
        ),
        "exclusions": exclusion_rows(key, analysed=(76331, 76331)),
        "decisions": [
            decision_row(
                key,
                "hold",
                "health_blocked",
                "the data are not fit to decide on: sample_ratio: the split is not the planned "
                "one; unverified: consider stopping, because page_load is worse than its margin "
                "allows",
            )
        ],
        "variant_decisions": [
            variant_decision_row(
                key,
                "semantic",
                "hold",
                "health_blocked",
                "The sample ratio check is blocked.",
                nearest_rule="launchable",
                p_harm=0.00001,
            )
        ],
        "decision_evidence": [
            evidence_row(
                key,
                "semantic",
                "health_blocked",
                "sample_ratio: the split is not the planned one",
                fired=True,
                metric=None,
                observed=0.0,
                threshold=0.001,
            ),
            evidence_row(
                key,
                "semantic",
                "harmed",
                "page_load is worse than its margin allows",
                fired=True,
                metric="page_load",
                observed=0.00001,
                threshold=0.025,
            ),
            evidence_row(
                key,
                "semantic",
                "superior",
                "ordered is better than control",
                fired=True,
                metric="ordered",
                observed=0.000001,
                threshold=0.025,
            ),
            evidence_row(
                key,
                "semantic",
                "launchable",
                "better on a success metric and within every margin is not shown",
                observed=0.9,
                threshold=0.025,
            ),
        ],
        "power": [],
        "moments": [],
    }


def nulls() -> Marts:
    """Every table has its rows, and every column that may be NULL is NULL."""
    kept = {
        "experiment_id", "metric", "variant", "role", "goal", "used_for_decision", "is_latest",
        "population", "segment", "segment_value", "check_name", "status", "reason", "rule",
        "verdict", "fired", "test", "position", "metric_type",
    }  # fmt: skip
    marts = {
        mart: [
            {
                column: (value.replace(LAUNCH, NULLS) if isinstance(value, str) else value)
                if column in kept
                else None
                for column, value in row.items()
            }
            for row in rows
        ]
        for mart, rows in launch().items()
    }
    for row in marts["decisions"] + marts["variant_decisions"]:
        row |= {
            "verdict": "hold",
            "variant": row["variant"],
            "rule": "inconclusive",
            "reason": None,
        }
    marts["decisions"][0]["variant"] = None
    marts["experiments"][0]["is_final"] = True
    for row in marts["decision_evidence"]:
        row |= {"fired": False}
    return marts


def held() -> Marts:
    key = HELD
    problems = (
        "experiments/typo_test.yml: success: unknown metric 'orderd'. Did you mean 'ordered'?\n"
        "experiments/typo_test.yml: variants: the shares must sum to 1, got 0.9\n"
    )
    empty = dict.fromkeys(EXPERIMENT)
    return {
        "experiments": [
            empty
            | {
                "experiment_id": key,
                "label": "Typo test",
                "is_dated": False,
                "is_final": False,
                "file": "experiments/typo_test.yml",
                "definition_problems": problems,
            }
        ],
        "health": [
            health_row(
                key,
                "definition_valid",
                "The definition has 2 problems.",
                status="blocked",
                observed=2.0,
                threshold=0.0,
            )
        ],
        "decisions": [
            decision_row(key, "hold", "health_blocked", "The definition is not valid.")
            | {"data_as_of": None}
        ],
    }


def summary() -> Marts:
    """The launch of `launch`, of which only totals are known: no day, no row of assignments."""
    marts = launch()
    dates = ("starts_at", "ends_at", "observe_until", "decides_at", "data_as_of")
    marts["experiments"][0] |= dict.fromkeys(dates) | {
        "is_dated": False,
        "summary_model": "totals",
    }
    marts["assignment_counts"] = [
        row | {"assigned_on": None}
        for row in marts["assignment_counts"]
        if row["population"] == "assigned"
    ]
    marts["exclusions"] = []
    return marts


def crowded(count: int, verdict: str) -> Marts:
    """So many variants, of which the last is the one decided, on the four metrics of `launch`."""
    key, n = LAUNCH, 20_000
    arms = [f"variant_{number:02}" for number in range(1, count + 1)]
    decided = arms[-1]
    marts = launch()
    marts["effects"] = []
    for arm in arms:
        rate = (
            {"launch": 0.135, "rollback": 0.109}.get(verdict, 0.124) if arm == decided else 0.1235
        )
        marts["effects"] += [
            effect_row(
                key, "ordered", arm, "success", (0.12, 0.33, n), (rate, 0.33, n), family=2 * count
            ),
            effect_row(
                key, "revenue", arm, "success", (31.4, 92.0, n), (31.4, 92.0, n), family=2 * count
            ),
            effect_row(
                key, "page_load", arm, "guardrail", (1840, 610.0, n), (1842, 612.0, n), margin=0.02
            ),
            effect_row(
                key, "big_refunds", arm, "guardrail", (0.0041, 0.065, n), (0.0043, 0.066, n)
            ),
        ]
    rule = {"launch": "launchable", "rollback": "harmed"}.get(verdict, "inconclusive")
    reasons = {arm: f"{rule} is what was found of {arm}, in a sentence" for arm in arms}
    marts["variant_decisions"] = [
        variant_decision_row(
            key,
            arm,
            verdict if arm == decided else "hold",
            rule if arm == decided else "inconclusive",
            reasons[arm],
        )
        for arm in arms
    ]
    named = None if verdict == "hold" else decided
    marts["decisions"] = [decision_row(key, verdict, rule, reasons[decided], named)]
    marts["decision_evidence"] = []
    marts["power"] = []
    return marts


def united(*parts: Marts) -> Marts:
    """All rows of several experiments, mart by mart."""
    names = ["experiments", "metrics", "experiment_metrics", "effects", "moments", "health"]
    names += ["effects_by_age", "looks", "planned_looks", "posteriors", "distributions"]
    names += ["exclusions", "assignment_counts", "power", "decision_evidence"]
    names += ["variant_decisions", "decisions", "edits"]
    marts: Marts = {name: [row for part in parts for row in part.get(name, [])] for name in names}
    marts["metrics"] = metric_rows()
    return marts


def every() -> Marts:
    return united(launch(), rollback(), blocked(), nulls(), held())


def early() -> Marts:
    """The launch of `launch`, read before its planned end."""
    marts = launch()
    marts["experiments"][0] |= {
        "is_final": False,
        "data_as_of": datetime.fromisoformat("2026-09-20"),
        "status": "running",
    }
    for row in marts["effects"]:
        row.update(dict.fromkeys(NOT_DUE))
    reason = "the planned end is not reached; the next look is on 2026-10-13"
    marts["decisions"] = [decision_row(LAUNCH, "hold", "no_look_due", reason)]
    for row in marts["variant_decisions"]:
        row |= {"verdict": "hold", "rule": "no_look_due", "reason": reason, "p_launch": None}
    marts["decision_evidence"] = []
    return marts


def fetcher(marts: Marts) -> Callable[[str], list[Row]]:
    return lambda name: marts[name]


def memo_of(marts: Marts) -> Memo:
    (memo,) = read_memos(fetcher(united(marts)))
    return memo


def expected_texts() -> dict[str, str]:
    """Every section of the launch, and the verdict of each other example, by file name."""
    texts = {f"sections/{name}": text for name, text in render_sections(memo_of(launch()))}
    others = {
        "rollback": rollback(),
        "blocked": blocked(),
        "nulls": nulls(),
        "held": held(),
        "early": early(),
    }
    for name, marts in others.items():
        sections = dict(render_sections(memo_of(marts)))
        texts[f"verdicts/{name}"] = sections["verdict"]
    texts["variants/blocked"] = dict(render_sections(memo_of(blocked())))["variants"]
    texts["guardrails/blocked"] = dict(render_sections(memo_of(blocked())))["guardrails"]
    texts["guardrails/rollback"] = dict(render_sections(memo_of(rollback())))["guardrails"]
    from memo import example_full, example_states

    return texts | example_full.texts() | example_states.texts()
