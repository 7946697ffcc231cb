"""The sandbox's Cost Management: answers in Azure's shape, its quota, and its exports."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from werkzeug.test import create_environ
from werkzeug.wrappers import Request, Response

from skyclust_sandbox.application import Refused
from skyclust_sandbox.azure.cloud import AzureCloud
from skyclust_sandbox.azure.cost_management import queries
from skyclust_sandbox.azure.cost_management.bill import sample_bill
from skyclust_sandbox.azure.cost_management.cost_export import write_cost_export
from skyclust_sandbox.azure.query_units import QueryUnits
from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.state import AzureSettings, State
from skyclust_sandbox.azure.tenants import MAIN_CLIENT, MAIN_TENANT, OTHER_TENANT
from skyclust_sandbox.billing.bill import Bill, Publication
from skyclust_sandbox.control import Conditions
from skyclust_sandbox.seeds import Seed

SAMPLE = 6


@pytest.fixture
def state() -> State:
    """Return the state of a sandbox that bills a sample."""
    conditions = Conditions()
    cloud = AzureCloud(AzureSettings(), conditions)
    cloud.restart(Seed.EMPTY)
    conditions.billing.sample = SAMPLE
    return cloud.state


@pytest.fixture(scope="module")
def bill() -> Bill:
    """Return the bill of the sample."""
    return sample_bill(SAMPLE, datetime.now(UTC).date())


def month(bill: Bill, **dataset: object) -> dict[str, Any]:
    """Return a query of the last closed month."""
    last = bill.open_period - timedelta(days=1)
    return {
        "type": "ActualCost",
        "timeframe": "Custom",
        "timePeriod": {"from": f"{bill.restated_period}", "to": f"{last}T23:59:59Z"},
        "dataset": {
            "granularity": "None",
            "aggregation": {"totalCost": {"name": "PreTaxCost", "function": "Sum"}},
            **dataset,
        },
    }


def query(
    state: State, body: Mapping[str, Any], subscription: str = MAIN_TENANT.subscription, **args: str
) -> Response:
    """Return the response to a query."""
    environ = create_environ(
        method="POST",
        path="/query",
        query_string={"api-version": "2023-11-01", **args},
        data=orjson.dumps(body),
    )
    parameters = {"subscription": subscription}
    return queries.usage(RequestContext(state, Request(environ), "", parameters, MAIN_CLIENT))


def answer(response: Response) -> dict[str, Any]:
    """Return the properties of an answer."""
    assert response.status_code == 200
    properties: dict[str, Any] = json.loads(response.get_data())["properties"]
    return properties


def rows_in(part: Path) -> list[dict[str, str]]:
    """Return the rows of a part of an export."""
    return list(csv.DictReader(part.read_text().splitlines()))


def test_an_answer_has_the_columns_of_the_documented_example(state: State, bill: Bill) -> None:
    """Those of the example `MCABillingProfileQueryGrouping` of the API's specification."""
    grouping = [{"type": "Dimension", "name": "ResourceGroup"}]
    response = query(state, month(bill, grouping=grouping))
    document = json.loads(response.get_data())
    assert {"id", "name", "type", "properties"} <= set(document)
    read = answer(response)
    assert read["columns"] == [
        {"name": "PreTaxCost", "type": "Number"},
        {"name": "ResourceGroup", "type": "String"},
        {"name": "Currency", "type": "String"},
    ]
    assert {row[1:] for row in map(tuple, read["rows"])} == {("rg-sample", "USD"), ("", "USD")}
    assert all(isinstance(row[0], float) for row in read["rows"])
    assert read["nextLink"] is None


@pytest.mark.parametrize(
    ("granularity", "column", "count"),
    [("Daily", {"name": "UsageDate", "type": "Number"}, 28),
     ("Monthly", {"name": "BillingMonth", "type": "Datetime"}, 1),
     ("None", {"name": "Currency", "type": "String"}, 1)],
)  # fmt: skip
def test_granularity_decides_the_rows(
    state: State, bill: Bill, granularity: str, column: dict[str, str], count: int
) -> None:
    read = answer(query(state, month(bill, granularity=granularity)))
    assert read["columns"][1] == column
    assert len(read["rows"]) >= count
    total = sum(Decimal(str(row[0])) for row in read["rows"])
    assert abs(total - bill.total(bill.restated_period, Publication.FIRST)) < Decimal("1e-8")


def test_a_tag_is_a_pair_of_columns(state: State, bill: Bill) -> None:
    read = answer(query(state, month(bill, grouping=[{"type": "TagKey", "name": "Team"}])))
    assert [column["name"] for column in read["columns"][1:3]] == ["TagKey", "TagValue"]
    assert {row[2] for row in read["rows"]} == {"payments", "search", "web", ""}


