"""The principal and the project of a credential, and the permissions that it lacks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from providers.gcp import fields
from skyclust.errors import AuthenticationFailed, PermissionDenied, SkyClustError
from skyclust.model.identity import Identity

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients

NEEDED_PERMISSIONS: Final = (
    "compute.addresses.delete",
    "compute.addresses.deleteInternal",
    "compute.addresses.get",
    "compute.addresses.list",
    "compute.disks.create",
    "compute.disks.createSnapshot",
    "compute.disks.delete",
    "compute.disks.get",
    "compute.disks.list",
    "compute.disks.setLabels",
    "compute.disks.use",
    "compute.firewalls.list",
    "compute.forwardingRules.list",
    "compute.globalAddresses.delete",
    "compute.globalAddresses.deleteInternal",
    "compute.globalAddresses.get",
    "compute.globalAddresses.list",
    "compute.globalForwardingRules.list",
    "compute.globalOperations.get",
    "compute.images.get",
    "compute.images.getFromFamily",
    "compute.images.list",
    "compute.images.useReadOnly",
    "compute.instances.attachDisk",
    "compute.instances.create",
    "compute.instances.delete",
    "compute.instances.detachDisk",
    "compute.instances.get",
    "compute.instances.getSerialPortOutput",
    "compute.instances.list",
    "compute.instances.reset",
    "compute.instances.resume",
    "compute.instances.setLabels",
    "compute.instances.setMachineType",
    "compute.instances.setMetadata",
    "compute.instances.start",
    "compute.instances.stop",
    "compute.machineTypes.get",
    "compute.machineTypes.list",
    "compute.networks.get",
    "compute.networks.list",
    "compute.projects.get",
    "compute.regions.get",
    "compute.regions.list",
    "compute.snapshots.create",
    "compute.snapshots.delete",
    "compute.snapshots.get",
    "compute.snapshots.list",
    "compute.snapshots.setLabels",
    "compute.snapshots.useReadOnly",
    "compute.subnetworks.get",
    "compute.subnetworks.list",
    "compute.subnetworks.use",
    "compute.subnetworks.useExternalIp",
    "compute.zoneOperations.get",
)
"""The permissions of the methods that the provider calls ("IAM Permissions" of each method at
https://cloud.google.com/compute/docs/reference/rest/v1). The role in docs/providers/gcp.md has
exactly these."""

COST_PERMISSIONS: Final = ("bigquery.jobs.create",)
"""What a credential that names a billing export needs in its own project. The permissions on the
export belong to another project, and cannot be tested with those."""


def get_identity(clients: GcpClients, *, reads_costs: bool = False) -> Identity:
    """Return the project, the principal and the missing permissions, with those to read costs.

    Raises AuthenticationFailed when Google does not accept the credential, and PermissionDenied
    when the credential may not read the project and its missing permissions are not known.
    """
    needed = (*NEEDED_PERMISSIONS, *(COST_PERMISSIONS if reads_costs else ()))
    missing = _missing_permissions(clients, needed)
    try:
        clients.get("", f"read project {clients.project}", kind="project")
    except PermissionDenied:
        if not missing:
            raise
    return Identity(
        provider="gcp",
        account=clients.project,
        principal=principal(clients.authentication.credentials.source),
        missing_permissions=missing,
    )


def _missing_permissions(clients: GcpClients, needed: Sequence[str]) -> tuple[str, ...] | None:
    """Return the needed permissions that are missing, None without the Cloud Resource Manager.

    It may not be enabled in the project, and a private endpoint may not offer it. Source:
    https://cloud.google.com/resource-manager/reference/rest/v3/projects/testIamPermissions
    """
    path = f"v3/projects/{clients.project}:testIamPermissions"
    try:
        body = {"permissions": [*needed]}
        reply = clients.post_resource_manager(path, "test the permissions", body)
        granted = set(fields.texts(reply, "permissions"))
    except AuthenticationFailed:
        raise
    except SkyClustError:
        return None
    return tuple(sorted(set(needed) - granted))


def principal(credentials: Any) -> str:
    """Return the email, account or audience of credentials, else the name of their class."""
    if email := getattr(credentials, "service_account_email", None):
        return str(email)
    if account := getattr(credentials, "account", None):
        return str(account)
    audience = getattr(credentials, "_audience", None)
    return str(audience) if audience else type(credentials).__name__
