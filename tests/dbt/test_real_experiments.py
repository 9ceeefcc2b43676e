"""Published experiments through `dbt build`, from raw rows to memos, and from their counts.

The raw rows are not part of the repository. Counts, sums and reference results are those of
`tests/reference/experiments.json`, computed with scipy and statsmodels; Hillstrom's visits and
conversions are from the same source.
"""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from project import PACKAGE, Project

from experimentos.memo import read_memos, render_html, render_markdown

DATA = PACKAGE.parent / "shared" / "data"
REFERENCE = json.loads((PACKAGE / "tests/reference/experiments.json").read_text(encoding="utf-8"))
MATCHED = "(\"group\" = 'treatment') = (landing_page = 'new_page')"
EVEN = {"control": 0.5, "treatment": 0.5}
MARKETING = {"control": "psa", "id": "marketing", "success": ["conversions"], "guardrails": {}}
HILLSTROM = {
    "No E-Mail": {"users": 21306, "conversions": 122, "visit": 2262},
    "Mens E-Mail": {"users": 21307, "conversions": 267, "visit": 3894},
    "Womens E-Mail": {"users": 21387, "conversions": 189, "visit": 3238},
}
THIRDS = dict.fromkeys(HILLSTROM, 1 / 3)


def experiments() -> dict[str, dict[str, Any]]:
    """The experiments over raw rows; the same names and metrics as over the counts."""
    landing = {
        "start": "2017-01-02", "end": "2017-01-25", "control": "control", "variants": EVEN,
        "success": ["converted"],
    }  # fmt: skip
    return {
        "cookie_cats": {
            "id": "cookies", "control": "gate_30", "variants": {"gate_30": 0.5, "gate_40": 0.5},
            "success": ["retention_7"], "explore": ["retention_1", "rounds"],
        },
        "hillstrom": {
            "control": "No E-Mail", "variants": THIRDS, "success": ["visit", "conversion", "spend"],
        },
        "landing": landing,
        "landing_by_group": landing | {"success": ["converted_by_group"]},
    }  # fmt: skip


def add_raw(project: Project) -> None:
    """One model per table: each is its own assignments and its own fact."""
    project.model(
        "hillstrom",
        f"select row_number() over () as customer, * from read_parquet('{DATA}/hillstrom.parquet')",
        {
            "assignments": {"experiment": {"literal": "hillstrom"}, "variant": "segment",
                            "unit": "customer", "timestamp": "none"},
            "unit": "customer", "timestamp": "none",
            "metrics": {
                "visit": {"type": "proportion", "value": "visit"},
                "conversion": {"type": "proportion", "where": "conversion = 1"},
                "spend": {"type": "mean", "value": "spend", "covariate": "history"},
            },
        },
    )  # fmt: skip
    project.model("cookie_cats", DATA / "cookie_cats.parquet", {
        "assignments": {"experiment": {"literal": "cookies"}, "variant": "version",
                        "unit": "userid", "timestamp": "none"},
        "unit": "userid", "timestamp": "none",
        "metrics": {
            "retention_1": {"type": "proportion", "value": "retention_1"},
            "retention_7": {"type": "proportion", "value": "retention_7"},
            "rounds": {"type": "mean", "value": "sum_gamerounds"},
        },
    })  # fmt: skip
    views = {"unit": "user_id", "timestamp": "timestamp", "complete_until": "2017-02-15"}
    once = {"type": "proportion", "window": "21 days"}
    for name, experiment, variant, metric in (
        ("matched_views", "landing", f"case when {MATCHED} then \"group\" end",
         {"converted": once | {"where": f"converted = 1 and {MATCHED}"}}),
        ("views", "landing_by_group", '"group"',
         {"converted_by_group": once | {"where": "converted = 1"}}),
    ):  # fmt: skip
        project.model(name, DATA / "udacity_ab_data.parquet", views | {"metrics": metric} | {
            "assignments": {"experiment": {"literal": experiment}, "variant": variant,
                            "unit": "user_id", "timestamp": "timestamp"},
        })  # fmt: skip


