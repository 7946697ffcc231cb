"""The privileges of the credential.

Proxmox VE silently omits from its lists what the credential may not see. So the privilege on its
path is read before something that is not listed is considered absent.
Source: https://pve.proxmox.com/wiki/User_Management, "Privileges"
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from skyclust.errors import PermissionDenied

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients


def get_privileges(clients: ProxmoxClients, doing: str, path: str | None = None) -> frozenset[str]:
    """Return the privileges that the credential has on a path, by default on any path."""
    parameters = {"path": path} if path is not None else {}
    permissions = clients.get_object("access/permissions", doing, **parameters)
    return frozenset(
        str(privilege)
        for granted in permissions.values()
        if isinstance(granted, Mapping)
        for privilege in granted
    )


def require_privilege(clients: ProxmoxClients, privilege: str, doing: str) -> None:
    """Raise PermissionDenied when a list is empty because the credential lacks a privilege."""
    if privilege not in get_privileges(clients, doing):
        raise PermissionDenied(
            f"Could not {doing}: {clients.credential.principal} has the privilege {privilege}"
            " on no path, so Proxmox VE shows nothing.",
            hint="Give the role to the token too: a token has the privileges of its user only"
            " where both have them, or with privilege separation off.",
            provider="proxmox",
        )
