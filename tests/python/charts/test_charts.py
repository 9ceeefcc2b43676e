"""What charts say, draw and refuse to draw."""

import json
import math
import re
from datetime import date, timedelta
from xml.etree import ElementTree as ET

import altair as alt
import pytest
from memo.example_marts import HOSTILE

from experimentos import charts
from experimentos.charts import drawings, wording
from experimentos.charts.shapes import SHAPES

START = date(2026, 9, 1)
NAN, INFINITE = float("nan"), float("inf")


def forest(name="ordered · one_page", estimate=6.53, theme=charts.LIGHT):
    return charts.forest(
        [
            charts.ForestRow(name, estimate, 4.1, 9.02, "good", "better"),
            charts.ForestRow("page_load · one_page", 0.2, -0.4, None, "bad", "worse", 2.0),
        ],
        theme,
    )


def boundary(name="x", estimate=2.31, theme=charts.LIGHT):
    return charts.boundary(
        [
            charts.LookRow(2, 0.5, estimate, 2.96, -0.1, START + timedelta(7)),
            charts.LookRow(1, 0.25, 1.2, None, -1.1, START),
            charts.LookRow(4, 1.0, None, 2.02, None, START + timedelta(21), is_planned=True),
            charts.LookRow(3, 0.75, None, 2.36, None, None, is_planned=True),
        ],
        theme,
    )


def by_day(name="x", estimate=2.31, theme=charts.LIGHT):
    rows = [
        charts.DayRow(START + timedelta(i), estimate, estimate - 9 / i, estimate + 9 / i, 1, 3)
        for i in (2, 1, 3, 4)
    ]
    return charts.by_day(rows, theme, unit=" pp")


def by_age(name="x", estimate=2.31, theme=charts.LIGHT):
    rows = [charts.AgeRow(i, estimate, estimate - 1, estimate + 1, 1000 * i) for i in (2, 1, 7)]
    return charts.by_age(rows, theme)


def posterior(name="one_page", estimate=2.31, theme=charts.LIGHT):
    points = tuple(i / 4 for i in range(20))
    bell = tuple(math.exp(-((x - estimate) ** 2)) for x in points)
    rows = [
        charts.PosteriorRow(name, points, bell, 0.5, 4.1, 0.9999999),
        charts.PosteriorRow("two_step", points, bell, 0.5, 4.1, 0.5),
    ]
    return charts.posterior(rows, theme)


def sample_ratio(name="one_page", estimate=0.51, theme=charts.LIGHT):
    rows = [
        charts.ShareRow(START + timedelta(i), variant, share, 0.5, 0.495, 0.505, 100 * i)
        for i in (1, 2)
        for variant, share in ((name, estimate), ("control", 0.5))
    ]
    return charts.sample_ratio(rows, theme)


def histogram(name="one_page", estimate=20.0, theme=charts.LIGHT):
    rows = [
        charts.BinRow(variant, lower, upper, n)
        for variant in ("control", name)
        for lower, upper, n in (
            (0.0, 0.0, 300), (0.0, estimate, 70), (estimate, 2 * estimate, 20),
            (2 * estimate, None, 10),
        )
    ]  # fmt: skip
    return charts.distribution(rows, theme, unit=" EUR")


def cumulative(name="one_page", estimate=20.0, theme=charts.LIGHT):
    rows = [charts.BinRow(name, i * estimate, (i + 1) * estimate, n) for i, n in enumerate((3, 7))]
    return charts.distribution(rows, theme, cumulative=True)


def funnel(name="one_page", estimate=20.0, theme=charts.LIGHT):
    losses = [charts.LossRow("unit in two variants", 40, 18), charts.LossRow("no unit", 1)]
    left = [charts.AnalysedRow("control", 30_000), charts.AnalysedRow(name, 29_959)]
    return charts.funnel(60_000, losses, left, theme)


def balance(name="revenue · one_page", estimate=0.012, theme=charts.LIGHT):
    return charts.balance([charts.BalanceRow(name, estimate, 0.02)], theme)


MADE = [
    forest, boundary, by_day, by_age, posterior, sample_ratio, histogram, cumulative, balance,
    funnel,
]  # fmt: skip
NAMED = [forest, posterior, sample_ratio, histogram, cumulative, balance, funnel]