@pytest.fixture(scope="module")
def raw(tmp_path_factory) -> Project:
    if not DATA.is_dir():
        pytest.skip(f"the raw rows of published experiments are not here: no folder {DATA.name}")
    models = ["hillstrom", "cookie_cats", "matched_views", "views"]
    project = Project(
        tmp_path_factory.mktemp("real"), {"assignment_models": models, "fact_models": models}
    )
    add_raw(project)
    for name, definition in experiments().items():
        project.experiment(name, definition)
    project.build()
    return project


def summary_rows() -> dict[str, list[dict[str, Any]]]:
    """One row per variant, from the published counts and sums."""
    known, means = REFERENCE["proportions"], REFERENCE["means"]

    def counts(name: str, labels: list[str], **more: str) -> list[dict[str, Any]]:
        rows = []
        for side, label in zip(("control", "treatment"), labels, strict=True):
            row = {
                "variant": label,
                "users": known[name][side]["n"],
                "conversions": known[name][side]["x"],
            }
            rows.append(row | {column: known[other][side]["x"] for column, other in more.items()})
        return rows

    cookies = counts(
        "cookie_cats_retention_7", ["gate_30", "gate_40"], retention_1="cookie_cats_retention_1"
    )
    for row, side in zip(cookies, ("control", "treatment"), strict=True):
        found = means["cookie_cats_rounds"][side]
        row |= {"rounds_sum": found["sum"], "rounds_sum_sq": found["sum_sq"]}
    spend = {
        label: means[f"hillstrom_spend_welch_{arm}"][side]
        for label, arm, side in (("No E-Mail", "Mens E-Mail", "control"),
                                 ("Mens E-Mail", "Mens E-Mail", "treatment"),
                                 ("Womens E-Mail", "Womens E-Mail", "treatment"))
    }  # fmt: skip
    hillstrom = [
        {"variant": label}
        | row
        | {"spend_sum": spend[label]["sum"], "spend_sum_sq": spend[label]["sum_sq"]}
        for label, row in HILLSTROM.items()
    ]
    return {
        "cookie_counts": cookies,
        "hillstrom_counts": hillstrom,
        "landing_counts": counts("udacity_converted", ["control", "treatment"]),
        "marketing_counts": counts("marketing_converted", ["psa", "ad"]),
    }


@pytest.fixture(scope="module")
def counted(tmp_path_factory) -> Project:
    tables = summary_rows()
    project = Project(tmp_path_factory.mktemp("counted"), {"summary_models": list(tables)})
    for name, rows in tables.items():
        project.model(name, pa.Table.from_pylist(rows), {})
    defined = experiments()
    for name, model, roles in (
        ("cookie_cats", "cookie_counts",
         {"success": ["conversions"], "guardrails": {}, "explore": ["retention_1", "rounds"]}),
        ("hillstrom", "hillstrom_counts",
         {"success": ["visit", "conversions", "spend"], "guardrails": {}, "explore": []}),
        ("landing", "landing_counts", {"success": ["conversions"], "guardrails": {}}),
    ):  # fmt: skip
        kept = {key: defined[name][key] for key in ("control", "variants")}
        project.experiment(name, kept | roles | {"summary": model})
    for name, share in (("marketing", 0.04), ("marketing_even", 0.5)):
        split = {"variants": {"psa": share, "ad": 1 - share}, "summary": "marketing_counts"}
        project.experiment(name, MARKETING | split)
    project.build()
    return project


@pytest.fixture(params=["raw", pytest.param("counted", marks=pytest.mark.slow)])
def project(request) -> Project:
    return request.getfixturevalue(request.param)


