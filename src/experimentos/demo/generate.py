"""Raw assignments and events of the demo: the same bytes from the same seed.

What goes wrong in real logs is planted: users with two variants, repeated rows, rows before the
start and after the end, test labels, missing users, users without any activity, and an experiment
that nobody defined.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from experimentos.demo.plans import DAYS, FIRST_DAY, PLANS, UNPLANNED, USERS, WINDOW_DAYS, Plan

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

DAY: Final = 86_400
_ORDERS_A_DAY: Final = 0.022
_LOADS_A_DAY: Final = 0.06
_INACTIVE: Final = 0.15
_TAKING_PART: Final = 0.85
_REPEATED: Final = 0.10
_LATE: Final = 60
_TEST_ROWS: Final = 25
_MISSING_USERS: Final = 15


@dataclass(frozen=True)
class Assigned:
    """Who was assigned what and when, before the log goes wrong.

    Parameters
    ----------
    users, seconds, variants : array of shape (n,)
        User number, second since ``FIRST_DAY``, and index of the variant in the plan.
    """

    users: Integers
    seconds: Integers
    variants: Integers


def generate(folder: Path, *, seed: int = 20_250_101) -> tuple[Path, ...]:
    """Write the raw tables of the demo as Parquet files.

    Parameters
    ----------
    folder : Path
        Where to; made if need be.
    seed : int
        Another seed is another company of the same kind.

    Returns
    -------
    tuple of Path
        ``assignments.parquet``, ``orders.parquet`` and ``page_loads.parquet``.
    """
    random = np.random.default_rng(seed)
    activity = random.gamma(1.5, 1 / 1.5, USERS) * (random.random(USERS) >= _INACTIVE)
    assigned = [_assign(plan, random) for plan in PLANS]
    tables = {
        "assignments": _assignments(assigned, random),
        "orders": _orders(activity, assigned, random),
        "page_loads": _page_loads(activity, random),
    }
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, table in tables.items():
        paths.append(folder / f"{name}.parquet")
        pq.write_table(table, paths[-1], compression="zstd")
    return tuple(paths)


def _assign(plan: Plan, random: np.random.Generator) -> Assigned:
    users = np.flatnonzero(random.random(USERS) < _TAKING_PART)
    seconds = random.integers(plan.start * DAY, (plan.start + plan.days) * DAY, users.size)
    shares = np.cumsum(list(plan.variants.values()))
    variants = np.searchsorted(shares, random.random(users.size), side="right")
    return Assigned(users, seconds, np.minimum(variants, len(shares) - 1))


def _assignments(assigned: list[Assigned], random: np.random.Generator) -> pa.Table:
    parts = [_log(plan, drawn, random) for plan, drawn in zip(PLANS, assigned, strict=True)]
    parts.append(_unplanned(random))
    users = np.concatenate([part[0] for part in parts])
    seconds = np.concatenate([part[1] for part in parts])
    variants = np.concatenate([part[2] for part in parts])
    experiments = np.repeat(
        [*(plan.experiment for plan in PLANS), UNPLANNED], [part[0].size for part in parts]
    )
    order = np.lexsort((users, seconds))
    return pa.table(
        {
            "user_id": pa.array(users[order], mask=users[order] < 0),
            "experiment": pa.array(experiments[order], pa.string()),
            "variant": pa.array(variants[order], pa.string()),
            "assigned_at": _timestamps(seconds[order]),
        }
    )


def _log(
    plan: Plan, drawn: Assigned, random: np.random.Generator
) -> tuple[Integers, Integers, NDArray[np.str_]]:
    """One experiment's rows as they reach the log: what is lost, and what is there too often."""
    labels = np.array([*plan.variants, "qa_test"])
    test = len(plan.variants)
    end = (plan.start + plan.days) * DAY
    logged = np.array([plan.logged.get(label, 1.0) for label in plan.variants])
    kept = random.random(drawn.users.size) < logged[drawn.variants]
    users, seconds, variants = drawn.users[kept], drawn.seconds[kept], drawn.variants[kept]

    repeated = np.flatnonzero(random.random(users.size) < _REPEATED)
    again = np.minimum(seconds[repeated] + random.integers(1, DAY, repeated.size), end - 1)
    chosen = random.choice(users.size, plan.crossovers + plan.early, replace=False)
    crossing, early = chosen[: plan.crossovers], chosen[plan.crossovers :]
    late = np.setdiff1d(np.arange(USERS), drawn.users)[:_LATE]
    others = np.full(_TEST_ROWS + _MISSING_USERS, plan.start * DAY + DAY)
    rows = [
        (users, seconds, variants),
        (users[repeated], again, variants[repeated]),
        (
            users[crossing],
            np.minimum(seconds[crossing] + 60, end - 1),
            (variants[crossing] + 1) % test,
        ),
        (users[early], np.full(early.size, plan.start * DAY - DAY // 2), variants[early]),
        (late, end + random.integers(0, DAY, late.size), np.arange(late.size) % test),
        (users[:_TEST_ROWS], others[:_TEST_ROWS], np.full(_TEST_ROWS, test)),
        (np.full(_MISSING_USERS, -1), others[_TEST_ROWS:], np.arange(_MISSING_USERS) % test),
    ]
    columns = [np.concatenate(column) for column in zip(*rows, strict=True)]
    return columns[0], columns[1], labels[columns[2]]


def _unplanned(random: np.random.Generator) -> tuple[Integers, Integers, NDArray[np.str_]]:
    users = random.choice(USERS, 200, replace=False)
    return users, random.integers(20 * DAY, 30 * DAY, users.size), np.full(users.size, "control")


def _orders(activity: Floats, assigned: list[Assigned], random: np.random.Generator) -> pa.Table:
    users, seconds = _events(activity * _ORDERS_A_DAY, random)
    for plan, drawn in zip(PLANS, assigned, strict=True):
        for variant, label in enumerate(plan.variants):
            factor = plan.orders.get(label, 1.0)
            treated = drawn.variants == variant
            exposed = np.full(USERS, np.inf)
            exposed[drawn.users[treated]] = drawn.seconds[treated]
            if factor < 1:
                age = seconds - exposed[users]
                affected = (age >= 0) & (age < WINDOW_DAYS * DAY)
                kept = ~affected | (random.random(users.size) < factor)
                users, seconds = users[kept], seconds[kept]
            elif factor > 1:
                rates = activity * _ORDERS_A_DAY * (factor - 1) * WINDOW_DAYS * np.isfinite(exposed)
                more = np.repeat(np.arange(USERS), random.poisson(rates))
                later = random.integers(0, WINDOW_DAYS * DAY, more.size)
                users = np.concatenate([users, more])
                seconds = np.concatenate([seconds, exposed[more].astype(np.int64) + later])
    order = np.lexsort((users, seconds))
    cents = np.round(100 * random.lognormal(3.4, 0.6, users.size)).astype(np.int64)
    refunded = random.random(users.size) < 0.04
    return pa.table(
        {
            "order_id": np.arange(1, users.size + 1),
            "user_id": users[order],
            "ordered_at": _timestamps(seconds[order]),
            "amount": cents / 100,
            "status": pa.array(np.where(refunded, "refunded", "paid"), pa.string()),
        }
    )


def _page_loads(activity: Floats, random: np.random.Generator) -> pa.Table:
    users, seconds = _events(activity * _LOADS_A_DAY, random)
    milliseconds = np.round(random.lognormal(6.6, 0.4, users.size)).astype(np.int64)
    return pa.table({"user_id": users, "loaded_at": _timestamps(seconds), "load_ms": milliseconds})


def _events(rates_a_day: Floats, random: np.random.Generator) -> tuple[Integers, Integers]:
    """Draw a Poisson stream per user; sorted by time."""
    users = np.repeat(np.arange(rates_a_day.size), random.poisson(rates_a_day * DAYS))
    seconds = random.integers(0, DAYS * DAY, users.size)
    order = np.lexsort((users, seconds))
    return users[order], seconds[order]


def _timestamps(seconds: Integers) -> pa.Array:
    first = int(datetime.timestamp(FIRST_DAY))
    return pa.array((seconds + first) * 1_000_000, pa.timestamp("us"))
