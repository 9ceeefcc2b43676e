from datetime import UTC, datetime, timedelta, timezone

import pytest

from experimentos.memo.changes import find_changes

DAY_1, DAY_2, DAY_3 = (datetime.fromisoformat(f"2026-10-0{day}") for day in (1, 2, 3))


def decision(verdict="hold", as_of=DAY_3, definitions="a", variant=None, **columns):
    return {
        "experiment_id": "one",
        "verdict": verdict,
        "variant": variant,
        "data_as_of": as_of,
        "definitions_hash": definitions,
        **columns,
    }


def remembered(
    verdict="hold", as_of=DAY_3, definitions="a", variant=None, decided_at=None, edits=0
):
    made = decision(verdict, as_of, definitions, variant)
    return made | {"decided_at": decided_at or as_of, "n_edits": edits}


def what(now, history, **options):
    change = find_changes([now], history, **options).get("one")
    return () if change is None else change.what


def test_what_was_never_decided_is_new():
    assert what(decision(), []) == ("new",)
    # The build has remembered itself already.
    assert what(decision(), [remembered()]) == ("new",)


def test_the_row_before_that_of_the_build_counts():
    history = [remembered("hold", DAY_2), remembered("launch", DAY_3, variant="new")]
    assert what(decision("launch", variant="new"), history) == ("verdict",)
    assert what(decision("hold"), [remembered("hold", DAY_2), remembered("hold", DAY_3)]) == ()
    changes = find_changes([decision("launch", variant="new")], history)
    assert changes["one"].verdict_before == "hold"


def test_another_variant_is_another_verdict():
    history = [
        remembered("launch", DAY_2, variant="old"),
        remembered("launch", DAY_3, variant="new"),
    ]
    assert what(decision("launch", variant="new"), history) == ("verdict",)


def test_an_edit_counts_also_without_new_data():
    history = [remembered(definitions="a"), remembered(definitions="b", edits=1)]
    assert what(decision(definitions="b"), history) == ("definitions",)
    assert what(decision("rollback", definitions="b", variant="x"), history) == (
        "verdict",
        "definitions",
    )


def test_a_verdict_that_late_rows_turned_counts_though_no_row_was_added():
    history = [remembered("hold", DAY_2), remembered("hold", DAY_3)]
    assert what(decision("launch", DAY_3, variant="new"), history) == ("verdict",)


def test_a_pull_request_is_compared_with_what_production_said_last():
    production = [remembered("hold", DAY_2), remembered("launch", DAY_3, variant="new")]
    own = [remembered("launch", DAY_3, variant="new")]
    now = decision("launch", DAY_3, variant="new")
    # The row of the same data and definition counts: it is not that of this build.
    assert what(now, own, memory=production) == ()
    assert what(decision("hold"), own, memory=production) == ("verdict",)


def test_since_a_day_counts_what_was_said_before_it():
    history = [
        remembered("hold", DAY_1),
        remembered("launch", DAY_2, variant="new"),
        remembered("launch", DAY_3, variant="new"),
    ]
    now = decision("launch", variant="new")
    assert what(now, history, since=DAY_2) == ("verdict",)
    assert what(now, history, since=DAY_3) == ()
    assert what(now, history, since=DAY_1) == ("new",)


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=5))])
def test_times_with_a_zone_are_turned(zone):
    history = [
        remembered("hold", DAY_2, decided_at=DAY_2.replace(tzinfo=UTC).astimezone(zone)),
        remembered("launch", DAY_3, variant="new", decided_at=DAY_3.replace(tzinfo=UTC)),
    ]
    assert what(decision("launch", variant="new"), history, since=DAY_3) == ("verdict",)


def test_experiments_without_dates_have_a_history_too():
    history = [
        remembered(as_of=None, decided_at=DAY_1),
        remembered("launch", None, "b", "new", DAY_2),
    ]
    assert what(decision("launch", None, "b", "new"), history) == ("verdict", "definitions")


def test_the_order_of_rows_does_not_matter():
    history = [remembered("hold", DAY_1), remembered("launch", DAY_2, variant="new"), remembered()]
    for rows in (history, history[::-1]):
        assert what(decision("hold"), rows) == ("verdict",)
