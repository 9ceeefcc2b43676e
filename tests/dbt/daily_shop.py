"""A shop whose raw rows arrive day by day, and whose rows and definitions are edited on the way."""

from __future__ import annotations

import copy
import datetime as dt
from typing import TYPE_CHECKING, Any

from brute_force import Table, instant
from random_shop_every import DAY, LABELS, LEAP_DAY, EveryShop, typed_table

if TYPE_CHECKING:
    import pyarrow as pa
    from project import Project

Row = dict[str, Any]
MORNING = dt.timedelta(hours=7)
KEPT = ("tables", "metrics", "experiments", "as_of", "until", "broken", "assigned_metas")
USERS, DEVICES = {"user": "user_id"}, {"device": "device_id"}
TIMES = {"orders": "ordered_at", "visits": "seen_at", "days": "day", "tickets": "opened_at",
         "assigned": "assigned_at", "imported": "assigned_at"}  # fmt: skip
LOADED = ("tickets", "imported")
# One of each way in which a metric is read; more are drawn.
ALWAYS = ("mean_cap", "mean_aggregate", "ratio_denominator", "proportion_threshold", "retention",
          "funnel", "quantile_of", "mean_window_by", "mean_covariate")  # fmt: skip


class DailyShop(EveryShop):
    """Rows are hidden until they arrive; those of `LOADED` then get a time of loading.

    Events of users with a number that has the rest 7 after division by 10 are all in the tables
    from the start, times in the future among them.
    """

    def __init__(self, seed: int, n_units: int = 40) -> None:
        super().__init__(seed, LEAP_DAY, n_units)
        self.as_of = self.start + (15, 10, 5)[seed % 3] * DAY + MORNING
        self.clock = self.as_of
        self.until = self.as_of - dt.timedelta(hours=5)
        self.loads = 0
        # What changes is compared with a build from nothing, which an archive is not like.
        self.archive = False
        self.settings: Row = {}
        self.broken: str | None = None
        self.assigned_metas = {"group": "group", "country": "country"}
        self.tables = {
            "assigned": self.assigned, "imported": self.imported, "once": self.once,
            "orders": self.orders(), "visits": self.visits(), "days": self.days(),
            "tickets": self.tickets(), "profiles": self.profiles(),
        }  # fmt: skip
        for name, rows in self.tables.items():
            for row in rows:
                row["_arrives"] = self.arrival(name, row)
        for row in self.tables["imported"]:
            row["loaded_at"] = None

    # Definitions

    def draw_experiments(self) -> dict[str, Row]:
        """A long one, a ramp with activation, one that is soon over, one without times."""
        draw = self.draw
        self.pool = {name: each for fact in self.metrics.values() for name, each in fact.items()}
        names = draw.sample(sorted(self.metrics["orders"]), 5)
        always = [name for name in ALWAYS if name in self.pool]
        names = list(dict.fromkeys([*draw.sample(always, 4), *names]))
        quick = [name for name in names if self.pool[name].get("window") != "none"]
        others = draw.sample(["seconds", "minutes", "ticket_cost"], 1)
        self.found = {
            "long": self.plain([*names[:4], *others, "seen", "tickets"], LABELS[0], days=12)
            | {"segments": ["country"]},
            "ramp": self.plain([*names[3:6], "explored", "ticket_last"], LABELS[0], days=None)
            | {"activation": {"model": "visits", "where": "page <> 'home'", "within": "2 days"},
               "segments": ["group"], "segments_daily": True},
            "over": self.plain([*quick[-2:], "tickets"], LABELS[1], days=2),
            "once": self.plain(["score", "score_p50", "is_member"], LABELS[1], days=4),
        }  # fmt: skip
        self.found["ramp"]["variants"] = self.draw_ramp(LABELS[0])
        self.spare = {
            "later": self.plain([*names[2:5], "seconds"], LABELS[0], days=10),
            "devices": self.plain(["seen", "seconds_p50"], LABELS[1], days=None)
            | {"unit": "device"},
        }
        for name, experiment in (self.found | self.spare).items():
            experiment["id"] = name
        self.metrics = {
            fact: {name: metric for name, metric in each.items() if self.users_of(name)}
            for fact, each in self.metrics.items()
        }
        return self.found | self.spare

    def plain(self, names: list[str], labels: list[str], days: int | None) -> Row:
        names = list(dict.fromkeys(names))
        experiment: Row = {
            "unit": "user", "start": self.start.isoformat(" "), "control": labels[0],
            "variants": {label: 1 / len(labels) for label in labels},
            "success": names[:2], "guardrails": {names[2]: {"margin": "2%"}} if names[2:] else {},
            "explore": names[3:],
        }  # fmt: skip
        if days:
            experiment["end"] = (self.start + days * DAY).isoformat(" ")
        return experiment

    def users_of(self, metric: str) -> list[str]:
        """The experiments that read a metric."""
        roles = ("success", "guardrails", "explore")
        known = self.spare | getattr(self, "experiments", self.found)
        return [name for name, experiment in known.items()
                if any(metric in experiment[role] for role in roles)]  # fmt: skip

    # Rows

    def draw_assigned(self, experiment: Row) -> dt.datetime | None:
        """Early in the experiment or in any of the days to come; seldom outside of its dates."""
        draw = self.draw
        if draw.random() < 0.6:
            return super().draw_assigned(experiment)
        end = instant(experiment.get("end")) or self.start + 14 * DAY
        return self.start + draw.random() * (end - self.start)

    def arrival(self, table: str, row: Row) -> dt.datetime:
        """When a row is first there: at its time, or from the start."""
        at = row.get(TIMES.get(table, ""))
        user = row.get("user_id")
        if at is None or (user is not None and user % 10 == 7):
            return self.start
        return at if isinstance(at, dt.datetime) else dt.datetime.combine(at, dt.time(5))

    def load(self) -> None:
        """Everything that has arrived by now is loaded, under a time later than all before."""
        self.clock = max(self.clock, self.as_of)
        self.loads += 1
        for name in LOADED:
            for row in self.visible(name):
                if "_loaded" not in row:
                    row["_loaded"] = True
                    row["loaded_at"] = self.start + self.loads * dt.timedelta(hours=1)

    def visible(self, table: str) -> list[Row]:
        return [row for row in self.tables[table] if row["_arrives"] <= self.clock]

    def table(self, name: str) -> pa.Table:
        """What the table holds now; the first row, of nobody, keeps its columns."""
        rows = [{key: value for key, value in row.items() if key[0] != "_"}
                for row in self.visible(name)]  # fmt: skip
        empty = {key: None for key in self.tables[name][0] if key[0] != "_"}
        return typed_table(Table(name, {}, rows or [empty]))

    # What is undone

    def state(self) -> Row:
        return copy.deepcopy({key: getattr(self, key) for key in KEPT})

    def restore(self, state: Row) -> None:
        for key, value in copy.deepcopy(state).items():
            setattr(self, key, value)

    # The project

    def metas(self) -> dict[str, Row]:
        about = {"experiment": "experiment", "variant": "variant", "unit": USERS | DEVICES,
                 "timestamp": "assigned_at"}  # fmt: skip
        once = {"experiment": "of", "variant": "variant", "unit": USERS, "timestamp": "none"}
        users: Row = {"units": USERS}
        facts = {
            "orders": users | {"timestamp": "ordered_at"},
            "visits": {"units": USERS | DEVICES, "timestamp": "seen_at",
                       "complete_until": self.until.isoformat(" ")},
            "days": users | {"timestamp": "day", "timestamp_is_date": True},
            "tickets": users | {"timestamp": "opened_at", "loaded_at": "loaded_at",
                                "unique_key": "ticket_id"},
            "profiles": users | {"timestamp": "none"},
        }  # fmt: skip
        facts = {name: meta | {"metrics": self.metrics[name]} for name, meta in facts.items()}
        return facts | {
            "assigned": {"assignments": about | {"segments": self.assigned_metas}},
            "imported": {"assignments": about | {"segments": {"country": "country"},
                                                 "loaded_at": "loaded_at"}},
            "once": {"assignments": once},
        }  # fmt: skip

    def write(self, project: Project) -> None:
        """Put the raw rows that are visible, and the definitions, into a project."""
        metas = self.metas()
        project.settings.clear()
        project.settings |= {
            "assignment_models": ["assigned", "imported", "once"],
            "fact_models": [name for name in metas if "metrics" in metas[name]],
            "as_of": self.as_of.isoformat(" "),
            "archive": self.archive,
        } | self.settings
        project.write_settings()
        for name, meta in metas.items():
            project.model(name, self.table(name), meta)
        if self.broken:
            model = project.folder / "models" / f"{self.broken}.sql"
            text = model.read_text()
            model.write_text(text.replace("select *", f"select * exclude ({TIMES[self.broken]})"))
        for path in (project.folder / "experiments").iterdir():
            path.unlink()
        for name, experiment in self.experiments.items():
            project.experiment(name, experiment)


def made(seed: int) -> DailyShop:
    """A shop as the first run finds it: the spare experiments have rows, and no definition yet."""
    shop = DailyShop(seed)
    for name in shop.spare:
        del shop.experiments[name]
    return shop
