"""A credential that the sandbox AWS accepts."""

from __future__ import annotations

from typing import Final

ACCESS_KEY: Final = "sandbox"
"""The access key id of the seeded account's user, which a fault may name in `access_key`."""


EXPORT_ADDRESS: Final = "s3://company-billing/exports/focus"
"""Where the bill is exported to."""


def credential(endpoint: str) -> dict[str, str]:
    """Return the fields of the seeded account's credential; signatures are not checked."""
    return {
        "access_key_id": ACCESS_KEY,
        "secret_access_key": "any",
        "region": "eu-central-1",
        "endpoint": endpoint,
        "cost_export": EXPORT_ADDRESS,
    }
