"""Cinder's quotas: the default limits, the usage of a project, and the refusal beyond a limit.

Source: https://docs.openstack.org/api-ref/block-storage/v3/#quota-sets-extension-os-quota-sets
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.quotas import limits_of
from skyclust_sandbox.openstack.state import Region

DEFAULTS: Final = {"volumes": 400, "snapshots": 400, "gigabytes": 100_000, "backups": 10}
"""Cinder's limits for projects that have none of their own; -1 is no limit."""


def volume_limits(region: Region, project_id: str) -> dict[str, int]:
    """Return cinder's limits of a project."""
    return limits_of(region, "block-storage", project_id, DEFAULTS)


def volumes_used(region: Region, project_id: str) -> dict[str, int]:
    """Return how many volumes, snapshots and GiB a project uses; snapshots count as GiB too."""
    volumes = [volume for volume in region.volumes.values() if volume.project_id == project_id]
    snapshots = [
        snapshot for snapshot in region.snapshots.values() if snapshot.project_id == project_id
    ]
    gigabytes = sum(item.size for item in volumes) + sum(item.size for item in snapshots)
    return {"volumes": len(volumes), "snapshots": len(snapshots), "gigabytes": gigabytes}


def volumes_fit(context: Context, project_id: str, sizes: Sequence[int]) -> bool:
    """Return whether the quota of a project has room for more volumes of these sizes in GiB."""
    limits = volume_limits(context.region, project_id)
    used = volumes_used(context.region, project_id)
    number, gigabytes = limits["volumes"], limits["gigabytes"]
    return not sizes or (
        (number < 0 or used["volumes"] + len(sizes) <= number)
        and (gigabytes < 0 or used["gigabytes"] + sum(sizes) <= gigabytes)
    )


def require_quota(context: Context, size: int, *, noun: str = "volumes") -> None:
    """Refuse with 413 one more volume or snapshot of a size beyond the project's quota."""
    limits = volume_limits(context.region, context.project_id)
    used = volumes_used(context.region, context.project_id)
    error, word = (
        ("VolumeLimitExceeded", "volumes")
        if noun == "volumes"
        else ("SnapshotLimitExceeded", "snapshots")
    )
    if 0 <= limits[noun] <= used[noun]:
        raise context.refused(
            413,
            f"{error}: Maximum number of {word} allowed ({limits[noun]}) exceeded for quota"
            f" '{noun}'.",
        )
    if 0 <= limits["gigabytes"] < used["gigabytes"] + size:
        raise context.refused(
            413,
            "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed"
            f" gigabytes quota. Requested {size}G, quota is {limits['gigabytes']}G and"
            f" {used['gigabytes']}G has been consumed.",
        )
