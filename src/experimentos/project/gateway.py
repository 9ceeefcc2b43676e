"""Run dbt in this process and read and write its tables.

``dbtRunner`` is dbt's documented entry; the adapter's cursor behind ``add_query`` is not, but has
been the same since dbt 1.8 and gives native Python values on every warehouse.

dbt takes two seconds to import, so it is imported where it is first used: ``--help`` and a wrong
option answer at once.
"""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from experimentos.errors import ExperimentosError, ProjectError
from experimentos.project import adapters, literals, messages
from experimentos.project.settings import require_same_version
from experimentos.project.summary import BuildSummary

if TYPE_CHECKING:
    from types import TracebackType

    import pyarrow as pa
    from dbt.cli.main import dbtRunnerResult
    from dbt.contracts.graph.manifest import Manifest

PACKAGE = "experimentos"
Progress = Callable[[str, int, int], None]
"""Called with what runs, its number and how many there are."""

_QUIET = ("--quiet", "--log-level", "none", "--no-print", "--no-use-colors")
_STARTED = "LogStartLine"
_LOGGED = "JinjaLogInfo"
_CAUGHT = "RunningOperationCaughtError"


def _no_progress(_what: str, _index: int, _total: int) -> None:
    """Show nothing."""


@dataclass
class Project:
    """A dbt project that installs the package, or the package itself.

    Use it as a context manager: leaving it closes dbt's connections, so that the DuckDB file can
    be opened by others. dbt runs inside the project's folder, as if called there: relative paths in
    its profile mean the same wherever the command is given.

    Parameters
    ----------
    root : Path
        Folder with ``dbt_project.yml``.
    profiles_dir, target : optional
        As dbt's options of these names.
    variables : mapping
        As dbt's ``--vars``.
    progress : callable
        Called when a node starts.
    folder : Path, optional
        Where dbt runs, and what relative paths start from; default `root`. A project that is made
        for a moment uses another one's profile as that one would.
    """

    root: Path
    profiles_dir: Path | None = None
    target: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    progress: Progress = _no_progress
    folder: Path | None = None
    _manifest: "Manifest | None" = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self.root = self.root.resolve()
        if not (self.root / "dbt_project.yml").is_file():
            msg = (
                f"There is no dbt project in {self.root} (no dbt_project.yml). Go to one, or name "
                "it with --project-dir; `experimentos demo` makes one to look at."
            )
            raise ProjectError(msg)
        self.folder = (self.folder or self.root).resolve()
        if self.profiles_dir is not None:
            self.profiles_dir = self.profiles_dir.resolve()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: "TracebackType | None",
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections of dbt and release the DuckDB file."""
        adapters.release()

    @property
    def manifest(self) -> "Manifest":
        """What dbt parsed; read once."""
        if self._manifest is None:
            self._manifest = self._invoke(["parse"]).result
        return self._manifest

    def build(self, *, select: Sequence[str] = (), exclude: Sequence[str] = ()) -> BuildSummary:
        """Run ``dbt build``.

        Parameters
        ----------
        select, exclude : sequence of str
            dbt's selectors; nothing selected is everything.

        Returns
        -------
        BuildSummary
            What ran.

        Raises
        ------
        ProjectError
            If any node failed; the message names each cause once.
        """
        arguments = ["build"]
        if select:
            arguments += ["--select", *select]
        if exclude:
            arguments += ["--exclude", *exclude]
        _ = self.manifest
        results = self._invoke(arguments).result.results
        warned = [result for result in results if result.status == "warn"]
        return BuildSummary(
            passed=sum(result.status in {"success", "pass"} for result in results),
            warned=len(warned),
            skipped=sum(result.status == "skipped" for result in results),
            warnings=tuple(f"{result.node.name}: {result.message}" for result in warned),
        )

    def run_operation(
        self,
        macro: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        logged: list[str] | None = None,
    ) -> None:
        """Run ``dbt run-operation``.

        Parameters
        ----------
        macro : str
            For instance ``experimentos.check``.
        arguments : mapping, optional
            The macro's, by name.
        logged : list of str, optional
            Takes what the macro logs, also when it fails.
        """
        _ = self.manifest
        given = ["--args", json.dumps(dict(arguments))] if arguments else []
        self._invoke(["run-operation", macro, *given], logged=logged)

    def compile(self, names: Sequence[str]) -> dict[str, str]:
        """Return the SQL of models of the package, as a build from the raw rows would run it.

        Parameters
        ----------
        names : sequence of str
            Full names, as `ancestors` gives them.

        Returns
        -------
        dict
            Names to SQL, in the order given. Nothing is built.
        """
        _ = self.manifest
        results = self._invoke(["compile", "--full-refresh", "--select", *names]).result.results
        found = {result.node.name: str(result.node.compiled_code).strip() for result in results}
        return {name: found[name] for name in names if name in found}

    def ancestors(self, name: str, folders: Sequence[str]) -> list[str]:
        """Return the models of the package that a model is computed from, the first ones first.

        Parameters
        ----------
        name : str
            With or without the prefix ``experimentos__``.
        folders : sequence of str
            Only models of these stages, such as ``2_units``.

        Returns
        -------
        list of str
            Full names; models in SQL only, the model itself last.
        """
        parents, nodes = self.manifest.parent_map, self.manifest.nodes
        order: dict[str, None] = {}

        def visit(unique_id: str) -> None:
            node = nodes.get(unique_id)
            if node is None or node.package_name != PACKAGE or unique_id in order:
                return
            for parent in sorted(parents.get(unique_id, ())):
                visit(parent)
            if node.resource_type == "model" and node.language == "sql":
                order[unique_id] = None

        visit(self.node(name).unique_id)
        return [nodes[one].name for one in order if nodes[one].fqn[1] in folders]

    def install_packages(self) -> None:
        """Run ``dbt deps``, which for local packages needs no network."""
        self._manifest = None
        self._invoke(["deps"])

    def fetch(
        self, name: str, experiments: Sequence[str] | None = None, *, where: str | None = None
    ) -> list[dict[str, Any]]:
        """Return the rows of a model of the package.

        Parameters
        ----------
        name : str
            The model's name with or without its prefix: ``decisions``,
            ``experimentos__decisions``.
        experiments : sequence of str, optional
            Ids of the experiments wanted, where the model has a column ``experiment_id``; default
            all.
        where : str, optional
            Only those for which this holds: SQL of ours, in which ``{relation}`` is the model.

        Returns
        -------
        list of dict
            Column names to Python values; NaN and infinity are as the warehouse holds them.
        """
        relation = self.relation_name(name)
        conditions, narrowed = [], relation
        if experiments is not None:
            if not experiments:
                return []
            ids = ", ".join(self.text_literal(one) for one in experiments)
            conditions.append(f"experiment_id in ({ids})")
            narrowed = f"(select * from {relation} where experiment_id in ({ids})) as wanted"  # noqa: S608
        if where is not None:
            # What it reads of the model itself is of the same experiments.
            conditions.append(f"({where.format(relation=narrowed)})")
        wanted = f" where {' and '.join(conditions)}" if conditions else ""
        return self.query(f"select * from {relation}{wanted}")  # noqa: S608

    def text_literal(self, text: str) -> str:
        """Return a text as a string literal of the warehouse.

        Parameters
        ----------
        text : str
            Anything.

        Returns
        -------
        str
            As SQL needs it.
        """
        return literals.text_literal(text, self.warehouse)

    @property
    def warehouse(self) -> str:
        """Kind of warehouse, as dbt names its adapter: ``duckdb``."""
        _ = self.manifest  # an invocation registers the adapter
        (adapter,) = adapters.registered()
        return str(adapter.type())

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Return all rows of a query that a macro of the package has rendered.

        Parameters
        ----------
        sql : str
            One statement.

        Returns
        -------
        list of dict
            As for `fetch`.
        """
        return [row for rows in self.stream(sql) for row in rows]

    def stream(self, sql: str, at_once: int = 20_000) -> Iterator[list[dict[str, Any]]]:
        """Yield the rows of a query, some at a time.

        Parameters
        ----------
        sql : str
            One statement.
        at_once : int
            How many rows.

        Yields
        ------
        list of dict
            As for `fetch`.
        """
        _ = self.manifest  # an invocation registers the adapter
        with self._connection() as adapter:
            _, cursor = adapter.connections.add_query(sql, auto_begin=False)
            columns = [column[0] for column in cursor.description]
            while rows := cursor.fetchmany(at_once):
                yield [dict(zip(columns, row, strict=True)) for row in rows]

    def fetch_table(self, name: str, schema: "pa.Schema") -> "pa.Table":
        """Return all rows of a model of the package as an Arrow table.

        Parameters
        ----------
        name : str
            As for `fetch`.
        schema : pyarrow.Schema
            Columns to read, and the types they are to have.

        Returns
        -------
        pyarrow.Table
            In the schema given.
        """
        rows = self.fetch(name)
        missing = [column for column in schema.names if rows and column not in rows[0]]
        if missing:
            msg = f"{self.relation_name(name)} has no column {', '.join(missing)}. Build it again."
            raise ProjectError(msg)
        return literals.to_arrow(rows, schema)

    def replace_rows(
        self, name: str, table: "pa.Table", where: Mapping[str, str] | None = None
    ) -> None:
        """Replace rows of a table of the package by those given, in one transaction.

        Parameters
        ----------
        name : str
            As for `fetch`; dbt has made the table.
        table : pyarrow.Table
            New rows. Values arrive exactly as they are; columns are matched by name.
        where : mapping, optional
            Column to the text in it of the rows that go; default all rows.
        """
        relation = self.relation_name(name)
        types = self._column_types(name)
        missing = [column for column in types if column not in table.column_names]
        if missing:
            msg = f"No values for column {', '.join(missing)} of {relation}"
            raise ProjectError(msg)
        with self._connection() as adapter:
            columns = ", ".join(map(adapter.quote, types))
            chosen = literals.condition(where or {}, adapter.type())
            adapter.connections.begin()
            adapter.connections.add_query(f"delete from {relation}{chosen}", auto_begin=False)  # noqa: S608
            for values in literals.insert_values(table.select(list(types)), types, adapter.type()):
                adapter.connections.add_query(
                    f"insert into {relation} ({columns}) {values}",
                    auto_begin=False,
                )
            adapter.connections.commit()

    def relation_name(self, name: str) -> str:
        """Return the quoted name of a model of the package in the warehouse.

        Parameters
        ----------
        name : str
            With or without the prefix ``experimentos__``.

        Returns
        -------
        str
            As SQL needs it.
        """
        return str(self.node(name).relation_name)

    def node(self, name: str) -> Any:  # noqa: ANN401
        """Return the manifest's node of a model of the package.

        Parameters
        ----------
        name : str
            With or without the prefix ``experimentos__``.

        Returns
        -------
        dbt node
            Its relation, language, folder and so on.
        """
        node = self.manifest.nodes.get(_unique_id(name))
        if node is None:
            msg = (
                f"The dbt package `experimentos` is not installed in {self.root}, or has no model "
                f"{name}. Run `experimentos init`, then `dbt deps`."
            )
            raise ProjectError(msg)
        return node

    def has(self, name: str) -> bool:
        """Tell whether the package has a model, and it is enabled.

        Parameters
        ----------
        name : str
            With or without the prefix ``experimentos__``.

        Returns
        -------
        bool
            False for models that another setting or warehouse would use.
        """
        return _unique_id(name) in self.manifest.nodes

    def check_versions(self) -> None:
        """Raise unless the dbt package installed in the project is of this version."""
        require_same_version(self.root, PACKAGE)

    def _column_types(self, name: str) -> dict[str, str]:
        node = self.node(name)
        with self._connection() as adapter:
            relation = adapter.Relation.create(
                database=node.database, schema=node.schema, identifier=node.alias
            )
            return {
                column.name: column.data_type
                for column in adapter.get_columns_in_relation(relation)
            }

    def _invoke(
        self, arguments: Sequence[str], *, logged: list[str] | None = None
    ) -> "dbtRunnerResult":
        caught: list[str] = []

        def listen(event: Any) -> None:  # noqa: ANN401
            if event.info.name == _STARTED:
                what = event.data.node_info.node_name
                self.progress(what, event.data.index, event.data.total)
            elif event.info.name == _CAUGHT:
                caught.append(event.info.msg)
            elif event.info.name == _LOGGED and logged is not None:
                logged.append(event.info.msg)

        from dbt.cli.main import dbtRunner  # noqa: PLC0415

        with contextlib.chdir(self.folder or self.root):
            result = dbtRunner(manifest=self._manifest, callbacks=[listen]).invoke(
                [*_QUIET, *arguments, *self._options()]
            )
        if not result.success:
            raise ProjectError("\n\n".join(messages.unique([*caught, *messages.failures(result)])))
        return result

    def _options(self) -> list[str]:
        options = ["--project-dir", str(self.root)]
        if self.profiles_dir is not None:
            options += ["--profiles-dir", str(self.profiles_dir)]
        if self.target is not None:
            options += ["--target", self.target]
        if self.variables:
            options += ["--vars", json.dumps(dict(self.variables))]
        return options

    @contextlib.contextmanager
    def _connection(self) -> Iterator[Any]:
        (adapter,) = adapters.registered()
        try:
            with contextlib.chdir(self.folder or self.root), adapter.connection_named(PACKAGE):
                yield adapter
        except ExperimentosError:
            raise
        except Exception as error:  # each warehouse's driver has its own classes
            raise ProjectError(messages.readable(str(error))) from error


def _unique_id(name: str) -> str:
    full = name if name.startswith(f"{PACKAGE}__") else f"{PACKAGE}__{name}"
    return f"model.{PACKAGE}.{full}"
