"""A credential that the sandbox OpenStack accepts."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.openstack.directory import APPLICATION_CREDENTIALS

ACCESS_KEY: Final = APPLICATION_CREDENTIALS[0].user.name
"""The user name of the seeded project's member; the `access_key` of faults matches it."""

RATING_CURRENCY: Final = "EUR"
"""The currency of the prices of the sandbox CloudKitty, whose API does not name it."""


def credential(endpoint: str) -> dict[str, str]:
    """Return the fields of an application credential of the seeded project's member."""
    known = APPLICATION_CREDENTIALS[0]
    return {
        "endpoint": f"{endpoint}/identity/v3",
        "application_credential_id": known.id,
        "application_credential_secret": known.secret,
        "rating_currency": RATING_CURRENCY,
    }
