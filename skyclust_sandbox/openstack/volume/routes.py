"""The operations of cinder v3."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.openstack.context import Route
from skyclust_sandbox.openstack.volume import catalog, snapshots, volume_actions, volumes

_BASE: Final = "/v3/<project>"
_VOLUME: Final = f"{_BASE}/volumes/<volume_id>"
_SNAPSHOT: Final = f"{_BASE}/snapshots/<snapshot_id>"
_QUOTAS: Final = f"{_BASE}/os-quota-sets/<quota_project_id>"


def _metadata(path: str, noun: str) -> tuple[Route, ...]:
    action = f"{noun}_metadata"
    return (
        Route("GET", f"{path}/metadata", f"{action}.list", volume_actions.get_metadata),
        Route("POST", f"{path}/metadata", f"{action}.update", volume_actions.update_metadata),
        Route("PUT", f"{path}/metadata", f"{action}.replace", volume_actions.replace_metadata),
        Route(
            "DELETE",
            f"{path}/metadata/<key>",
            f"{action}.delete",
            volume_actions.delete_metadata_item,
        ),
    )


ROUTES: Final = (
    Route("GET", "", "versions.list", catalog.list_versions, open=True),
    Route("GET", "/v3", "versions.get", catalog.get_version, open=True),
    Route("GET", f"{_BASE}/volumes", "volumes.list", volumes.list_volumes),
    Route("GET", f"{_BASE}/volumes/detail", "volumes.list", volumes.list_volumes_detailed),
    Route("POST", f"{_BASE}/volumes", "volumes.create", volumes.create_volume),
    Route("GET", _VOLUME, "volumes.get", volumes.get_volume),
    Route("PUT", _VOLUME, "volumes.update", volumes.update_volume),
    Route("DELETE", _VOLUME, "volumes.delete", volumes.delete_volume),
    Route("POST", f"{_VOLUME}/action", "volumes.*", volume_actions.act),
    Route("GET", f"{_BASE}/snapshots", "snapshots.list", snapshots.list_snapshots),
    Route("GET", f"{_BASE}/snapshots/detail", "snapshots.list", snapshots.list_snapshots),
    Route("POST", f"{_BASE}/snapshots", "snapshots.create", snapshots.create_snapshot),
    Route("GET", _SNAPSHOT, "snapshots.get", snapshots.get_snapshot),
    Route("PUT", _SNAPSHOT, "snapshots.update", snapshots.update_snapshot),
    Route("DELETE", _SNAPSHOT, "snapshots.delete", snapshots.delete_snapshot),
    *_metadata(_VOLUME, "volume"),
    *_metadata(_SNAPSHOT, "snapshot"),
    Route("GET", f"{_BASE}/attachments", "attachments.list", catalog.list_attachments),
    Route("GET", f"{_BASE}/attachments/detail", "attachments.list", catalog.list_attachments),
    Route("GET", f"{_BASE}/types", "types.list", catalog.list_types),
    Route("GET", f"{_BASE}/types/<type_id>", "types.get", catalog.get_type),
    Route("GET", f"{_BASE}/os-availability-zone", "availability_zones.list", catalog.list_zones),
    Route("GET", f"{_BASE}/limits", "limits.get", catalog.get_limits),
    Route("GET", _QUOTAS, "quotas.get", catalog.get_quotas),
    Route("PUT", _QUOTAS, "quotas.update", catalog.set_quotas),
)
