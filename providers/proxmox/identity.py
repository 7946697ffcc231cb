"""Who a credential is, and which of the needed privileges it has nowhere.

Source: https://pve.proxmox.com/wiki/User_Management, "Privileges"
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from providers.proxmox.permissions import get_privileges
from providers.proxmox.regions import get_region
from skyclust.errors import PermissionDenied
from skyclust.model.identity import Identity

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxConnections

INVENTORY_PRIVILEGES: Final = ("Datastore.Audit", "SDN.Audit", "Sys.Audit", "VM.Audit")
"""What reading takes."""

NEEDED_PRIVILEGES: Final = (
    *INVENTORY_PRIVILEGES,
    "Datastore.AllocateSpace",
    "SDN.Use",
    "VM.Allocate",
    "VM.Clone",
    "VM.Config.CDROM",
    "VM.Config.CPU",
    "VM.Config.Cloudinit",
    "VM.Config.Disk",
    "VM.Config.HWType",
    "VM.Config.Memory",
    "VM.Config.Network",
    "VM.Config.Options",
    "VM.PowerMgmt",
    "VM.Snapshot",
    "VM.Snapshot.Rollback",
)
"""What the provider's calls take. The role in docs/providers/proxmox.md has exactly these."""


def get_identity(connections: ProxmoxConnections) -> Identity:
    """Return the cluster, the user or token, and the privileges that it has on no path.

    Raises AuthenticationFailed when the cluster does not accept the credential.
    """
    granted = get_privileges(connections, "ask what the credential may do")
    missing = tuple(sorted(set(NEEDED_PRIVILEGES) - granted))
    try:
        account = get_region(connections)
    except PermissionDenied:  # without Sys.Audit; it is among those that are missing
        account = connections.credential.address
    return Identity(
        provider="proxmox",
        account=account,
        principal=connections.credential.principal,
        missing_permissions=missing,
    )
