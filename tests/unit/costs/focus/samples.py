"""FOCUS rows for the tests of this folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, BinaryIO, Final

import pyarrow as pa

from skyclust.contract.cost import FileFormat
from skyclust.costs.focus.headers import read_headers
from skyclust.costs.focus.normalize import normalize
from skyclust.costs.imports.reading import read_batches

ROW: Final[Mapping[str, Any]] = {
    "BilledCost": "1.5",
    "BillingAccountId": "123456789012",
    "BillingAccountName": "production",
    "BillingCurrency": "USD",
    "BillingPeriodEnd": "2026-08-01T00:00:00Z",
    "BillingPeriodStart": "2026-07-01T00:00:00Z",
    "ChargeCategory": "Usage",
    "ChargeClass": None,
    "ChargeDescription": "t3.micro",
    "ChargePeriodEnd": "2026-07-02T00:00:00Z",
    "ChargePeriodStart": "2026-07-01T00:00:00Z",
    "ContractedCost": None,
    "EffectiveCost": "1.5",
    "InvoiceIssuerName": "AWS",
    "ListCost": "0",
    "PricingQuantity": "24",
    "PricingUnit": "Hours",
    "ProviderName": "AWS",
    "PublisherName": "AWS",
    "ServiceCategory": "Compute",
    "ServiceName": "Amazon EC2",
}
"""A row with the mandatory columns of FOCUS 1.0, as a CSV file has them."""


def batch(*changes: Mapping[str, Any], without: Sequence[str] = ()) -> Any:
    """Return rows like ROW, each with its changes, as a Table of texts."""
    rows = [{**ROW, **change} for change in changes or ({},)]
    names = [name for name in dict.fromkeys(n for row in rows for n in row) if name not in without]
    return pa.table({name: pa.array([row.get(name) for row in rows]) for name in names})


def with_column(name: str, values: Any) -> Any:
    """Return as many rows like ROW as there are values, with one column of a type of its own."""
    rows = batch(*({} for _ in range(len(values))))
    index = rows.schema.get_field_index(name)
    return rows.append_column(name, values) if index < 0 else rows.set_column(index, name, values)


def column(name: str, values: Any) -> list[Any]:
    """Return what one delivered column is in the ledger."""
    read: list[Any] = normalize(with_column(name, values), origin="july.parquet")[name].to_pylist()
    return read


@dataclass(frozen=True)
class Content:
    """A file of a delivery that is in memory."""

    content: bytes = field(repr=False)
    format: FileFormat
    name: str = "july"
    digest: str | None = None

    @property
    def size(self) -> int:
        return len(self.content)

    def open(self) -> AbstractContextManager[BinaryIO]:
        return BytesIO(self.content)


def read_file(content: bytes, kind: FileFormat) -> Any:
    """Return the rows of a file as one Table of the ledger, read as an import reads them."""
    batches = list(read_batches(Content(content, kind)))
    headers = read_headers(batches[0].schema.names, origin="july")
    rows = [normalize(one, origin="july", headers=headers) for one in batches]
    return pa.concat_tables(rows, promote_options="default")
