"""What is sent to BigQuery with a query, and the columns that it answers with."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from google.cloud.bigquery import SchemaField

from providers.gcp import bigquery
from providers.gcp.billing_queries import Query
from providers.gcp.billing_table import Column
from providers.gcp.errors import error_class_for
from skyclust.errors import Throttled, Unavailable
from skyclust_sandbox.billing.state import BillingState
from skyclust_sandbox.gcp.bigquery.warehouse import LEAST_BYTES, BytesLimit, Warehouse


def test_a_query_carries_its_limit_and_its_parameters() -> None:
    moment = datetime(2026, 8, 1, tzinfo=UTC)
    sent = bigquery.job_config(Query("SELECT 1", {"account": "a'b", "day": moment}), 3)
    assert sent.maximum_bytes_billed == 3 * 2**30
    assert [(each.name, each.type_, each.value) for each in sent.query_parameters] == [
        ("account", "STRING", "a'b"),
        ("day", "TIMESTAMP", moment),
    ]


def test_the_sandbox_refuses_a_query_beyond_its_limit_as_bigquery_does() -> None:
    warehouse = Warehouse(BillingState(sample=1))
    sql = "SELECT BilledCost FROM `a.b.c`"
    assert warehouse.run(sql, [], LEAST_BYTES).rows
    with pytest.raises(BytesLimit, match=str(LEAST_BYTES)):
        warehouse.run(sql, [], LEAST_BYTES - 1)


def test_columns_have_the_type_names_of_the_rest_api() -> None:
    tags = SchemaField("x_Tags", "RECORD", "REPEATED", fields=[SchemaField("Key", "STRING")])
    assert bigquery.to_column(tags) == Column("x_Tags", "RECORD", True, (Column("Key", "STRING"),))
    assert bigquery.to_column(SchemaField("BilledCost", "NUMERIC")).repeated is False


def test_reasons_of_bigquery_are_mapped() -> None:
    assert error_class_for(["jobRateLimitExceeded"], 400) is Throttled
    assert error_class_for(["rateLimitExceeded"], 403) is Throttled
    assert error_class_for(["tableUnavailable"], 400) is Unavailable
