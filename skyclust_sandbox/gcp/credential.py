"""A credential that the sandbox GCP accepts."""

from __future__ import annotations

import json
from typing import Final

from skyclust_sandbox.gcp.bigquery.names import FULL_NAME
from skyclust_sandbox.gcp.identity import SERVICE_ACCOUNTS, service_account_key

ACCESS_KEY: Final = SERVICE_ACCOUNTS[0].email
"""The email of the main project's service account, which the `access_key` of a fault matches."""


def credential(endpoint: str) -> dict[str, str]:
    """Return the fields of the main project's credential; the key is the same in every run."""
    account = SERVICE_ACCOUNTS[0]
    key = service_account_key(endpoint, account.name, account.project)
    return {
        "service_account_info": json.dumps(key),
        "endpoint": endpoint,
        "billing_export_table": FULL_NAME,
    }