def effect(project: Project, experiment: str, metric: str, variant: str | None = None) -> dict:
    # The first success metric of a summary is called `conversions`.
    names = {"retention_7": "conversions", "converted": "conversions", "conversion": "conversions"}
    known = {
        row["metric"]
        for row in project.mart("experiment_metrics", f"experiment_id = '{experiment}'")
    }
    metric = metric if metric in known else names[metric]
    where = (
        f"experiment_id = '{experiment}' and metric = '{metric}' and adjustment = 'none' "
        "and is_latest and basis = 'mature'"
    )
    return project.one("effects", where + (f" and variant = '{variant}'" if variant else ""))


def health(project: Project, experiment: str, check: str) -> list[dict]:
    return project.mart("health", f"experiment_id = '{experiment}' and check_name = '{check}'")


def test_cookie_cats_rolls_back(project):
    found = project.one("decisions", "experiment_id = 'cookie_cats'")
    assert (found["verdict"], found["variant"], found["rule"]) == ("rollback", "gate_40", "harmed")


def test_cookie_cats_effects_are_the_published_ones(project):
    for metric in ("retention_7", "retention_1"):
        known = REFERENCE["proportions"][f"cookie_cats_{metric}"]
        row = effect(project, "cookie_cats", metric)
        assert (row["n_control"], row["n_treatment"]) == (44700, 45489)
        assert row["estimate"] == pytest.approx(known["abs_diff"], rel=1e-12)
        assert row["lift"] == pytest.approx(known["rel_diff"], rel=1e-9)
        assert row["p_value_fixed"] == pytest.approx(known["p_pooled_z"], rel=1e-9)
    rounds, known = (
        effect(project, "cookie_cats", "rounds"),
        REFERENCE["means"]["cookie_cats_rounds"],
    )
    assert rounds["estimate"] == pytest.approx(known["diff"], rel=1e-10)
    assert rounds["p_value_fixed"] == pytest.approx(known["p"], rel=1e-9)
    assert [rounds["lower_fixed"], rounds["upper_fixed"]] == pytest.approx(known["ci95"], rel=1e-9)


def test_cookie_cats_sample_ratio_warns(project):
    rows = health(project, "cookie_cats", "sample_ratio")
    assert {row["status"] for row in rows} == {"warning"}
    for row in rows:
        assert row["p_value"] == pytest.approx(
            REFERENCE["sample_ratios"]["cookie_cats"]["p"], rel=1e-9
        )


def test_hillstrom_launches_the_better_mail(project):
    found = project.one("decisions", "experiment_id = 'hillstrom'")
    assert (found["verdict"], found["variant"]) == ("launch", "Mens E-Mail")
    rows = project.mart("variant_decisions", "experiment_id = 'hillstrom'")
    assert [row["verdict"] for row in rows] == ["launch", "launch"]


def test_hillstrom_effects_are_the_published_ones(project):
    control = HILLSTROM["No E-Mail"]
    for arm in ("Mens E-Mail", "Womens E-Mail"):
        for metric, count in (("visit", "visit"), ("conversion", "conversions")):
            rates = [row[count] / row["users"] for row in (control, HILLSTROM[arm])]
            row = effect(project, "hillstrom", metric, arm)
            assert row["estimate"] == pytest.approx(rates[1] - rates[0], rel=1e-12)
            assert row["lift"] == pytest.approx(rates[1] / rates[0] - 1, rel=1e-9)
        spend, known = (
            effect(project, "hillstrom", "spend", arm),
            REFERENCE["means"][f"hillstrom_spend_welch_{arm}"],
        )
        assert spend["estimate"] == pytest.approx(known["diff"], rel=1e-10)
        assert spend["p_value_fixed"] == pytest.approx(known["p"], rel=1e-7)
        assert [spend["lower_fixed"], spend["upper_fixed"]] == pytest.approx(
            known["ci95"], rel=1e-9
        )


def test_hillstrom_sample_ratio_is_healthy(project):
    rows = health(project, "hillstrom", "sample_ratio")
    assert {row["status"] for row in rows} == {"healthy"}
    assert rows[0]["p_value"] == pytest.approx(0.9036929575604196, rel=1e-9)


