"""`experimentos validate`: A/A tests on the units of a built project."""

import datetime as dt
import hashlib

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from experimentos.rerandomise import deal, seed_of

pytestmark = pytest.mark.slow

START = dt.datetime(2026, 1, 1)
DAY = dt.timedelta(days=1)
UNITS = 1600
METRICS = {
    "bought": {"type": "proportion", "window": "2 days"},
    "spent": {"type": "mean", "value": "amount", "window": "2 days", "covariate": "3 days"},
    "spent_plain": {"type": "mean", "value": "amount", "window": "2 days", "covariate": "none"},
    "spent_far": {"type": "mean", "value": "amount + 1e8", "aggregate": "avg", "window": "2 days",
                  "covariate": "none"},
    "per_order": {"type": "ratio", "numerator": {"value": "amount"}, "window": "2 days",
                  "denominator": {"aggregate": "count"}},
    "spent_p90": {"type": "quantile", "quantile": 0.9, "value": "amount", "window": "2 days"},
    "so_far": {"type": "proportion", "mature": False, "window": "2 days"},
}  # fmt: skip


@pytest.fixture(scope="module")
def rows():
    """Unit -> exposure, and its orders (time, amount)."""
    generator = np.random.default_rng(3)
    found = {}
    for unit in range(UNITS):
        exposed = START + DAY * float(generator.uniform(0, 10))
        count = generator.poisson(1.2)
        times, amounts = generator.uniform(-3, 5, count), generator.lognormal(2, 2, count)
        orders = [
            (exposed + DAY * float(at), float(amount))
            for at, amount in zip(times, amounts, strict=True)
        ]
        found[unit] = (exposed, orders)
    return found


@pytest.fixture(scope="module")
def shop(project_of_strings, tmp_path_factory, rows):
    named = {"assignment_models": ["assigned"], "fact_models": ["orders"]}
    project = project_of_strings(tmp_path_factory.mktemp("validate"), named)
    assigned = [
        {"unit": unit, "at": exposed, "experiment": name, "variant": variant}
        for unit, (exposed, _) in rows.items()
        for name, variant in (
            ("gate", "ab"[unit % 2]),
            ("lopsided", "a" if unit % 25 else "b"),
            *([("tiny", "ab"[unit % 2])] if unit < 300 else []),
        )
    ]
    project.model(
        "assigned", pa.Table.from_pylist(assigned),
        {"assignments": {"experiment": "experiment", "variant": "variant", "unit": "unit",
                         "timestamp": "at"}},
    )  # fmt: skip
    orders = [{"unit": unit, "at": at, "amount": amount}
              for unit, (_, of_unit) in rows.items() for at, amount in of_unit]  # fmt: skip
    # Somebody's order from long before: the covariate's window is covered.
    orders.append({"unit": -1, "at": START - 30 * DAY, "amount": 1.0})
    fact = {"unit": "unit", "timestamp": "at", "complete_until": str(START + 14 * DAY)}
    project.model("orders", pa.Table.from_pylist(orders), fact | {"metrics": METRICS})
    usual = {"start": START, "end": START + 10 * DAY, "control": "a", "alpha": 0.1, "mde": "20%",
             "variants": {"a": 0.5, "b": 0.5}}  # fmt: skip
    project.experiment(
        "gate",
        usual | {"success": ["bought", "spent"], "guardrails": {"per_order": {"margin": "20%"}},
                 "explore": ["spent_p90", "so_far"],
                 "monitoring": {"design": "group_sequential", "looks": 2}},
    )  # fmt: skip
    project.experiment(
        "lopsided",
        usual | {"variants": {"a": 0.96, "b": 0.04}, "success": ["spent_plain", "spent_far"]},
    )
    project.experiment("tiny", usual | {"success": ["bought"]})
    project.experiment("planned", usual | {"success": ["bought"], "status": "draft"})
    return project


PAST = ("--past", "--metric", "bought:20%", "--metric", "spent", "--guardrail", "per_order:20%",
        "--mde", "20%", "--on", "assigned", "--from", "2026-01-01", "--until", "2026-01-11",
        "--alpha", "0.1", "--looks", "2", "--runs", "300", "--salt", "again",
        "--format", "json")  # fmt: skip


@pytest.fixture(scope="module")
def validate(run, shop):
    def validate(*arguments):
        folders = ["--project-dir", shop.folder, "--profiles-dir", shop.folder]
        return run("validate", *arguments, *folders)

    # The tables are missing before a build, and that is said.
    answer = validate("-e", "gate")
    assert answer.code == 1
    assert "is not there yet: run `dbt build`" in answer.err
    select = ["+experimentos__inference_inputs", "experimentos__validation"]
    result = shop.dbt("build", "--select", *select)
    assert result.success
    return validate


