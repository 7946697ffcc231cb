"""The identity of a credential, and the permissions it is known to lack.

A token contains the roles of a credential, but not what a role permits: that is each service's
policy. So reads are tried, and of writes only what every policy requires is known: a role above
`reader` (https://docs.openstack.org/keystone/latest/admin/service-api-protection.html).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from providers.openstack.regions import get_regions
from skyclust.errors import PermissionDenied
from skyclust.model.identity import Identity

if TYPE_CHECKING:
    from keystoneauth1.access import AccessInfo

    from providers.openstack.client import OpenStackClients

Json = dict[str, Any]

_READS: Final = (
    ("os_compute_api:servers:detail", "compute", "/servers/detail", {"limit": 1}),
    ("os_compute_api:flavors", "compute", "/flavors/detail", {"limit": 1}),
    ("volume:get_all", "block-storage", "/volumes/detail", {"limit": 1}),
    ("get_images", "image", "/images", {"limit": 1}),
    ("get_network", "network", "/networks", {"limit": 1}),
)
"""Rules of the services' policies, and the smallest calls that need them."""

_ALL_PROJECTS_READS: Final = (
    (
        "os_compute_api:servers:detail:get_all_tenants",
        "compute",
        "/servers/detail",
        {"limit": 1, "all_tenants": "1"},
    ),
)

_WRITES: Final = (
    "os_compute_api:servers:create",
    "os_compute_api:servers:delete",
    "os_compute_api:servers:start",
    "os_compute_api:servers:stop",
)
"""The rules that a credential with the role `reader` lacks in the services' default policies."""


def get_identity(clients: OpenStackClients) -> Identity:
    """Return project and user of a new token, and the permissions known to be missing.

    Raises AuthenticationFailed when Keystone does not accept the credential.
    """
    access = clients.access(fresh=True)
    missing = [*_denied(clients), *to_missing_writes(access.role_names or ())]
    administrator = "admin" in (access.role_names or ())
    return Identity(
        provider="openstack",
        account=str(access.project_id or ""),
        principal=to_principal(access),
        missing_permissions=tuple(sorted(missing)) if missing or administrator else None,
    )


def to_principal(access: AccessInfo) -> str:
    """Return user, project, domains and roles in one line."""
    user = f"{access.username or access.user_id}@{_domain(access, 'user_domain')}"
    project = f"{access.project_name or access.project_id}@{_domain(access, 'project_domain')}"
    roles = ", ".join(sorted(access.role_names or ())) or "none"
    return f"{user}, project {project}, roles {roles}"


def _domain(access: AccessInfo, of: str) -> str:
    return str(getattr(access, f"{of}_name") or getattr(access, f"{of}_id") or "")


def to_missing_writes(roles: Iterable[str]) -> list[str]:
    """Return the rules that a credential with these roles lacks: all writes for a reader."""
    return list(_WRITES) if set(roles) <= {"reader"} else []


def _denied(clients: OpenStackClients) -> list[str]:
    """Return the read rules whose calls the first region refuses."""
    regions = get_regions(clients)
    if not regions:
        return []
    reads = [*_READS, *(_ALL_PROJECTS_READS if clients.credential.all_projects else ())]
    denied = []
    for rule, service, path, params in reads:
        if not clients.has(regions[0], service):
            continue
        try:
            clients.call(regions[0], service, "GET", path, doing=f"try {rule}", params=dict(params))
        except PermissionDenied:
            denied.append(rule)
    return denied
