"""The SQL of stage 5 and of the memory of looks, run on Arrow tables.

The models' own files are rendered with the package's macros, without dbt: a project of thousands of
experiments at every build would take days. `whole.py` checks that dbt renders the same text.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import jinja2
import pyarrow as pa

from experimentos.tables import LOOKS_INPUT

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGE = Path(__file__).resolve().parents[3]
MODELS = {
    "experimentos__looks": "4_inference",
    "experimentos__decision_evidence": "5_decisions",
    "experimentos__variant_decisions": "5_decisions",
}
RULES = sorted(f"rules/{path.name}" for path in (PACKAGE / "macros" / "rules").glob("*.sql"))
MACROS = (
    "warehouses/default.sql", "warehouses/duckdb.sql", "sql/looks.sql", "sql/memory.sql",
    "sql/normal.sql", "sql/texts.sql", *RULES,
)  # fmt: skip
VERDICTS = pa.schema({"experiment_id": pa.string(), "variant": pa.string(), "verdict": pa.string()})
BEFORE = "looks_before"
# Tables that the policy reads of an experiment whose data are sound and whose plan was kept.
EMPTY = {
    "experimentos__health": "experiment_id text, variant text, metric text, status text, "
    "check_name text, message text, p_value double, observed double, threshold double",
    "experimentos__plan_changes": "experiment_id text, plan_override text, is_changed boolean, "
    "first_look_on timestamp, n_moved_looks bigint, date_edits text",
    "experimentos__power": "experiment_id text, metric text, variant text, test text, "
    "harm_found double",
}


class _Returned(Exception):  # noqa: N818
    """What a macro returns, as dbt passes it on."""

    def __init__(self, value: object) -> None:
        super().__init__()
        self.value = value


def _return(value: object) -> None:
    raise _Returned(value)


class _Package:
    """What `experimentos.` is in a template: the package's macros, and what needs a warehouse."""

    def __init__(self, environment: jinja2.Environment) -> None:
        self.found: dict[str, Callable[..., object]] = {
            "memories": lambda _name: [],
            "inferred": lambda what: {"effects": "experimentos__estimate_effects"}[what],
        }
        environment.globals |= {"experimentos": self, "adapter": self}
        for path in MACROS:
            module = environment.from_string((PACKAGE / "macros" / path).read_text()).module
            for name, value in vars(module).items():
                if callable(value):
                    self.found.setdefault(name, _called(value))

    def __getattr__(self, name: str) -> Callable[..., object]:
        try:
            return self.found[name]
        except KeyError:
            msg = f"macro {name!r} is needed: add its file to `MACROS`, which are {MACROS}"
            raise AttributeError(msg) from None

    def dispatch(self, name: str, _package: str) -> Callable[..., object]:
        return self.found.get(f"duckdb__{name}", self.found.get(f"default__{name}"))


def _called(macro: Callable[..., object]) -> Callable[..., object]:
    def call(*arguments: object, **named: object) -> object:
        try:
            return str(macro(*arguments, **named)).strip()
        except _Returned as returned:
            return returned.value

    return call


def render(name: str) -> str:
    """SQL of one of `MODELS`; references are bare names."""
    path = PACKAGE / "models" / MODELS[name] / f"{name}.sql"
    return _environment().from_string(path.read_text()).render().strip()


def look_columns() -> list[tuple[str, str]]:
    """Names and types of the columns of `experimentos__looks`."""
    return _environment().globals["experimentos"].look_columns()


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(extensions=["jinja2.ext.do"], undefined=jinja2.StrictUndefined)
    types = {"type_string": lambda: "TEXT"}
    environment.globals |= {
        "ref": lambda name: name,
        "config": lambda **_given: "",
        "return": _return,
        "is_incremental": lambda: True,
        "this": "experimentos__past_looks",
        "execute": True,
        "dbt": types,
    }
    _Package(environment)
    return environment


class Policy:
    """A small database in memory in which the models are run."""

    def __init__(self) -> None:
        self.sql = {name: render(name) for name in MODELS}
        self.looks = look_columns()
        self.database = duckdb.connect(config={"threads": 1})
        self.forget()

    def forget(self) -> None:
        """Begin again: no experiment has been looked at."""
        looks = ", ".join(f"{name} {kind}" for name, kind in self.looks)
        for name, columns in (EMPTY | {"experimentos__past_looks": looks}).items():
            self.database.execute(f"create or replace table {name} ({columns})")

    def show(self, tables: dict[str, pa.Table]) -> None:
        """Put the tables of one build in place of those of the one before."""
        for name, table in tables.items():
            self.database.register(name, table)

    def decide(self, tables: dict[str, pa.Table]) -> pa.Table:
        """Verdicts: columns experiment_id, variant and verdict, without holds.

        `tables` are what the policy reads, of the experiments to decide on; `BEFORE` has the looks
        that were recorded before.
        """
        if not tables["experimentos__experiments"].num_rows:
            return VERDICTS.empty_table()
        self.show(tables)
        evidence, decisions = "experimentos__decision_evidence", "experimentos__variant_decisions"
        text = self.sql[evidence].replace("experimentos__past_looks", BEFORE)
        self.database.execute(f"create or replace temp table {evidence} as {text}")
        self.database.execute(f"create or replace temp table {decisions} as {self.sql[decisions]}")
        return self.database.sql(
            f"select experiment_id, variant, verdict from {decisions} where verdict != 'hold'"
        ).to_arrow_table()

    def remember(self) -> pa.Table:
        """Write down the looks of the build that was decided, and return all so far."""
        columns = ", ".join(name for name, _ in self.looks)
        self.database.execute(
            f"insert into experimentos__past_looks select {columns} "
            f"from ({self.sql['experimentos__looks']})"
        )
        return self.past()

    def recorded(self) -> pa.Table:
        """Looks as the policy reads them."""
        return self.database.sql("from experimentos__past_looks").to_arrow_table()

    def past(self) -> pa.Table:
        """Looks as `tables.effects` reads them."""
        names = ", ".join(LOOKS_INPUT.names)
        return self.database.sql(f"select {names} from experimentos__past_looks").to_arrow_table()
