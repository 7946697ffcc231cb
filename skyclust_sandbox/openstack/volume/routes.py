"""The operations of cinder v3."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.openstack.context import Route
from skyclust_sandbox.openstack.volume import (
    attachments,
    availability_zones,
    limits,
    metadata,
    snapshots,
    versions,
    volume_actions,
    volume_types,
    volumes,
)

_BASE: Final = "/v3/<project>"
_VOLUME: Final = f"{_BASE}/volumes/<volume_id>"
_SNAPSHOT: Final = f"{_BASE}/snapshots/<snapshot_id>"
_QUOTAS: Final = f"{_BASE}/os-quota-sets/<quota_project_id>"


def _metadata(path: str, noun: str) -> tuple[Route, ...]:
    action = f"{noun}_metadata"
    return (
        Route("GET", f"{path}/metadata", f"{action}.list", metadata.get_metadata),
        Route("POST", f"{path}/metadata", f"{action}.update", metadata.update_metadata),
        Route("PUT", f"{path}/metadata", f"{action}.replace", metadata.replace_metadata),
        Route(
            "DELETE",
            f"{path}/metadata/<key>",
            f"{action}.delete",
            metadata.delete_metadata_item,
        ),
    )


ROUTES: Final = (
    Route("GET", "", "versions.list", versions.list_versions, open=True),
    Route("GET", "/v3", "versions.get", versions.get_version, open=True),
    Route("GET", f"{_BASE}/volumes", "volumes.list", volumes.list_volumes),
    Route("GET", f"{_BASE}/volumes/detail", "volumes.list", volumes.list_volumes_detailed),
    Route("POST", f"{_BASE}/volumes", "volumes.create", volumes.create_volume),
    Route("GET", _VOLUME, "volumes.get", volumes.get_volume),
    Route("PUT", _VOLUME, "volumes.update", volumes.update_volume),
    Route("DELETE", _VOLUME, "volumes.delete", volumes.delete_volume),
    Route("POST", f"{_VOLUME}/action", "volumes.*", volume_actions.run_action),
    Route("GET", f"{_BASE}/snapshots", "snapshots.list", snapshots.list_snapshots),
    Route("GET", f"{_BASE}/snapshots/detail", "snapshots.list", snapshots.list_snapshots),
    Route("POST", f"{_BASE}/snapshots", "snapshots.create", snapshots.create_snapshot),
    Route("GET", _SNAPSHOT, "snapshots.get", snapshots.get_snapshot),
    Route("PUT", _SNAPSHOT, "snapshots.update", snapshots.update_snapshot),
    Route("DELETE", _SNAPSHOT, "snapshots.delete", snapshots.delete_snapshot),
    *_metadata(_VOLUME, "volume"),
    *_metadata(_SNAPSHOT, "snapshot"),
    Route("GET", f"{_BASE}/attachments", "attachments.list", attachments.list_attachments),
    Route("GET", f"{_BASE}/attachments/detail", "attachments.list", attachments.list_attachments),
    Route("GET", f"{_BASE}/types", "types.list", volume_types.list_types),
    Route("GET", f"{_BASE}/types/<type_id>", "types.get", volume_types.get_type),
    Route(
        "GET",
        f"{_BASE}/os-availability-zone",
        "availability_zones.list",
        availability_zones.list_zones,
    ),
    Route("GET", f"{_BASE}/limits", "limits.get", limits.get_limits),
    Route("GET", _QUOTAS, "quotas.get", limits.get_quotas),
    Route("PUT", _QUOTAS, "quotas.update", limits.set_quotas),
)
