"""The identity of a credential, and the required privileges that it lacks.

Source: https://pve.proxmox.com/wiki/User_Management, "Privileges"
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from providers.proxmox.permissions import get_privileges
from providers.proxmox.regions import get_region
from skyclust.errors import PermissionDenied
from skyclust.model.identity import Identity

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients

INVENTORY_PRIVILEGES: Final = ("Datastore.Audit", "SDN.Audit", "Sys.Audit", "VM.Audit")
"""The privileges that inventory requires."""

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
"""The privileges that the provider requires. The role in docs/providers/proxmox.md has these."""


def get_identity(clients: ProxmoxClients) -> Identity:
    """Return the cluster, the user or token, and the privileges that it has on no path.

    Raises AuthenticationFailed when the cluster does not accept the credential.
    """
    granted = get_privileges(clients, "read the privileges of the credential")
    missing = tuple(sorted(set(NEEDED_PRIVILEGES) - granted))
    try:
        account = get_region(clients)
    except PermissionDenied:  # Sys.Audit is missing, and reported as missing
        account = clients.credential.address
    return Identity(
        provider="proxmox",
        account=account,
        principal=clients.credential.principal,
        missing_permissions=missing,
    )
