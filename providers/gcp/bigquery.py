"""Runs queries in BigQuery through google-cloud-bigquery.

Retries are those of this package: the library would repeat a call for ten minutes, and wait for a
job without end. Each answer is bounded as all answers are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from providers.gcp.billing_queries import Query
from providers.gcp.billing_table import Column, TableName
from providers.gcp.errors import call_errors, unreadable_reply
from providers.gcp.retries import with_retries
from skyclust.errors import NotFound, PermissionDenied, Timeout
from skyclust.providerkit.paging import PageGuard
from skyclust.providerkit.timeouts import READ_SECONDS

if TYPE_CHECKING:
    from google.cloud.bigquery import Client, QueryJobConfig, SchemaField

PAGE_ROWS: Final = 10_000
"""Rows of one page of results; BigQuery makes a page smaller where its rows are large."""

QUERY_SECONDS: Final = 600.0
"""How long a query may take. A query of a table of 100 GB takes well under a minute; one that
waits longer waits for slots that others use."""

GIB: Final = 2**30

Row = Mapping[str, object]


class _Retries:
    """Repeats a call as every call of this package is repeated.

    google-cloud-bigquery takes any callable in place of a `google.api_core.retry.Retry`.
    """

    def __init__(self, doing: str) -> None:
        self._doing = doing

    def __call__(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def repeated(*arguments: Any, **named: Any) -> Any:
            return with_retries(lambda: call(*arguments, **named), self._doing)

        return repeated


class BigQuery:
    """Reads tables with one client, in queries that may read `limit_gib` GiB each."""

    def __init__(self, client: Client, limit_gib: int) -> None:
        self._client = client
        self._limit_gib = limit_gib

    def columns(self, table: TableName) -> list[Column]:
        """Return the columns of a table or view; raises NotFound and PermissionDenied."""
        doing = f"read the columns of {table}"
        with _table_errors(table, doing):
            retries: Any = _Retries(doing)
            found = self._client.get_table(str(table), retry=retries, timeout=READ_SECONDS)
            columns = [to_column(field) for field in found.schema]
        if not columns:
            raise unreadable_reply(doing, "it has no columns")
        return columns

    def rows(self, query: Query, table: TableName, doing: str) -> list[Row]:
        """Return all rows of a query whose result is small."""
        return [row for page in self.pages(query, table, doing) for row in page]

    def pages(self, query: Query, table: TableName, doing: str) -> Iterator[Sequence[Row]]:
        """Yield the rows of a query page by page, to the end.

        The pages belong to one result: rows that the table gets in the meantime are in none.
        Raises InvalidRequest for a query that would read more than the limit, before it reads, and
        UnexpectedAnswer for pages that have more or fewer rows than the result.
        """
        with _table_errors(table, doing):
            retries: Any = _Retries(doing)
            no_retries: Any = None
            try:
                found = self._client.query_and_wait(
                    query.sql,
                    job_config=job_config(query, self._limit_gib),
                    api_timeout=READ_SECONDS,
                    wait_timeout=QUERY_SECONDS,
                    retry=retries,
                    job_retry=no_retries,
                    page_size=PAGE_ROWS,
                )
            except TimeoutError as error:
                raise Timeout(
                    f"Could not {doing}: the query took more than {QUERY_SECONDS:.0f} seconds.",
                    provider="gcp",
                ) from error
            pages = iter(found.pages)
            left = int(found.total_rows or 0)
            names = [field.name for field in found.schema]
        guard = PageGuard(doing, "gcp")
        while True:
            with _table_errors(table, doing):
                page = next(pages, None)
                # By number: `items` and `values` of a row copy every value deeply.
                rows = [
                    {name: row[number] for number, name in enumerate(names)} for row in page or ()
                ]
            left -= len(rows)
            if left < 0 or (page is None and left > 0):
                raise unreadable_reply(doing, f"it has not its {found.total_rows} rows")
            if page is None:
                return
            if found.next_page_token is not None:
                guard.check(found.next_page_token, (left,))
            yield rows


def to_column(field: SchemaField) -> Column:
    """Return a column of the library's schema, with the type names of the REST API."""
    inner = tuple(to_column(each) for each in field.fields)
    return Column(field.name, str(field.field_type), field.mode == "REPEATED", inner)


def job_config(query: Query, limit_gib: int) -> QueryJobConfig:
    """Return the options of a query: its parameters, and the most that it may read."""
    from google.cloud.bigquery import QueryJobConfig, ScalarQueryParameter  # noqa: PLC0415 - extra

    parameters = [
        ScalarQueryParameter(name, "TIMESTAMP" if isinstance(value, datetime) else "STRING", value)
        for name, value in query.parameters.items()
    ]
    return QueryJobConfig(
        query_parameters=parameters,
        maximum_bytes_billed=limit_gib * GIB,
        labels={"application": "skyclust"},
    )


@contextmanager
def _table_errors(table: TableName, doing: str) -> Iterator[None]:
    """Map errors as `call_errors` does, with hints about the table."""
    try:
        with call_errors(doing):
            yield
    except NotFound as error:
        error.hint = (
            f"Is {table} the table's name, and did the export begin? Google makes the table within"
            " hours after the export is enabled."
        )
        raise
    except PermissionDenied as error:
        error.hint = error.hint or (
            f"Grant roles/bigquery.dataViewer on the dataset {table.project}.{table.dataset} and"
            " roles/bigquery.jobUser on the credential's project."
        )
        raise
