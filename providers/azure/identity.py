"""The subscription and principal of a credential, and the permissions that it lacks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from providers.azure import api_versions
from providers.azure.errors import azure_errors
from providers.azure.fields import texts
from skyclust.errors import NotFound, PermissionDenied
from skyclust.model.identity import Identity

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document

NEEDED_PERMISSIONS: Final = (
    "Microsoft.Authorization/permissions/read",
    "Microsoft.Compute/diskEncryptionSets/read",
    "Microsoft.Compute/disks/beginGetAccess/action",
    "Microsoft.Compute/disks/delete",
    "Microsoft.Compute/disks/read",
    "Microsoft.Compute/disks/write",
    "Microsoft.Compute/galleries/images/read",
    "Microsoft.Compute/galleries/images/versions/read",
    "Microsoft.Compute/galleries/read",
    "Microsoft.Compute/images/read",
    "Microsoft.Compute/locations/publishers/artifacttypes/offers/skus/versions/read",
    "Microsoft.Compute/skus/read",
    "Microsoft.Compute/snapshots/beginGetAccess/action",
    "Microsoft.Compute/snapshots/delete",
    "Microsoft.Compute/snapshots/read",
    "Microsoft.Compute/snapshots/write",
    "Microsoft.Compute/sshPublicKeys/read",
    "Microsoft.Compute/virtualMachines/deallocate/action",
    "Microsoft.Compute/virtualMachines/delete",
    "Microsoft.Compute/virtualMachines/instanceView/read",
    "Microsoft.Compute/virtualMachines/powerOff/action",
    "Microsoft.Compute/virtualMachines/read",
    "Microsoft.Compute/virtualMachines/restart/action",
    "Microsoft.Compute/virtualMachines/retrieveBootDiagnosticsData/action",
    "Microsoft.Compute/virtualMachines/start/action",
    "Microsoft.Compute/virtualMachines/vmSizes/read",
    "Microsoft.Compute/virtualMachines/write",
    "Microsoft.CostManagement/query/read",
    "Microsoft.Network/loadBalancers/read",
    "Microsoft.Network/networkInterfaces/delete",
    "Microsoft.Network/networkInterfaces/join/action",
    "Microsoft.Network/networkInterfaces/read",
    "Microsoft.Network/networkInterfaces/write",
    "Microsoft.Network/networkSecurityGroups/read",
    "Microsoft.Network/publicIPAddresses/delete",
    "Microsoft.Network/publicIPAddresses/join/action",
    "Microsoft.Network/publicIPAddresses/read",
    "Microsoft.Network/publicIPAddresses/write",
    "Microsoft.Network/virtualNetworks/read",
    "Microsoft.Network/virtualNetworks/subnets/join/action",
    "Microsoft.Resources/subscriptions/locations/read",
    "Microsoft.Resources/subscriptions/read",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.Resources/subscriptions/resourceGroups/write",
    "Microsoft.Resources/tags/read",
    "Microsoft.Resources/tags/write",
)
"""The operations that the provider uses; the role in docs/providers/azure.md allows these only."""


def get_identity(clients: AzureClients) -> Identity:
    """Return subscription and principal, and the permissions that the principal lacks there.

    Raises AuthenticationFailed if Azure does not accept the credential, PermissionDenied
    if the principal has no role in the subscription.
    """
    doing = f"read subscription {clients.subscription_id}"
    with azure_errors(doing):
        claims = clients.token_claims()
        clients.get(clients.subscription, api_versions.SUBSCRIPTIONS)
    return Identity(
        provider="azure",
        account=clients.subscription_id,
        principal=to_principal(claims),
        missing_permissions=_missing_permissions(clients),
    )


def to_principal(claims: Mapping[str, Any]) -> str:
    """Return application, object and tenant from the claims of an access token.

    Source: https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference
    """
    application = claims.get("appid") or claims.get("azp") or "unknown"
    return (
        f"application {application} (object {claims.get('oid', 'unknown')})"
        f" of tenant {claims.get('tid', 'unknown')}"
    )


def _missing_permissions(clients: AzureClients) -> tuple[str, ...] | None:
    """Return the needed permissions that the principal's roles at the subscription do not allow.

    None if they cannot be listed.

    Source: https://learn.microsoft.com/en-us/rest/api/authorization/permissions/list-for-resource
    """
    path = f"{clients.subscription}/providers/Microsoft.Authorization/permissions"
    try:
        with azure_errors("list the permissions of the credential"):
            granted = clients.list_all(path, api_versions.PERMISSIONS)
    except (PermissionDenied, NotFound):
        return None  # the principal may not list them, or the cloud has no such API
    return to_missing(granted)


def to_missing(granted: Iterable[Document]) -> tuple[str, ...]:
    """Return the needed permissions that no role allows; notActions limit their own role only."""
    roles = list(granted)
    return tuple(
        needed for needed in NEEDED_PERMISSIONS if not any(_allows(role, needed) for role in roles)
    )


def _allows(role: Document, needed: str) -> bool:
    denied = texts(role, "notActions")
    return _matches(texts(role, "actions"), needed) and not _matches(denied, needed)


def _matches(patterns: Iterable[str], action: str) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)