@pytest.fixture(scope="module")
def gate(validate):
    answer = validate("-e", "gate", "--salt", "abc", "--runs", "600", "--format", "json")
    assert answer.code == 0, answer.out
    return answer.json


def rates(document):
    (experiment,) = document["experiments"]
    return {(row["metric"], row["test"], row["measure"]): row for row in experiment["rates"]}


def test_rejections_are_those_of_a_test_on_single_units(gate, rows):
    """The deals repeated here, on the raw rows: the score test is a chi-square."""
    units = [unit for unit in rows if unit % 2 == 0]
    units.sort(key=lambda unit: hashlib.md5(f"abc|{unit}".encode()).hexdigest())
    bought = np.array([
        any(exposed <= at < exposed + 2 * DAY for at, _ in orders)
        for exposed, orders in (rows[unit] for unit in units)
    ])  # fmt: skip
    treated = deal(len(units), 0.5, 600, np.random.default_rng([seed_of("abc"), len(units)]))
    p_values = []
    for arm in treated:
        table = [[bought[arm].sum(), (~bought[arm]).sum()],
                 [bought[~arm].sum(), (~bought[~arm]).sum()]]  # fmt: skip
        p_values.append(stats.chi2_contingency(table, correction=False).pvalue)
    row = rates(gate)["bought", "fixed", "false_positive"]
    assert row["n_units"] == len(units) == gate["experiments"][0]["n_buckets"]
    assert row["n_rejected"] == sum(p <= 0.1 for p in p_values)
    assert row["n_rejected"] > 20


def test_every_role_is_asked_what_it_decides(gate):
    found = rates(gate)
    asked = {}
    for metric, test, measure in found:
        asked.setdefault(metric, set()).add(f"{test} {measure}")
    false, power = "false_positive", "power"
    success = {f"fixed {false}", f"daily {false}", f"fixed {power}", f"superior {false}",
               f"superior {power}", f"harm {false}"}  # fmt: skip
    assert asked == {
        "bought": success,
        "spent": success,
        "per_order": {f"fixed {false}", f"daily {false}", f"noninferior {false}",
                      f"noninferior {power}", f"harm {false}"},
        # Units that change from day to day are tested at the end alone.
        "so_far": {f"fixed {false}", f"fixed {power}", f"superior {false}", f"superior {power}"},
    }  # fmt: skip
    assert found["bought", "superior", power]["n_looks"] == 2
    assert found["bought", "superior", power]["effect"] == 0.2
    assert found["per_order", "noninferior", false]["effect"] == -0.2
    assert found["bought", "fixed", false]["nominal"] == 0.1
    assert found["bought", "superior", false]["nominal"] == 0.05
    assert found["bought", "daily", false]["rate"] > found["bought", "fixed", false]["rate"]
    (experiment,) = gate["experiments"]
    assert "moments of buckets" in experiment["left_out"]["spent_p90"]
    assert gate["salt"] == "abc"


def test_the_table_holds_the_last_run_of_each_experiment(gate, validate, shop):
    def written():
        return {(row["metric"], row["test"], row["measure"]): row
                for row in shop.mart("validation") if row["experiment_id"] == "gate"}  # fmt: skip

    found = written()
    assert found.keys() == rates(gate).keys()
    for key, row in rates(gate).items():
        assert found[key] | row == found[key]
        assert (found[key]["salt"], found[key]["arms"]) == ("abc", "control")
    unwritten = validate("-e", "gate", "-m", "bought", "--runs", "20", "--no-write")
    assert unwritten.code == 0
    assert written() == found
    again = validate("-e", "gate", "-m", "bought", "--runs", "20", "--arms", "all")
    assert again.code == 0
    assert "1,600 units" not in again.out
    assert "Units of all arms together in 1,600 buckets, one unit each" in again.out
    assert {row["metric"] for row in written().values()} == {"bought"}
    assert {row["n_units"] for row in written().values()} == {1600}


def test_a_salt_repeats_a_run_in_buckets(validate):
    asked = ["-e", "gate", "-m", "spent", "--runs", "50", "--no-write", "-f", "json"]
    asked += ["--buckets", "100"]
    first, again = (rates(validate(*asked, "--salt", "x").json) for _ in range(2))
    assert first == again
    fresh = [validate(*asked).json["salt"] for _ in range(2)]
    assert fresh[0] != fresh[1]