def test_pages_follow_each_other(state: State, bill: Bill) -> None:
    body = month(bill, grouping=[{"type": "Dimension", "name": "ServiceName"}])
    whole = answer(query(state, body))["rows"]
    rows, arguments = [], {"$top": "2"}
    while True:
        page = answer(query(state, body, **arguments))
        rows += page["rows"]
        if page["nextLink"] is None:
            break
        arguments = dict(Request.from_values(page["nextLink"]).args)
        assert arguments.pop("api-version") == "2023-11-01"
    assert rows == whole
    assert len(rows) > 2


@pytest.mark.parametrize(
    "change",
    [
        {"type": "Cost"},
        {"timeframe": "MonthToDate"},
        {"timePeriod": None},
        {"timePeriod": {"from": "soon", "to": "later"}},
        {"dataset": None},
        {"dataset": {"aggregation": {}}},
        {"dataset": {"aggregation": {"a": {"name": "Quantity", "function": "Sum"}}}},
    ],
)
def test_an_invalid_query_is_refused(state: State, bill: Bill, change: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="400"):
        query(state, {**month(bill), **change})


@pytest.mark.parametrize(
    "grouping", [[{"type": "Dimension", "name": "Colour"}], [{}], [None], [{}] * 16, "ServiceName"]
)
def test_an_unknown_grouping_is_refused(state: State, bill: Bill, grouping: object) -> None:
    with pytest.raises(Refused, match="400"):
        query(state, month(bill, grouping=grouping))


def test_the_quota_of_a_tenant_runs_out(state: State, bill: Bill) -> None:
    replies = [query(state, month(bill)) for _ in range(13)]
    assert [reply.status_code for reply in replies] == [200] * 12 + [429]
    headers = replies[-1].headers
    assert 1 <= int(headers["x-ms-ratelimit-microsoft.costmanagement-qpu-retry-after"]) <= 10
    assert "Retry-After" not in headers


def test_units_come_back_after_the_window() -> None:
    units = QueryUnits()
    assert units.take("a", 3, 3, 0.05) is None
    wait = units.take("a", 1, 3, 0.05)
    assert wait is not None
    assert 0 < wait <= 0.05
    assert units.take("b", 1, 3, 0.05) is None
    assert units.take("a", 1, 3, 0.0) is None


def test_a_subscription_without_a_bill_has_no_content(state: State, bill: Bill) -> None:
    response = query(state, month(bill), OTHER_TENANT.subscription)
    assert (response.status_code, response.get_data()) == (204, b"")


def test_an_export_has_the_whole_bill_of_a_month(bill: Bill, tmp_path: Path) -> None:
    period = bill.restated_period
    submitted = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    manifest = write_cost_export(tmp_path, bill, period, submitted=submitted, rows_a_part=200)
    document = json.loads(manifest.read_text())
    parts = [tmp_path / blob["blobName"] for blob in document["blobs"]]
    assert document["blobCount"] == len(parts) > 1
    assert [part.parent for part in parts] == [manifest.parent] * len(parts)
    assert [part.stat().st_size for part in parts] == [
        blob["byteCount"] for blob in document["blobs"]
    ]
    rows = [row for part in parts for row in rows_in(part)]
    assert len(rows) == document["dataRowCount"] == len(bill.charges(period))
    billed = sum(Decimal(row["BilledCost"]) for row in rows)
    assert billed == bill.total(period)
    last = bill.open_period - timedelta(days=1)
    assert document["runInfo"]["startDate"] == f"{period}T00:00:00"
    assert document["runInfo"]["endDate"] == f"{last}T00:00:00Z"
    assert document["exportConfig"]["type"] == "FocusCost"


def test_an_export_has_the_peculiarities_of_azure(bill: Bill, tmp_path: Path) -> None:
    """0 for an unknown list cost, and no invoice ids under an Enterprise Agreement."""
    manifest = write_cost_export(tmp_path, bill, bill.restated_period)
    rows = rows_in(manifest.parent / "part_0_0001.csv")
    assert {row["InvoiceId"] for row in rows} == {""}
    tax = [row for row in rows if row["ChargeCategory"] == "Tax"]
    assert [(row["ListCost"], row["ContractedCost"]) for row in tax] == [("0.0", "0.0")]
    assert Decimal(tax[0]["BilledCost"]) > 0
    assert rows[0]["ChargePeriodStart"].endswith("T00:00Z")
    assert {row["x_ResourceGroupName"] for row in rows} == {"rg-sample", ""}


def test_a_run_of_the_open_month_ends_yesterday(bill: Bill, tmp_path: Path) -> None:
    manifest = write_cost_export(tmp_path, bill, bill.open_period, Publication.FIRST)
    document = json.loads(manifest.read_text())
    end = date.fromisoformat(document["runInfo"]["endDate"][:10])
    assert end == bill.today - timedelta(days=1)
    assert document["exportConfig"]["timeFrame"] == "MonthToDate"
