"""The bill of a sample of instances, and what a provider reads of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from providers.azure.credential import AzureCredential
from providers.azure.provider import AzureProvider
from skyclust.contract import FocusRow
from tests.fixtures.azure import AzureSandbox

SAMPLE = 6
QUERY = "Query_Usage"


def rows_of(provider: AzureProvider, start: date, end: date) -> list[FocusRow]:
    """Return the rows of all deliveries."""
    return [
        row
        for delivery in provider.list_deliveries(start, end)
        for part in delivery.rows
        for page in part.pages()
        for row in page
    ]


def total(rows: list[FocusRow], column: str) -> Decimal:
    """Return the sum of a column."""
    return sum((Decimal(str(row[column])) for row in rows), Decimal(0))


def credential_of(sandbox: AzureSandbox, **changes: object) -> AzureCredential:
    """Return a credential for the sandbox."""
    fields = {
        "subscription_id": sandbox.subscription_id,
        "tenant_id": sandbox.tenant_id,
        "client_id": sandbox.client_id,
        "client_secret": sandbox.client_secret,
        "endpoint": sandbox.endpoint,
        "authority": sandbox.endpoint,
    }
    return AzureCredential.model_validate({**fields, **changes})
