from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pandas as pd
import pytest
from memo import examples

from experimentos.errors import ArgumentError, TableError
from experimentos.memo import read_memos, render_markdown
from experimentos.memo.marts import MARTS, to_records


def test_each_mart_is_read_once_for_all_experiments():
    marts, calls = examples.every(), Counter()

    def fetch(name):
        calls[name] += 1
        return marts[name]

    memos = read_memos(fetch)
    assert [memo.experiment.experiment_id for memo in memos] == sorted(examples.ALL)
    assert calls == dict.fromkeys([*MARTS, "experiments", "metrics"], 1)


def test_chosen_experiments_come_in_the_order_of_their_ids():
    memos = read_memos(examples.fetcher(examples.every()), [examples.LAUNCH, examples.BLOCKED])
    ids = [memo.experiment.experiment_id for memo in memos]
    assert ids == [examples.BLOCKED, examples.LAUNCH]


def test_no_experiment_gives_no_memo():
    assert read_memos(examples.fetcher(examples.united())) == ()


def test_an_unknown_experiment_is_named_with_the_nearest():
    with pytest.raises(ArgumentError, match=r"got 'new_serch'. Did you mean 'new_search'\?"):
        read_memos(examples.fetcher(examples.every()), ["new_serch"])


def test_a_missing_column_is_named():
    marts = examples.every()
    del marts["effects"][0]["lift"]
    with pytest.raises(TableError, match="`experimentos__effects` must have the column 'lift'"):
        read_memos(examples.fetcher(marts))


def test_a_missing_experiment_id_is_named():
    marts = examples.every()
    del marts["power"][0]["experiment_id"]
    with pytest.raises(TableError, match="'experiment_id'"):
        read_memos(examples.fetcher(marts))


def test_the_look_that_decides_is_read_though_later_days_follow():
    marts = examples.launch()
    memo = examples.memo_of(marts)
    day = timedelta(days=1)
    later = [
        row | {"as_of": row["as_of"] + day, "estimate": 9.0, "level": None, "lower": None,
               "upper": None, "used_for_decision": False}
        for row in marts["effects"] if row["used_for_decision"]
    ]  # fmt: skip
    for row in marts["effects"]:
        row["is_latest"] = row["is_latest"] and not row["used_for_decision"]
    marts["effects"] += later
    after = examples.memo_of(marts)
    assert len(memo.findings) > 2
    assert after.findings == tuple(
        replace(finding, effect=replace(finding.effect, is_latest=False))
        for finding in memo.findings
    )
    assert {row.estimate for row in after.effects if row.used_for_decision} == {
        finding.effect.estimate for finding in memo.findings
    }
    assert 9.0 not in {row.estimate for row in after.effects}
    # Nobody came on the day after, so it is no day of the course.
    assert after.days == memo.days


def first(record, name, **columns):
    marts = examples.launch()
    (row,) = to_records(record, [marts[name][0] | columns], mart=name)
    return row


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), Decimal("NaN"), None])
def test_what_is_not_a_number_is_missing(value):
    assert first(MARTS["effects"], "effects", estimate=value, n_control=value).estimate is None


def test_warehouse_types_become_plain_ones():
    row = first(MARTS["effects"], "effects", estimate=Decimal("0.5"), n_control=Decimal(7))
    assert (row.estimate, row.n_control) == (0.5, 7)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (datetime(2026, 9, 1, 2, tzinfo=timezone(timedelta(hours=2))), "2026-09-01"),
        (datetime(2026, 9, 1, tzinfo=UTC), "2026-09-01"),
        (date(2026, 9, 1), "2026-09-01"),
        (pd.Timestamp("2026-09-01"), "2026-09-01"),
        (pd.NaT, None),
        (None, None),
    ],
)
def test_times_are_utc(value, expected):
    row = first(MARTS["effects"], "effects", as_of=value)
    assert row.as_of == (None if expected is None else datetime.fromisoformat(expected))


def test_the_funnel_counts_down_to_the_analysed_rows():
    memo = examples.memo_of(examples.launch())
    assert memo.n_rows == sum(row["n_rows"] for row in examples.launch()["exclusions"])
    assert memo.funnel[-1].rows_left == memo.analysed.n_rows == 180_191


def test_days_are_summed_and_the_control_comes_first():
    memo = examples.memo_of(examples.launch())
    assert [(row.variant, row.n_assigned) for row in memo.counts] == [
        ("control", 60187),
        ("one_page", 60297),
        ("two_step", 59959),
    ]


def test_only_the_latest_moments_and_effects_are_shown():
    marts = examples.launch()
    older = datetime.fromisoformat("2026-09-20")
    n_moments = len(marts["moments"])
    marts["moments"] += [row | {"as_of": older} for row in marts["moments"]]
    of_days = {"as_of": older, "is_latest": False, "used_for_decision": False}
    marts["effects"] += [row | of_days for row in marts["effects"]]
    memo = examples.memo_of(marts)
    assert len(memo.moments) == n_moments
    assert memo.findings == examples.memo_of(examples.launch()).findings


def test_the_order_of_rows_does_not_matter():
    marts = examples.launch()
    turned = {name: list(reversed(rows)) for name, rows in examples.launch().items()}
    turned["decision_evidence"] = marts["decision_evidence"]
    assert render_markdown(examples.memo_of(turned)) == render_markdown(examples.memo_of(marts))