@pytest.mark.parametrize("make", MADE)
def test_a_chart_is_the_same_for_the_same_rows(make):
    first, again = make(), make()
    assert json.dumps(first.spec) == json.dumps(again.spec)
    assert first.svg() == again.svg()


@pytest.mark.parametrize("make", MADE)
def test_the_last_bits_of_a_sum_change_nothing(make):
    estimate = make.__defaults__[1]
    assert json.dumps(make(estimate=estimate * (1 + 1e-13)).spec) == json.dumps(make().spec)


@pytest.mark.parametrize("make", MADE)
def test_a_shape_is_valid_vega_lite(make):
    chart = make()
    SHAPES[chart.kind](**chart.options).to_dict(validate=True)
    alt.LayerChart.from_dict({key: part for key, part in chart.spec.items() if key != "config"})


@pytest.mark.parametrize("make", MADE)
def test_a_picture_needs_nothing_and_runs_nothing(make):
    picture = ET.fromstring(make().svg())
    tags = {element.tag.rpartition("}")[2] for element in picture.iter()}
    assert tags <= {"svg", "g", "path", "line", "rect", "text", "tspan", "defs", "clipPath"}
    names = {name for element in picture.iter() for name in element.attrib}
    assert not {name for name in names if name.startswith("on") or "href" in name}
    assert picture.get("width")


@pytest.mark.parametrize("make", MADE)
@pytest.mark.parametrize("theme", [charts.LIGHT, charts.DARK], ids=lambda theme: theme.name)
def test_only_colours_of_the_theme_are_drawn(make, theme):
    svg = make(theme=theme).svg()
    colours = set(re.findall(r'(?:fill|stroke)="(#\w+|[a-z]+)"', svg))
    known = {theme.page, theme.ink, theme.soft, theme.line, theme.accepted, "none", "transparent"}
    known |= {theme.good, theme.bad, theme.caution, theme.neutral, *theme.categories}
    assert colours <= known


@pytest.mark.parametrize("make", MADE)
def test_a_chart_says_in_words_what_it_shows(make):
    chart = make()
    assert chart.spec["description"] == chart.text
    assert re.search(r"\d", chart.text)
    assert chart.text.endswith(".")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("make", NAMED)
def test_a_hostile_name_is_a_value_and_nothing_else(make, text):
    chart, usual = make(text), make()
    without = {key: part for key, part in chart.spec.items() if key not in {"data", "description"}}
    expected = {key: part for key, part in usual.spec.items() if key not in {"data", "description"}}
    assert without == expected
    shown = {value for row in chart.values for value in row.values() if isinstance(value, str)}
    # What is written from right to left is isolated, in pairs that end with the name.
    assert all(value.count("\u2068") == value.count("\u2069") for value in shown)
    plain = {value.replace("\u2068", "").replace("\u2069", "") for value in shown}
    assert not any(wording.hides(character) for value in plain for character in value)
    assert all(len(value) <= 80 for value in shown)


def test_a_script_in_a_name_is_text_in_the_picture():
    svg = forest("<script>alert('x')</script>").svg()
    assert "<script" not in svg
    assert "&lt;script&gt;" in svg


def test_names_that_look_alike_stay_apart():
    rows = [charts.ForestRow("a", 1, 0, 2), charts.ForestRow("a ", 2, 1, 3)]
    assert [row["label"] for row in charts.forest(rows).values] == ["a", "a (2)"]
    shown = sample_ratio("control ").values
    assert len({row["variant"] for row in shown}) == 2


NOTHING = [
    charts.forest([]),
    charts.forest([charts.ForestRow("a", None, None, None)]),
    charts.forest([charts.ForestRow("a", NAN, NAN, INFINITE)]),
    charts.boundary([]),
    charts.boundary([charts.LookRow(1, None, 2.0, 3.0)]),
    charts.by_day([]),
    charts.by_day([charts.DayRow(START, 1.0, 0.0, 2.0)]),
    charts.by_day([charts.DayRow(START + timedelta(i), INFINITE, 0.0, 2.0) for i in range(9)]),
    charts.by_age([charts.AgeRow(1, 1.0, 0.0, 2.0), charts.AgeRow(2, NAN, None, None)]),
    charts.posterior([]),
    charts.posterior([charts.PosteriorRow("a", (1.0, 2.0), (0.0, NAN), None, None, None)]),
    charts.sample_ratio([]),
    charts.sample_ratio(
        [charts.ShareRow(START + timedelta(i), "a", 0.5, None, None, None, 1) for i in range(3)]
    ),
    charts.distribution([]),
    charts.distribution([charts.BinRow("a", 0.0, INFINITE, 3)]),
    charts.distribution([charts.BinRow("a", 0.0, 1.0, 0)]),
    charts.boundary([charts.LookRow(1, 0.5, None, 2.96, is_planned=True)]),
    charts.funnel(0, [], []),
    charts.balance([]),
    charts.balance([charts.BalanceRow("a", None)]),
]


