"""The routes of Microsoft.CostManagement."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.azure.cost_management import queries, retail_prices
from skyclust_sandbox.azure.resource_routes import SUBSCRIPTION
from skyclust_sandbox.azure.router import Route

ROUTES: Final = (
    Route(
        "Query_Usage",
        "POST",
        f"{SUBSCRIPTION}/providers/Microsoft.CostManagement/query",
        queries.usage,
    ),
    Route(retail_prices.ACTION, "GET", retail_prices.PATH, None),
)