def test_a_heavy_tail_in_a_small_arm_is_withheld_and_flagged_where_it_cannot_be_seen(validate):
    asked = ["-e", "lopsided", "--runs", "1500", "--no-write", "--arms", "all", "--salt", "y"]
    answer = validate(*asked, "--fail-on", "flagged")
    assert answer.code == 1
    assert "4% of the buckets treated" in answer.out
    assert "More false positives than there may be: spent_far." in answer.out
    withheld = "of 1,500 deals a verdict would say nothing of spent_plain: too few units"
    assert withheld in " ".join(answer.out.split())
    assert validate(*asked).code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-e", "gaet"], ["experiment 'gaet': is not defined", "did you mean 'gate'?"]),
        (["-e", "gate", "-m", "bougt"], ["metric 'bougt'", "did you mean 'bought'?"]),
        (["-e", "gate", "-m", "spent_p90"], ["metric 'spent_p90' is a quantile"]),
        (["-e", "tiny"], ["bought has 150 units whose window is closed, and at least 200"]),
        (["-e", "planned"], ["experiment 'planned' is a draft"]),
        (["-e", "gate", "--buckets", "5", "--runs", "0"], ["from 20 to 4096, got 5", "least 1"]),
    ],
)
def test_what_is_wrong_is_said(validate, arguments, said):
    answer = validate(*arguments, "--no-write")
    assert answer.code == 1
    for text in said:
        assert text in answer.err


def test_what_cannot_be_validated_does_not_keep_others_from_it(validate, shop):
    asked = ["--runs", "20", "--salt", "z", "--metric", "bought"]
    answer = validate(*asked, "--format", "json")
    assert answer.code == 0, answer.err
    assert [each["experiment_id"] for each in answer.json["experiments"]] == ["gate"]
    reasons = answer.json["left_out"]
    assert sorted(reasons) == ["lopsided", "tiny"]
    assert "is not used by experiment 'lopsided'" in reasons["lopsided"]
    assert "bought has 150 units" in reasons["tiny"]
    assert "gate" in {row["experiment_id"] for row in shop.mart("validation")}
    told = validate(*asked, "--no-write")
    assert "Not validated: lopsided, tiny" in told.out
    nothing = validate("--metric", "spent_p90", "--no-write")
    assert nothing.code == 1
    assert "No experiment can be validated" in nothing.err


def test_an_edited_experiment_has_to_be_built_first(validate, shop):
    path = shop.folder / "experiments" / "tiny.yml"
    before = path.read_text()
    path.write_text(before.replace("alpha: 0.1", "alpha: 0.2"))
    try:
        answer = validate("-e", "tiny")
    finally:
        path.write_text(before)
    assert answer.code == 1
    assert "edited after the last build" in answer.err


def test_units_of_past_weeks_are_dealt_as_those_of_an_experiment_are(validate, shop):
    tables = {row["table_name"] for row in shop.rows("select table_name from duckdb_tables()")}
    kept = shop.mart("validation")
    past = validate(*PAST)
    assert past.code == 0, past.out + past.err
    (found,) = past.json["experiments"]
    assert found["experiment_id"] == "past units"
    population = past.json["population"]
    assert (population["model"], population["units"]) == ("assigned", UNITS)
    assert (population["first"], population["until"]) == ("2026-01-01", "2026-01-11")
    # The experiment has the same units, days, metrics and design; so has every deal.
    gate = validate(
        "-e", "gate", "--arms", "all", "--runs", "300", "--salt", "again", "--no-write",
        "-m", "bought", "-m", "spent", "-m", "per_order", "--format", "json",
    ).json["experiments"][0]  # fmt: skip
    assert found["n_units"] == gate["n_units"] == UNITS

    def rates(document):
        return {
            (row["metric"], row["test"], row["measure"]): (row["n_runs"], row["n_rejected"])
            for row in document["rates"]
        }

    assert rates(found) == rates(gate)
    assert len(rates(found)) > 10
    # Nothing is left behind, and nothing is written.
    after = {row["table_name"] for row in shop.rows("select table_name from duckdb_tables()")}
    assert after == tables
    assert shop.mart("validation") == kept


def test_options_of_the_past_and_of_experiments_are_not_mixed(validate):
    for given, told in (
        (("--on", "assigned", "--alpha", "0.1"), "--alpha, --on need --past"),
        (("--past", "-m", "bought", "-e", "gate"), "--experiment cannot be given with --past"),
        (("--past",), "--metric must name a success metric, got none"),
        (("--past", "-m", "bought", "--looks", "0"), "--looks must be from 1 to 100, got 0"),
    ):
        answer = validate(*given)
        assert answer.code == 2
        assert told in " ".join(answer.err.replace("\u2502", " ").split())


def test_metrics_that_cannot_be_dealt_are_told_of_the_past_too(validate):
    answer = validate(*PAST, "--metric", "spent_p90")
    assert answer.code == 0, answer.out + answer.err
    (found,) = answer.json["experiments"]
    assert "quantile" in found["left_out"]["spent_p90"]
    assert {row["metric"] for row in found["rates"]} == {"bought", "spent", "per_order"}
    answer = validate("--past", "--metric", "unknown", "--on", "assigned")
    assert answer.code == 1
    assert "unknown" in answer.err
