"""What the provider delivers has the columns and the amounts that the ledger stores."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from skyclust.contract import CostDelivery
from skyclust.costs.focus.normalize import normalize
from skyclust.costs.focus.rows import rows_to_table
from skyclust.costs.focus.value_remarks import ValueRemarks
from skyclust.costs.imports.reading import read_batches
from skyclust.costs.ledger.staged_rows import checked_rows
from skyclust_sandbox.aws.bill import sample_bill
from skyclust_sandbox.aws.credential import EXPORT_ADDRESS
from skyclust_sandbox.billing.bill import Bill, Publication
from tests.fixtures.sandbox import Sandbox
from tests.integration.aws.conftest import Connect

INSTANCES = 4

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("impatient_sdk")]


@pytest.fixture
def bill(aws_sandbox: Sandbox) -> Bill:
    """Return the bill that the sandbox has published."""
    aws_sandbox.bill_sample(INSTANCES)
    return sample_bill(INSTANCES, datetime.now(UTC).date())


@pytest.mark.parametrize(
    "fields", [{"cost_export": EXPORT_ADDRESS}, {}], ids=["export", "cost explorer"]
)
def test_the_ledger_takes_every_row(connect: Connect, bill: Bill, fields: dict[str, str]) -> None:
    period = bill.restated_period
    [delivery] = connect(**fields).list_deliveries(period, bill.open_period)
    table = pa.concat_tables([checked_rows(rows) for rows in ledger_rows(delivery)])
    for column in ("BilledCost", "EffectiveCost"):
        total: Decimal = pc.sum(table[column]).as_py()
        assert total == bill.total(period, Publication.FIRST, column)
    if fields:
        assert table.num_rows == len(bill.charges(period, Publication.FIRST))
        assert any("team" in str(tags) for tags in table["Tags"].to_pylist())
        assert pc.sum(table["ListCost"]).as_py() == bill.total(
            period, Publication.FIRST, "ListCost"
        )
    else:
        assert table["ListCost"].null_count == table.num_rows


def ledger_rows(delivery: CostDelivery) -> Iterator[Any]:
    remarks = ValueRemarks()
    for file in delivery.files:
        for batch in read_batches(file):
            yield normalize(pa.Table.from_batches([batch]), origin=file.name, remarks=remarks)
    for part in delivery.rows:
        for page in part.pages():
            if page:
                yield rows_to_table(page, origin=part.name, remarks=remarks)
    assert remarks.sentences() == []
