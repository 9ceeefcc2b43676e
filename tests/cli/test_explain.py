"""`experimentos explain`: how a metric is computed, and what other readings of its window give."""

import datetime as dt
import math

import pyarrow as pa
import pytest

import experimentos as ex

pytestmark = pytest.mark.slow

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
TICK = dt.timedelta(microseconds=1)
START = dt.datetime(2024, 2, 26)  # a leap day and the end of a month lie in its windows
DATA_AS_OF = dt.datetime(2024, 3, 12)
END = dt.datetime(2024, 3, 10)
METRICS = {
    "won": {"type": "proportion", "window": "7 days"},
    "hurried": {"type": "proportion", "window": "36 hours", "delay": "6 hours"},
    "came_back": {"type": "retention", "from": "2 days", "to": "5 days"},
    "valued": {"type": "proportion", "value": "amount - 2"},
    "big": {"type": "proportion", "value": "amount", "threshold": 2},
    "twice": {"type": "proportion", "threshold": 2, "goal": "decrease"},
    "paid": {"type": "funnel", "steps": ["kind = 'cart' -- first", "\"order\" = 'pay'"]},
    "now": {"type": "proportion", "mature": False, "where": "kind = 'cart'"},
    "open": {"type": "proportion", "window": "none"},
    "revenue": {"type": "mean", "value": "amount", "covariate": "none"},
    "unused": {"type": "proportion", "value": "amount"},
}
COUNTED = [name for name, metric in METRICS.items() if metric["type"] != "mean"][:-1]
SPANS = {
    "won": (0 * DAY, 7 * DAY),
    "hurried": (6 * HOUR, 42 * HOUR),
    "came_back": (2 * DAY, 5 * DAY),
}


def is_value(amount):
    return amount is not None and math.isfinite(amount) and abs(amount) < 1e100


def funnel(rows):
    carts = [at for at, kind, _ in rows if kind == "cart"]
    return bool(carts) and any(at >= min(carts) for at, kind, _ in rows if kind == "pay")


# A unit's rows in its window -> whether it converted.
CONVERTS = {
    "valued": lambda rows: any(is_value(a) and a > 2 for _, _, a in rows),
    "big": lambda rows: sum(a for _, _, a in rows if is_value(a)) >= 2,
    "twice": lambda rows: len(rows) >= 2,
    "paid": funnel,
    "now": lambda rows: any(kind == "cart" for _, kind, _ in rows),
}


def rows_of(number, exposed):
    """What a unit does: at the edges of windows, before exposure on its day, and now and then."""
    edges = [-6 * HOUR, -TICK, 0 * HOUR, 7 * DAY - TICK, 7 * DAY, 7 * DAY - 11 * HOUR]
    edges += [6 * HOUR, 42 * HOUR - TICK, 42 * HOUR, 2 * DAY, 5 * DAY, 20 * HOUR, 3 * DAY]
    amounts = [1.0, 2.5, None, float("nan"), 0.5, 1e300]
    times = [edges[(number * 7 + step * 3) % len(edges)] for step in range(max(number % 4 - 1, 0))]
    return [
        (exposed + time, ["cart", "pay", "view"][(number + i) % 3], amounts[(number + i) % 6])
        for i, time in enumerate(times)
    ]


