"""A credential that the sandbox GCP accepts."""

from __future__ import annotations

import json
from typing import Final

from skyclust_sandbox.gcp.identity import ACCOUNTS, service_account_key

ACCESS_KEY: Final = ACCOUNTS[0].email
"""The email of the seeded project's service account; what a fault's `access_key` matches."""


def credential(endpoint: str) -> dict[str, str]:
    """Return the fields of the seeded project's credential; the key is the same in every run."""
    account = ACCOUNTS[0]
    key = service_account_key(endpoint, account.name, account.project)
    return {"service_account_info": json.dumps(key), "endpoint": endpoint}
