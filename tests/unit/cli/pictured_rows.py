"""The fixed rows of the golden pictures: usual ones, and such as only a test has together."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from skyclust.inventory.rows import instance_row, resource_row, scope_row
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import Scope, ScopeKey, ScopeState
from skyclust.model.stored import StoredResource

MOMENT = datetime(2026, 11, 23, 12, 30, 15, 250, tzinfo=UTC)
SUBSCRIPTION = "/subscriptions/9a1f0f4e-3c1b-4a52-8f2e-6d4f1c9f0b77/resourcegroups"
VMS = "providers/microsoft.compute/virtualmachines"

_PLACES: tuple[tuple[str, str, str, str, str], ...] = (
    ("aws", "production-eu", "eu-central-1", "i-0a1b2c3d4e5f60718", "web-1"),
    ("aws", "production-eu", "eu-central-1", "i-0a1b2c3d4fffffff0", "web-2"),
    ("azure", "corporate", "germanywestcentral", f"{SUBSCRIPTION}/shop/{VMS}/db", "db"),
    ("azure", "corporate", "germanywestcentral", f"{SUBSCRIPTION}/old/{VMS}/db", "db"),
    ("gcp", "analytics", "northamerica-northeast2",
     "northamerica-northeast2-a/etl/"
     "8123456789012345678", "etl"),
    ("openstack", "lab", "RegionOne", "0b9f5c52-6b1e-4f7a-9a55-54f1f6f3a001",
     "東京の仮想マシン一号"),
    ("proxmox", "office", "pve-cluster-of-the-second-floor", "100", "win\x1b[2J\u202edows"),
    ("openstack", "lab", "RegionOne", "5d3d6f1c-91d4-4a0c-8d2a-54f1f6f3a002",
     "a-name-that-nobody-should-ever-have-given-to-anything-but-somebody-did-so-here-it-is"),
)  # fmt: skip


def machines() -> list[StoredResource]:
    """Return instances of every cloud, with names that a terminal may not like."""
    return [
        StoredResource(
            provider=provider,
            credential=credential,
            region=region,
            kind=ResourceKind.INSTANCE,
            id=whole,
            name=name,
            state="stopped" if name == "db" else "running",
            tags={"env": "prod", "owner": "team-of-the-shop"} if provider == "aws" else {},
            attributes={"type": "t3.small", "private_addresses": ["10.0.0.1", "fd00::1"]},
            workspace_id="default",
            first_seen_at=MOMENT,
            observed_at=MOMENT,
            scope_state=ScopeState.STALE if provider == "azure" else ScopeState.FRESH,
        )
        for provider, credential, region, whole, name in _PLACES
    ]


def resources() -> list[dict[str, Any]]:
    """Return rows of `inventory list`, one of them through three credentials."""
    shared = {"credential": ("production-eu", "production-read-only", "security-audit")}
    rows = [resource_row(each) for each in machines()]
    return [rows[0] | shared, *rows[1:]]


def instances() -> list[dict[str, Any]]:
    """Return rows of `instance list`."""
    return [instance_row(each) for each in machines()]


def operations() -> list[dict[str, Any]]:
    """Return rows of `operation list`; two ids share their first nine digits."""
    ids = [str(uuid5(UUID(int=1), str(number))) for number in range(3)]
    ids += ["3f2a90b1-c111-5000-8000-000000000001", "3f2a90b1-c222-5000-8000-000000000002"]
    states = ("succeeded", "running", "needs-attention", "failed", "cancelled")
    error = "The cloud refused it: quota of 20 vCPUs in eu-central-1 is used up; ask for more."
    return [
        {
            "id": whole,
            "kind": "create",
            "subject_name": f"web-{number}",
            "subject_id": "i-0a1b2c3d4e5f60718" if number else None,
            "credential": "production-eu",
            "region": "eu-central-1",
            "state": state,
            "step": "wait_for_running",
            "attempts": number,
            "error": error if state in {"failed", "needs-attention"} else None,
            "updated_at": MOMENT,
        }
        for number, (whole, state) in enumerate(zip(ids, states, strict=True))
    ]


def scopes() -> list[Scope]:
    """Return scopes of a silent cloud, of one that answers, and one without a permission."""
    silent = [
        _scope("corporate", region, kind, ScopeState.STALE, f"{region} gave no answer in 60 s.")
        for region in ("westeurope", "germanywestcentral", "eastus")
        for kind in (ResourceKind.INSTANCE, ResourceKind.DISK)
    ]
    fresh = [_scope("lab", "RegionOne", kind, ScopeState.FRESH, None) for kind in ResourceKind]
    denied = _scope(
        "production-eu",
        "eu-central-1",
        ResourceKind.IMAGE,
        ScopeState.FAILED,
        "Cannot list image in eu-central-1: ec2:DescribeImages is not allowed to this user.",
    )
    return [*fresh[:2], *silent, denied]


def each_scope() -> list[dict[str, Any]]:
    """Return rows of `inventory scopes --each`."""
    return [scope_row(scope) for scope in scopes()]


def _scope(
    credential: str, region: str, kind: ResourceKind, state: ScopeState, error: str | None
) -> Scope:
    return Scope(
        workspace_id="default",
        key=ScopeKey(credential=credential, region=region, kind=kind),
        provider="aws",
        state=state,
        resources=0 if state is ScopeState.FAILED else 3,
        completed_at=None if state is ScopeState.FAILED else MOMENT,
        attempted_at=MOMENT,
        error=error,
        error_class="Timeout" if error else None,
        run_id=None,
    )
