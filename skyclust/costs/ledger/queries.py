"""The queries of the ledger: a question in, a frame of exact sums out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from skyclust.costs.exact import EXACT
from skyclust.costs.ledger.cost_query import (
    DAY_COLUMNS,
    MONTH_COLUMNS,
    TAG,
    CostQuery,
    Grain,
    grain,
)
from skyclust.costs.ledger.duckdb_sessions import session, slices_relation
from skyclust.costs.ledger.slice_files import read_current
from skyclust.costs.ledger.slice_sums import slice_sums
from skyclust.costs.ledger.staging_folders import staging_folder
from skyclust.costs.ledger.storage import LedgerRoot, open_root
from skyclust.store import cost_rollups, cost_slices, workspaces
from skyclust.store.cost_rollups import AMOUNTS
from skyclust.store.cost_slices import SliceFile
from skyclust.store.engine import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection

_Sums = list[Any]


def query_costs(
    store: Store,
    workspace_ids: Sequence[str],
    query: CostQuery,
    *,
    root: LedgerRoot | None = None,
) -> pd.DataFrame:
    """Return the costs of workspaces as a frame, sorted by its dimensions, unknown values last.

    Its columns are the dimensions of `by`, `currency`, the amounts and `rows`; amounts are Decimal,
    None where no row has them, and those of two currencies are never added. `savings` is list
    less effective cost of the rows that have both. An empty frame is no proof that nothing costs:
    `coverage` has the days that were delivered. Raises NotFound for an unknown workspace,
    InvalidRequest for a query that makes no sense, and as `read_current` does.
    """
    query.require_valid()
    wanted = [name for name in workspace_ids if name in query.where.get("workspace", [name])]
    found: list[dict[str, Any]] = []
    unrolled: list[str] = []
    with store.reading() as connection:
        for workspace_id in workspace_ids:
            workspaces.get(connection, workspace_id)
        for workspace_id in wanted:
            rolled = _from_rollups(connection, workspace_id, query)
            if rolled is None:
                unrolled.append(workspace_id)
            else:
                found += rolled
    sums: dict[tuple[Any, ...], _Sums] = {}
    _add(sums, query, found)
    if unrolled:
        _add(sums, query, _read_slices(store, unrolled, query, root or open_root()))
    return _frame(sums, query)


def _read_slices(
    store: Store, workspace_ids: Sequence[str], query: CostQuery, root: LedgerRoot
) -> list[dict[str, Any]]:
    def current() -> list[SliceFile]:
        with store.reading() as connection:
            return [
                file
                for workspace_id in workspace_ids
                for file in _files(connection, workspace_id, query)
            ]

    return read_current(current, lambda files: [*_from_slices(files, query, root)], root)


def _from_rollups(
    connection: Connection, workspace_id: str, query: CostQuery
) -> list[dict[str, Any]] | None:
    """Return the sums of a rollup, None where only the slices can answer."""
    which = grain(query)
    if which is Grain.SLICES:
        return None
    if which is Grain.MONTHS and query.tags:
        keys = query.tags
        if not cost_rollups.has_tags(connection, workspace_id, query.start, query.end, keys):
            return None
    months = which is Grain.MONTHS
    columns = MONTH_COLUMNS if months else DAY_COLUMNS
    named = [
        columns["day"] if _of_day(name, months=months) else columns.get(name, name)
        for name in query.by
        if name != "workspace" and not name.startswith(TAG)
    ]
    in_sql = {columns[name]: values for name, values in query.where.items() if name in columns}
    later = {name: values for name, values in query.where.items() if name not in columns}
    extra = ["tags"] if query.tags else []
    if "month" in later:
        extra.append(columns["day"])
    read = cost_rollups.sum_months if months else cost_rollups.sum_days
    rows = read(
        connection,
        workspace_id,
        query.start,
        query.end,
        by=list(dict.fromkeys([*named, *extra])),
        where=in_sql,
        sources=query.sources,
    )
    found = (_named(row._mapping, workspace_id, query, columns) for row in rows)
    return [row for row in found if _matches(row, later)]


def _of_day(name: str, *, months: bool) -> bool:
    return name == "month" and not months


def _named(
    row: Mapping[Any, Any], workspace_id: str, query: CostQuery, columns: Mapping[str, str]
) -> dict[str, Any]:
    """Return a row of a rollup by the names of dimensions."""
    named = dict(row) | {"workspace": workspace_id}
    for name in query.dimensions:
        if name.startswith(TAG):
            named[name] = row["tags"].get(name[len(TAG) :])
        elif name in columns and columns[name] in row:
            named[name] = row[columns[name]]
        elif name == "month":
            day: date = row[columns["day"]]
            named[name] = day.replace(day=1)
    return named


def _matches(row: Mapping[str, Any], where: Mapping[str, Sequence[Any]]) -> bool:
    return all(row[name] in values for name, values in where.items())


def _files(connection: Connection, workspace_id: str, query: CostQuery) -> list[SliceFile]:
    start, end = query.charge_days
    files = cost_slices.current_files(connection, workspace_id, start, end, sources=query.sources)
    return [
        file
        for file in files
        if file.provider in query.where.get("provider", [file.provider])
        and file.billing_account_id in query.where.get("billing_account", [file.billing_account_id])
    ]


def _from_slices(
    files: Sequence[SliceFile], query: CostQuery, root: LedgerRoot
) -> Iterator[dict[str, Any]]:
    groups: dict[tuple[str, str], list[str]] = {}
    for file in files:
        groups.setdefault((file.workspace_id, file.provider), []).append(file.file)
    with staging_folder() as folder, session(folder) as connection:
        for (workspace_id, provider), names in groups.items():
            relation = slices_relation(connection, root, names, "slices")
            constants = {"workspace": workspace_id, "provider": provider}
            yield from slice_sums(connection, relation, query, constants)


def _add(
    sums: dict[tuple[Any, ...], _Sums], query: CostQuery, rows: Iterable[dict[str, Any]]
) -> None:
    for row in rows:
        key = (*(row[name] for name in query.by), row["currency"])
        amounts = [row[name] for name in (*AMOUNTS, "rows")]
        before = sums.get(key)
        sums[key] = amounts if before is None else _added(before, amounts)


def _added(first: _Sums, second: _Sums) -> _Sums:
    return [
        two if one is None else one if two is None else EXACT.add(one, two)
        for one, two in zip(first, second, strict=True)
    ]


def _frame(sums: dict[tuple[Any, ...], _Sums], query: CostQuery) -> pd.DataFrame:
    ordered = sorted(sums, key=lambda key: [(value is None, value or "") for value in key])
    names = [*query.by, "currency", *AMOUNTS, "rows"]
    rows = [[*key, *sums[key][:-1], int(sums[key][-1])] for key in ordered]
    frame = pd.DataFrame(rows, columns=names, dtype=object)
    return frame.astype({"rows": "int64"})