@pytest.mark.parametrize("chart", NOTHING, ids=range(len(NOTHING)))
def test_what_cannot_be_drawn_is_not_drawn_and_says_why(chart):
    assert chart.is_empty
    assert chart.spec == chart.shape == {}
    assert chart.svg() == ""
    assert re.fullmatch(r"No chart: .+\.", chart.text)


def test_a_side_without_a_bound_is_said_and_not_drawn():
    (row,) = charts.forest([charts.ForestRow("a", 1.5, 0.5, None)]).values
    assert row["Interval"] == "+0.5% to no bound"
    assert row["upper"] == 1.5


def test_a_row_without_an_estimate_is_named():
    rows = [charts.ForestRow("a", 1.5, 0.5, 2.5), charts.ForestRow("b", None, None, None)]
    chart = charts.forest(rows)
    assert len(chart.values) == 1
    assert "Without an estimate: b." in chart.text


def test_many_rows_are_drawn_and_the_first_are_told():
    chart = charts.forest([charts.ForestRow(f"m{i}", i, i - 1, i + 1) for i in range(40)])
    assert len(chart.values) == 40
    assert "32 more comparisons in the table" in chart.text


def test_a_look_before_any_boundary_has_none():
    chart = boundary()
    assert [row["Boundary"] for row in chart.values] == ["none yet", "+2.96", "+2.36", "+2.02"]
    assert (
        "with no boundary yet; look 2, 2026-09-08 at 50% of the plan: +2.31 is below" in chart.text
    )


def test_looks_to_come_have_a_boundary_and_no_statistic():
    chart = boundary()
    assert [row["statistic"] for row in chart.values] == [1.2, 2.31, None, None]
    assert [row["is_last"] for row in chart.values] == [False, True, False, False]
    assert [row["is_end"] for row in chart.values] == [False, False, False, True]
    assert chart.values[2]["Look"] == "3 (planned)"
    assert "look 3 is planned at 75% of the plan, with the boundary +2.36" in chart.text
    assert "look 4 is planned on 2026-09-22 at 100% of the plan" in chart.text
    assert "stroke-dasharray" in chart.svg()
    taken = charts.boundary([charts.LookRow(1, 0.5, 1.0, 2.96), charts.LookRow(2, 1.0, 3.0, 1.97)])
    assert "stroke-dasharray" not in taken.svg()


def test_a_bar_of_zeros_that_towers_is_told_and_not_drawn():
    chart = histogram()
    assert {row["variant"] for row in chart.values} == {
        "control: 75% at 0", "one_page: 75% at 0",
    }  # fmt: skip
    # Shares stay those of all units.
    assert [row["Share"] for row in chart.values[:3]] == ["17.5%", "5%", "2.5%"]
    assert [row["bin"] for row in chart.values[:3]] == ["0 to 20", "20 to 40", "40 and more"]
    assert "control: 400 units, 75% at 0, the middle one of the others at 0 to 20 EUR" in (
        chart.text
    )


def test_a_bar_of_zeros_like_others_is_drawn():
    rows = [charts.BinRow("a", 0.0, 0.0, 40), charts.BinRow("a", 0.0, 5.0, 30)]
    chart = charts.distribution(rows)
    assert [(row["bin"], row["share"]) for row in chart.values] == [
        ("0", 57.1429), ("0 to 5", 42.8571),
    ]  # fmt: skip
    assert not chart.options["without_zero"]


