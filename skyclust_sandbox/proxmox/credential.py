"""A credential that the sandbox Proxmox VE accepts."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.proxmox.access import MAIN, TOKEN_SECRET

ACCESS_KEY: Final = MAIN
"""The id of the administrator's token, which a fault may name in `access_key`."""


def credential(endpoint: str) -> dict[str, str]:
    """Return the fields of the administrator's API token."""
    user, _, name = MAIN.partition("!")
    return {
        "endpoint": endpoint,
        "user": user,
        "token_name": name,
        "token_value": TOKEN_SECRET,
    }
