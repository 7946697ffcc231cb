"""The tenants of the sandbox Azure, their subscriptions and their principals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Tenant:
    """A tenant with its only subscription."""

    id: str
    name: str
    subscription: str
    subscription_name: str


@dataclass(frozen=True)
class Principal:
    """A service principal, or a managed identity if it has no secret.

    `actions` are the actions that its role allows, as glob patterns.
    """

    client_id: str
    object_id: str
    name: str
    tenant: Tenant
    secret: str | None
    actions: tuple[str, ...] = ("*",)


MAIN_TENANT: Final = Tenant(
    "aaaaaaaa-0000-4000-8000-000000000001",
    "Contoso",
    "11111111-2222-4333-8444-555555555555",
    "contoso-production",
)
"""The tenant with the seeded estate."""

OTHER_TENANT: Final = Tenant(
    "aaaaaaaa-0000-4000-8000-000000000002",
    "Fabrikam",
    "66666666-7777-4888-8999-000000000000",
    "fabrikam",
)
"""A second tenant, always empty."""

TENANTS: Final = (MAIN_TENANT, OTHER_TENANT)


def _principal(
    number: int, name: str, tenant: Tenant, secret: str | None, *actions: str
) -> Principal:
    return Principal(
        client_id=f"c0000000-0000-4000-8000-{number:012d}",
        object_id=f"0b000000-0000-4000-8000-{number:012d}",
        name=name,
        tenant=tenant,
        secret=secret,
        actions=actions or ("*",),
    )


MAIN_CLIENT: Final = _principal(1, "skyclust", MAIN_TENANT, "sandbox-secret")
OPERATOR: Final = _principal(2, "operator", MAIN_TENANT, "sandbox-operator-secret")
READER: Final = _principal(3, "reader", MAIN_TENANT, "sandbox-reader-secret", "*/read")
OTHER_CLIENT: Final = _principal(4, "skyclust", OTHER_TENANT, "sandbox-other-secret")
MANAGED_IDENTITY: Final = _principal(5, "skyclust-identity", MAIN_TENANT, None)

PRINCIPALS: Final = {
    principal.client_id: principal
    for principal in (MAIN_CLIENT, OPERATOR, READER, OTHER_CLIENT, MANAGED_IDENTITY)
}

IDENTITY_HEADER: Final = "sandbox-identity-header"


def tenant_of_subscription(subscription: str) -> Tenant | None:
    """Return the tenant of a subscription, or None."""
    return next((tenant for tenant in TENANTS if tenant.subscription == subscription.lower()), None)


def find_tenant(id_or_domain: str) -> Tenant | None:
    """Return the tenant with this id or onmicrosoft.com domain, or None."""
    name = id_or_domain.lower()
    return next(
        (
            tenant
            for tenant in TENANTS
            if name in {tenant.id, f"{tenant.name.lower()}.onmicrosoft.com"}
        ),
        None,
    )