def test_cumulative_shares_count_zeros_and_end_at_all_units():
    bins = ((0.0, 0.0, 60), (0.0, 5.0, 32), (5.0, 10.0, 6), (10.0, None, 2))
    rows = [charts.BinRow("a", *each) for each in bins]
    chart = charts.distribution(rows, cumulative=True, unit=" EUR")
    assert [row["share"] for row in chart.values] == [60, 92, 98, 100]
    assert "a: half up to 0 EUR, 90% up to 5 EUR, 99% in 10 EUR and more." in chart.text


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ((1.0, 2.0), "1"), ((0.0, 5.0), "1 to 4"), ((5.0, 10.0), "5 to 9"), ((0.0, 0.0), "0"),
        ((20.0, None), "20 and more"), ((-2.0, -1.0), "−1"), ((-5.0, 0.0), "−4 to −1"),
        ((None, -5.0), "up to −5"), ((1e6, 2e6), "1,000,000 to 1,999,999"),
    ],
)  # fmt: skip
def test_bins_of_whole_numbers_are_named_by_what_is_in_them(ends, expected):
    (row,) = charts.distribution([charts.BinRow("a", *ends, 3, is_whole=True)]).values
    assert row["bin"] == expected


def test_ends_that_are_near_each_other_stay_apart():
    rows = [charts.BinRow("a", 10_000.0 + i, 10_001.0 + i, 1) for i in range(3)]
    shown = [row["bin"] for row in charts.distribution(rows).values]
    assert shown == ["10,000 to 10,001", "10,001 to 10,002", "10,002 to 10,003"]
    rows = [charts.BinRow("a", 2e-8 * i, 2e-8 * (i + 1), 1) for i in range(1, 3)]
    assert charts.distribution(rows).values[0]["bin"] == "2.000e-08 to 4.000e-08"


def test_a_funnel_ends_where_all_losses_have_brought_it():
    values = funnel().values
    assert [(row["start"], row["end"]) for row in values] == [
        (0, 60_000), (59_960, 60_000), (59_959, 59_960), (0, 59_959), (0, 30_000), (30_000, 59_959),
    ]  # fmt: skip
    assert values[2]["words"] == "Left out, no unit: 1 (under 0.1%)"
    assert values[2]["Units"] == "not shown"
    assert values[-1]["words"] == "Analysed in one_page: 29,959 (49.9%)"


def test_variants_whose_units_are_not_the_rows_left_stand_aside():
    left = [charts.AnalysedRow("control", 30), charts.AnalysedRow("one_page", 29)]
    assert [row["kind"] for row in charts.funnel(60, [], left).values] == ["all", "left"]


def test_a_course_counts_the_days_on_which_0_is_excluded():
    said = "Not corrected for other metrics, the interval excludes 0 on 1 of 4 days."
    assert said in by_day().text
    rows = [charts.DayRow(START + timedelta(i), 1.0, None, None) for i in (0, 1)]
    assert "No day has an interval." in charts.by_day(rows).text


def test_a_share_beyond_chance_is_said():
    assert "one_page 51% where 50% were planned, outside of where chance" in sample_ratio().text
    assert "outside" not in sample_ratio(estimate=0.5).text


def test_no_probability_is_0_or_1():
    assert "probability to be better more than 99.99%" in posterior().text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0"), (-0.0, "0"), (1234567.8, "1,234,570"), (-12.345678, "−12.35"), (1.5, "1.5"),
        (0.000012345, "1.234e-05"), (5e11, "5.000e+11"), (None, "not shown"), (NAN, "not shown"),
    ],
)  # fmt: skip
def test_numbers_are_short_and_plain(value, expected):
    assert wording.number(value) == expected


def test_a_drawing_is_kept_for_the_next_process(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for kept in (drawings.drawing, drawings._kept):
        kept.cache_clear()
    first = drawings.drawing("balance", ())
    (file,) = (tmp_path / "experimentos").iterdir()
    for kept in (drawings.drawing, drawings._kept):
        kept.cache_clear()
    with monkeypatch.context() as patched:
        patched.setattr(drawings, "import_module", lambda name: pytest.fail(f"imports {name}"))
        assert drawings.drawing("balance", ()) == first
    # What is not to be read is made again.
    file.write_text("{")
    for kept in (drawings.drawing, drawings._kept):
        kept.cache_clear()
    assert drawings.drawing("balance", ()) == first
    assert "balance" in file.read_text()


def test_where_nothing_can_be_kept_charts_are_drawn_all_the_same(monkeypatch, tmp_path):
    (tmp_path / "experimentos").write_text("a file where the folder should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for kept in (drawings.drawing, drawings._kept):
        kept.cache_clear()
    assert drawings.drawing("balance", ())["layer"]