@pytest.fixture(scope="module")
def units():
    """(unit, variant, exposed at, rows)."""
    made = []
    for number in range(400):
        exposed = START + number * dt.timedelta(minutes=46) + (number % 3 == 0) * TICK
        exposed = exposed.replace(hour=0, minute=0, second=0) if number % 11 == 0 else exposed
        variant = "treatment" if number % 2 else "control"
        rows = rows_of(number // 2, exposed)
        if variant == "treatment" and number % 3 and exposed.hour >= 7:
            rows = [(exposed - 6 * HOUR, "cart", 1.0)]
        made.append((number, variant, exposed, [row for row in rows if row[0] < DATA_AS_OF]))
    return made


@pytest.fixture(scope="module")
def shop(project_of_strings, tmp_path_factory, units):
    models = {"assignment_models": ["assigned"], "fact_models": ["orders", "days", "gates"]}
    project = project_of_strings(tmp_path_factory.mktemp("explain"), models)
    columns = ["unit", "variant", "at", "experiment"]
    ids = [(unit, variant, exposed, "gate") for unit, variant, exposed, _ in units]
    split = [(unit, "abc"[unit % 3], exposed, "ramp") for unit, _, exposed, _ in units]
    project.model(
        "assigned",
        pa.table({c: [row[i] for row in ids + split] for i, c in enumerate(columns)}),
        {"assignments": {"experiment": "experiment", "variant": "variant", "unit": "unit",
                         "timestamp": "at"}},
    )  # fmt: skip
    facts = [(unit, *row) for unit, _, _, rows in units for row in rows]
    names = ["unit", "at", "kind", "amount"]
    table = pa.table({name: [row[i] for row in facts] for i, name in enumerate(names)})
    fact = {"unit": "unit", "timestamp": "at", "complete_until": str(DATA_AS_OF)}
    project.model(
        "orders", table.append_column("order", table["kind"]), fact | {"metrics": METRICS}
    )
    days = "select unit, cast(\"at\" as date) as day from {{ ref('orders') }}"
    dated = {"type": "proportion", "window": "3 days"}
    project.model("days", days, fact | {"timestamp": "day", "metrics": {"by_day": dated}})
    gates = "select distinct unit, true as done from {{ ref('orders') }}"
    timeless = {"unit": "unit", "timestamp": "none", "metrics": {"done": {"type": "proportion"}}}
    project.model("gates", gates, timeless)
    gate = {"start": START, "end": END, "control": "control", "success": ["won", "done"],
            "variants": {"control": 0.5, "treatment": 0.5}, "explore": [
                *COUNTED[1:], "revenue", "by_day"]}  # fmt: skip
    project.experiment("gate", gate)
    ramp = [
        {"from": START, "split": {"a": 0.5, "b": 0.25, "c": 0.25}},
        {"from": START + 6 * DAY, "split": {"a": 0.4, "b": 0.3, "c": 0.3}},
    ]
    project.experiment(
        "ramp",
        {"start": START, "end": END, "control": "a", "variants": ramp, "success": ["won"],
         "explore": {"came_back": {}, "valued": {"window": "2 days"}},
         "activation": {"model": "orders", "where": "kind = 'cart'", "within": "3 days"}},
    )  # fmt: skip
    return project


@pytest.fixture(scope="module")
def built(shop):
    result = shop.dbt("build", "--select", "+experimentos__moments")
    assert result.success
    return shop


@pytest.fixture(scope="module")
def explain(run, built):
    def explain(*arguments):
        folders = ["--project-dir", built.folder, "--profiles-dir", built.folder]
        return run("explain", *arguments, *folders)

    return explain


@pytest.fixture(scope="module")
def windows(explain):
    """Metric -> experiment -> what `--windows` says."""
    found = {}
    for metric in [*COUNTED, "by_day"]:
        answer = explain(metric, "--windows", "--format", "json")
        assert answer.code == 0, answer.out
        found[metric] = {one["experiment_id"]: one for one in answer.json["experiments"]}
    return found


def reading(one, name):
    (found,) = (each for each in one["readings"] if each["name"] == name)
    return found


def test_before_the_build_it_says_to_build(run, shop):
    folders = ["--project-dir", shop.folder, "--profiles-dir", shop.folder]
    answer = run("explain", "won", "--windows", *folders)
    assert answer.code == 1
    assert "is not there yet: run `dbt build`" in answer.err
    answer = run("explain", "won", *folders)
    assert answer.code == 0
    assert "model orders is not built yet" in answer.out


@pytest.mark.parametrize("metric", COUNTED)
@pytest.mark.parametrize("name", ["exact", "all", "days"])
def test_each_reading_counts_as_plain_python_does(windows, units, metric, name):
    since, until = SPANS.get(metric, (0 * DAY, 7 * DAY))
    counts = {"control": [0, 0], "treatment": [0, 0]}
    for _, variant, exposed, rows in units:
        begin, end, mature = exposed + since, exposed + until, exposed + until
        if name == "days":
            midnight = exposed.replace(hour=0, minute=0, second=0, microsecond=0)
            begin = midnight + since // DAY * DAY
            end = mature = midnight - (-until // DAY) * DAY
        if metric == "open":
            end, mature = DATA_AS_OF, END + 7 * DAY
        if name == "all" and metric != "came_back":
            mature, end = exposed + TICK, min(end, DATA_AS_OF)
        if mature > DATA_AS_OF:
            continue
        inside = [row for row in rows if begin <= row[0] < end]
        counts[variant][0] += 1
        counts[variant][1] += CONVERTS.get(metric, bool)(inside)
    found = reading(windows[metric]["gate"], name)
    assert {v: [found["units"][v], found["converted"][v]] for v in counts} == counts


@pytest.mark.parametrize("metric", [*COUNTED, "by_day"])
@pytest.mark.parametrize(("name", "basis"), [("exact", "mature"), ("all", "all")])
def test_exact_readings_are_those_of_the_marts(built, windows, metric, name, basis):
    for experiment, one in windows[metric].items():
        found = reading(one, name)
        for variant, n_units in found["units"].items():
            (row,) = built.rows(
                "select n_units, mean_num from main.experimentos__moments "
                f"where experiment_id = '{experiment}' and metric = '{metric}' "
                f"and variant = '{variant}' and basis = '{basis}' and segment = 'all' "
                f"and population = '{one['settings']['population']}' "
                f"and as_of = timestamp '{DATA_AS_OF}'"
            )
            assert row["n_units"] == n_units
            assert round((row["mean_num"] or 0) * n_units, 6) == found["converted"][variant]


def test_the_statistics_are_the_librarys(windows):
    for metric in ("won", "now"):
        found = reading(windows[metric]["gate"], "all")
        control, treatment = (
            ex.from_counts(found["converted"][v], found["units"][v])
            for v in ("control", "treatment")
        )
        effect = ex.score(control, treatment)
        (one,) = found["comparisons"]
        assert one["p_value"] == pytest.approx(effect.p_value.item(), rel=1e-12)
        assert one["lower"] == pytest.approx(effect.lower.item(), rel=1e-9)
        assert one["difference"] == pytest.approx(effect.estimate.item(), rel=1e-12)


def test_a_change_of_the_verdict_is_told(windows, explain):
    one = windows["won"]["gate"]
    verdicts = {r["name"]: r["comparisons"][0]["verdict"] for r in one["readings"]}
    assert verdicts["exact"] != verdicts["days"] == "better"
    assert one["verdict_changes"]
    assert (
        "Under calendar days of mature units treatment would count as better, under exact hours of "
        "mature units" in one["sentence"]
    )
    text = explain("won", "--windows", "-e", "gate").out
    assert one["sentence"] in text
    assert "exact hours of mature units (decides)" in text


def test_where_it_does_not_change_that_is_told(windows):
    same = [one for by in windows.values() for one in by.values() if not one["verdict_changes"]]
    assert same
    for one in same:
        assert one["sentence"].startswith(("The reading does not change the verdict (", "No unit"))


def test_a_metric_of_open_windows_decides_on_them(windows):
    decides = [r["name"] for r in windows["now"]["gate"]["readings"] if r["decides"]]
    assert decides == ["all"]


def test_phases_are_combined_and_both_treatments_told(windows):
    one = windows["won"]["ramp"]
    assert one["settings"]["population"] == "activated"
    for each in one["readings"]:
        assert [c["variant"] for c in each["comparisons"]] == ["b", "c"]
    assert all(c["p_value"] is not None for c in reading(one, "all")["comparisons"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["wom"], "metric or experiment 'wom': is not defined; allowed: gate, ramp, won"),
        (["wom", "--windows"], "did you mean 'won'?"),
        (["won", "-e", "gaet"], "did you mean 'gate'?"),
        (["big", "-e", "ramp"], "experiment 'ramp' does not use metric 'big'; used by: gate"),
        (["revenue", "--windows"], "metric 'revenue' is of type mean; --windows compares"),
        (["done", "--windows"], "`timestamp: none`, which has no times"),
        (["unused", "--windows"], "used by no experiment that has started"),
    ],
)
def test_what_cannot_be_explained_says_why(explain, arguments, said):
    answer = explain(*arguments)
    assert answer.code == 1
    assert said in answer.err
    assert said in explain(*arguments, "--format", "json").json["error"]


def test_of_an_archived_experiment_it_says_that_units_are_not_kept(
    run, project_of_strings, tmp_path
):
    models = {"assignment_models": ["assigned"], "fact_models": ["orders"]}
    project = project_of_strings(tmp_path, models)
    ids = {"experiment": "experiment", "variant": "variant", "unit": "unit", "timestamp": "at"}
    rows = "select i as unit, timestamp '2024-02-26' as \"at\" from range(40) as t(i)"
    arms = "case when i % 2 = 0 then 'a' else 'b' end as variant, 'over' as experiment,"
    project.model("assigned", rows.replace("i as", f"{arms} i as"), {"assignments": ids})
    fact = {"unit": "unit", "timestamp": "at", "complete_until": "2024-06-01"}
    project.model("orders", rows, fact | {"metrics": {"won": {"type": "proportion"}}})
    over = {"start": START, "end": END, "control": "a", "variants": {"a": 0.5, "b": 0.5}}
    project.experiment("over", over | {"success": ["won"]})
    ask = ["explain", "won", "--windows", "--project-dir", tmp_path, "--profiles-dir", tmp_path]
    project.build()
    assert "The reading does not change the verdict" in run(*ask).out
    project.build()
    said = " ".join(run(*ask).out.split())
    assert "over is archived, and its units are not kept" in said
    assert "`experimentos build --reopen over`" in said
    assert "No unit counts yet" not in said


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ("won", ["the share of units with at least one row", "│ gate", "│ ramp", "7 days"]),
        ("hurried", ["6 hours", "time >= (exposed_at + 21600"]),
        ("big", ["whose the sum of amount is at least 2"]),
        ("paid", ["What is read for step 2", "all steps in their order", "\"order\" = 'pay'"]),
        ("revenue", ["the mean over units of the sum of amount"]),
        ("now", ["also while its window is open"]),
        ("open", ["when observation ends", "time < observe_until"]),
        ("done", ["none: the model has no times"]),
        ("unused", ["No experiment uses it"]),
        ("by_day", ["date_trunc('day', exposed_at)"]),
    ],
)
def test_without_windows_it_says_how_a_metric_is_computed(explain, metric, said):
    answer = explain(metric)
    assert answer.code == 0
    for text in said:
        assert text in answer.out


def test_for_machines_all_of_it_is_there(explain):
    answer = explain("valued", "-e", "ramp", "--format", "json").json
    assert answer["metric"]["model"] == "orders"
    (use,) = answer["uses"]
    assert use["window"] == "2 days"
    (condition,) = answer["conditions"]
    assert condition["value"] == "(amount - 2)"
    assert "172800" in condition["to"]