def test_landing_page_is_inconclusive(project):
    found = project.one("decisions", "experiment_id = 'landing'")
    assert (found["verdict"], found["rule"]) == ("hold", "inconclusive")
    row, known = (
        effect(project, "landing", "converted"),
        REFERENCE["proportions"]["udacity_converted"],
    )
    assert (row["n_control"], row["n_treatment"]) == (145274, 145310)
    assert row["estimate"] == pytest.approx(known["abs_diff"], rel=1e-12)
    assert row["p_value_fixed"] == pytest.approx(0.18988337448195103, rel=1e-9)


def test_landing_page_rows_are_accounted_for(raw):
    rows = {row["reason"]: row for row in raw.mart("exclusions", "experiment_id = 'landing'")}
    assert rows["variant_missing"]["n_rows"] == 3893
    assert rows["analysed"]["n_units"] == 290584
    assert rows["repeat"]["n_rows"] == 1
    assert sum(row["n_rows"] for row in rows.values()) == 294478


def test_landing_page_by_group_alone_has_crossovers(raw):
    rows = {
        row["reason"]: row for row in raw.mart("exclusions", "experiment_id = 'landing_by_group'")
    }
    assert rows["crossover"]["n_units"] == 1895
    assert rows["analysed"]["n_units"] == 290584 - 1895
    assert sum(row["n_rows"] for row in rows.values()) == 294478
    (row,) = health(raw, "landing_by_group", "crossovers")
    assert (row["status"], row["threshold"]) == ("warning", 0.001)
    assert row["observed"] == pytest.approx(1895 / 290584, rel=1e-12)


def test_hillstrom_spend_is_adjusted_by_history(raw):
    where = "experiment_id = 'hillstrom' and metric = 'spend' and adjustment = 'cuped'"
    rows = raw.mart("effects", where)
    assert len(rows) == 2
    for row in rows:
        assert row["used_for_decision"]
        assert row["theta"] == pytest.approx(0.0012754870330541727, rel=0.05)
        assert 0 < row["variance_reduction"] < 0.002


@pytest.mark.slow
def test_marketing_is_healthy_with_the_planned_split(counted):
    found = counted.one("decisions", "experiment_id = 'marketing'")
    assert (found["verdict"], found["variant"]) == ("launch", "ad")
    (row,) = health(counted, "marketing", "sample_ratio")
    assert row["status"] == "healthy"
    assert row["p_value"] == pytest.approx(
        REFERENCE["sample_ratios"]["marketing_planned"]["p"], rel=1e-6
    )
    known = REFERENCE["proportions"]["marketing_converted"]
    row = effect(counted, "marketing", "conversions")
    assert row["p_value_fixed"] == pytest.approx(known["p_pooled_z"], rel=1e-6)


@pytest.mark.slow
def test_marketing_is_blocked_with_an_even_split(counted):
    found = counted.one("decisions", "experiment_id = 'marketing_even'")
    assert (found["verdict"], found["rule"]) == ("hold", "health_blocked")
    (row,) = health(counted, "marketing_even", "sample_ratio")
    assert row["status"] == "blocked"


def test_memos_say_the_verdicts(project):
    words = {"launch": "Launch", "hold": "Hold", "rollback": "Roll"}
    verdicts = {row["experiment_id"]: row["verdict"] for row in project.mart("decisions")}
    memos = read_memos(project.mart)
    assert len(memos) == len(verdicts)
    for memo, (_, verdict) in zip(memos, sorted(verdicts.items()), strict=True):
        text, page = render_markdown(memo), render_html(memo)
        head = "\n".join(text.splitlines()[:12])
        assert words[verdict] in head, head
        assert not [
            word for other, word in words.items() if other != verdict and f"**{word}" in head
        ]
        assert page.startswith("<!")
        assert "</html>" in page
