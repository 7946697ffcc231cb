"""What the credential may do, as Proxmox VE itself tells it.

Lists leave out what may not be seen, without a word. So before something that is not listed
counts as absent, its path is looked up here.
Source: https://pve.proxmox.com/wiki/User_Management, "Privileges"
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from skyclust.errors import PermissionDenied

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxConnections


def get_privileges(
    connections: ProxmoxConnections, doing: str, path: str | None = None
) -> frozenset[str]:
    """Return the privileges that the credential has: at a path, or anywhere at all."""
    asked = {"path": path} if path is not None else {}
    permissions = connections.get_object("access/permissions", doing, **asked)
    return frozenset(
        str(privilege)
        for granted in permissions.values()
        if isinstance(granted, Mapping)
        for privilege in granted
    )


def refuse_blindness(connections: ProxmoxConnections, privilege: str, doing: str) -> None:
    """Raise PermissionDenied when nothing is listed for want of a privilege."""
    if privilege not in get_privileges(connections, doing):
        raise PermissionDenied(
            f"Could not {doing}: {connections.credential.principal} has the privilege {privilege}"
            " on no path, so Proxmox VE shows nothing.",
            hint="Give the role to the token too: a token has the privileges of its user only"
            " where both have them, or with privilege separation off.",
            provider="proxmox",
        )
