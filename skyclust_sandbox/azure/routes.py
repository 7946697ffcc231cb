"""The operations of the REST API that the sandbox Azure carries out."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.azure.compute import routes as compute
from skyclust_sandbox.azure.cost_management import routes as cost_management
from skyclust_sandbox.azure.entra import routes as entra
from skyclust_sandbox.azure.network import routes as network
from skyclust_sandbox.azure.resources import routes as resources

ROUTES: Final = (
    *entra.ROUTES,
    *resources.ROUTES,
    *compute.ROUTES,
    *network.ROUTES,
    *cost_management.ROUTES,
)
"""Every route; the router takes the first one that matches."""
