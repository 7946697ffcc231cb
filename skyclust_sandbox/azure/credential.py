"""The credential of the sandbox Azure's seeded subscription."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.azure.tenants import MAIN_CLIENT, MAIN_TENANT

ACCESS_KEY: Final = MAIN_CLIENT.client_id
"""The client id of that credential's principal, which a fault's `access_key` matches."""


def credential(endpoint: str) -> dict[str, str]:
    """Return the fields of the credential for a sandbox at this endpoint."""
    return {
        "subscription_id": MAIN_TENANT.subscription,
        "tenant_id": MAIN_TENANT.id,
        "client_id": MAIN_CLIENT.client_id,
        "client_secret": MAIN_CLIENT.secret or "",
        "authority": endpoint,
        "endpoint": endpoint,
    }
