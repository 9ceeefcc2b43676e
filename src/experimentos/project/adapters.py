"""dbt's adapters in this process, and the DuckDB file that they hold."""

from collections.abc import Sequence
from typing import Any


def registered() -> Sequence[Any]:
    """Return dbt's adapters: one, renewed at every invocation; none before the first.

    Returns
    -------
    sequence of adapters
        As dbt's factory has them.
    """
    from dbt.adapters.factory import FACTORY  # noqa: PLC0415

    return list(FACTORY.adapters.values())


def release() -> None:
    """Close all connections of dbt and release the DuckDB file."""
    for adapter in registered():
        adapter.cleanup_connections()
        manager = type(adapter.connections)
        # dbt-duckdb keeps its database open between calls (dbt-core#11980).
        if getattr(manager, "_ENV", None) is not None:
            manager.env().close()
            manager.close_all_connections()
