"""A credential that the sandbox Azure accepts."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.azure.tenants import MAIN_CLIENT, MAIN_TENANT

ACCESS_KEY: Final = MAIN_CLIENT.client_id
"""The client id of the seeded subscription's principal; what a fault's `access_key` matches."""


def credential(endpoint: str) -> dict[str, str]:
    """Return the fields of the seeded subscription's credential."""
    return {
        "subscription_id": MAIN_TENANT.subscription,
        "tenant_id": MAIN_TENANT.id,
        "client_id": MAIN_CLIENT.client_id,
        "client_secret": MAIN_CLIENT.secret or "",
        "authority": endpoint,
        "endpoint": endpoint,
    }
