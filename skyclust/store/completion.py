"""What a shell may complete from the store: a few names, read as fast as a key is pressed.

SQLAlchemy takes longer to import than these queries take, so they go to the database's driver.
Nothing is created or migrated, and nobody is waited for: a store that is missing, busy or of
another version has no names. The caller decides which texts are fit for a shell.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote

MOST: Final = 300
"""Rows that one query reads; some are of the same name, or not fit for a shell."""

_SECONDS: Final = 1
"""How long a query may take, and a busy database is waited for."""

_CONNECT_SECONDS: Final = 2

_SQLITE: Final = "sqlite:///"

_LIVE: Final = "workspace_id = ? AND valid_to IS NULL AND kind = 'instance'"

_QUERIES: Final = {
    "workspaces": "SELECT workspace_id FROM workspaces WHERE removed_at IS NULL"
    " AND substr(workspace_id, 1, ?) = ? ORDER BY 1",
    "credentials": "SELECT name FROM credentials WHERE workspace_id = ?"
    " AND substr(name, 1, ?) = ? ORDER BY 1",
    "regions": "SELECT DISTINCT region FROM scopes WHERE workspace_id = ?"
    " AND substr(region, 1, ?) = ? ORDER BY 1",
    "places": "SELECT DISTINCT credential || '/' || region FROM scopes WHERE workspace_id = ?"
    " AND substr(credential || '/' || region, 1, ?) = ? ORDER BY 1",
    "states": "SELECT DISTINCT state FROM resource_versions WHERE workspace_id = ?"
    " AND valid_to IS NULL AND substr(state, 1, ?) = ? ORDER BY 1",
    "operations": "SELECT operation_id FROM operations WHERE workspace_id = ?"
    " AND substr(operation_id, 1, ?) = ? ORDER BY created_at DESC",
    "open operations": "SELECT operation_id FROM operations WHERE workspace_id = ?"
    " AND finished_at IS NULL AND substr(operation_id, 1, ?) = ? ORDER BY created_at DESC",
    "instances": f"SELECT name, resource_id FROM resource_versions WHERE {_LIVE}"  # noqa: S608  constants
    " AND COALESCE(state, '') <> 'deleted' AND substr(name, 1, ?) = ? ORDER BY 1, 2",
    "instance ids": f"SELECT resource_id FROM resource_versions WHERE {_LIVE}"  # noqa: S608  constants
    " AND COALESCE(state, '') <> 'deleted' AND substr(resource_id, 1, ?) = ? ORDER BY 1",
}


class _Connection(Protocol):
    def execute(self, query: str, parameters: Sequence[Any], /) -> Any:
        """Execute a query and return its cursor."""


def read_names(url: str, what: str, prefix: str, workspace_id: str | None) -> list[tuple[str, ...]]:
    """Return the rows of one of the queries, of a workspace where it takes one.

    Each begins with the prefix; at most `MOST`. Empty for a store that does not exist. Raises the
    driver's errors.
    """
    owner = () if workspace_id is None else (workspace_id,)
    parameters = (*owner, len(prefix), prefix)
    query = f"{_QUERIES[what]} LIMIT {MOST}"
    if url.startswith(_SQLITE):
        path = Path(url.removeprefix(_SQLITE))
        if not path.is_file():
            return []
        with closing(_open_sqlite(path)) as connection:
            return _rows(connection, query, parameters)
    with _open_postgresql(url) as connection:
        return _rows(connection, query.replace("?", "%s"), parameters)


def _rows(connection: _Connection, query: str, parameters: Sequence[Any]) -> list[tuple[str, ...]]:
    return [
        tuple(str(value) for value in row)
        for row in connection.execute(query, parameters).fetchall()
    ]


def _open_sqlite(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=_SECONDS)


@contextmanager
def _open_postgresql(url: str) -> Iterator[_Connection]:
    import psycopg  # noqa: PLC0415  not for SQLite

    options = f"-c statement_timeout={_SECONDS}s -c default_transaction_read_only=on"
    scheme, separator, rest = url.partition("://")
    address = f"{scheme.partition('+')[0]}{separator}{rest}"
    with psycopg.connect(address, connect_timeout=_CONNECT_SECONDS, options=options) as connection:
        yield connection
