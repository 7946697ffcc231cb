"""The ids by which bills name resources, and the kind of resource that the form of an id shows.

Sources of the forms: ARNs and ids of EC2 (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/\
resource-ids.html), resource ids of Azure (https://learn.microsoft.com/en-us/azure/azure-resource-\
manager/management/resource-providers-and-types), full resource names of Google Cloud
(https://cloud.google.com/asset-inventory/docs/asset-names).
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from skyclust.model.resource import ResourceKind

_INSTANCE, _DISK = ResourceKind.INSTANCE, ResourceKind.DISK
_SNAPSHOT, _IMAGE = ResourceKind.SNAPSHOT, ResourceKind.IMAGE
_ADDRESS, _BALANCER = ResourceKind.ADDRESS, ResourceKind.LOAD_BALANCER

_FORMS: Final[dict[str, tuple[tuple[re.Pattern[str], ResourceKind], ...]]] = {
    provider: tuple((re.compile(pattern), kind) for pattern, kind in forms.items())
    for provider, forms in {
        "aws": {
            r"(?:.*[:/])?i-[0-9a-f]+": _INSTANCE,
            r"(?:.*[:/])?vol-[0-9a-f]+": _DISK,
            r"(?:.*[:/])?snap-[0-9a-f]+": _SNAPSHOT,
            r"(?:.*[:/])?ami-[0-9a-f]+": _IMAGE,
            r"(?:.*[:/])?eipalloc-[0-9a-f]+": _ADDRESS,
            r"arn:[^:]*:elasticloadbalancing:.*:loadbalancer/.+": _BALANCER,
        },
        "azure": {
            r".*/providers/microsoft\.compute/virtualmachines/[^/]+": _INSTANCE,
            r".*/providers/microsoft\.compute/disks/[^/]+": _DISK,
            r".*/providers/microsoft\.compute/snapshots/[^/]+": _SNAPSHOT,
            r".*/providers/microsoft\.compute/images/[^/]+": _IMAGE,
            r".*/providers/microsoft\.network/publicipaddresses/[^/]+": _ADDRESS,
            r".*/providers/microsoft\.network/loadbalancers/[^/]+": _BALANCER,
        },
        "gcp": {
            r"//compute\.googleapis\.com/.*/instances/[^/]+": _INSTANCE,
            r"//compute\.googleapis\.com/.*/disks/[^/]+": _DISK,
            r"//compute\.googleapis\.com/.*/snapshots/[^/]+": _SNAPSHOT,
            r"//compute\.googleapis\.com/.*/images/[^/]+": _IMAGE,
            r"//compute\.googleapis\.com/.*/addresses/[^/]+": _ADDRESS,
            r"//compute\.googleapis\.com/.*/forwardingrules/[^/]+": _BALANCER,
        },
    }.items()
}
"""Patterns of ids in lower case."""

_RATED_TYPES: Final = {
    **{kind.value: kind for kind in ResourceKind},
    "volume.size": _DISK,
    "volume.snapshot.size": _SNAPSHOT,
    "snapshot.size": _SNAPSHOT,
    "image.size": _IMAGE,
    "ip.floating": _ADDRESS,
    "network.services.lb.loadbalancer": _BALANCER,
}
"""Resource types of price books, which are kinds, and metrics that CloudKitty rates.

`instance`, `volume.size`, `image.size` and `ip.floating` are in its own configuration
(https://opendev.org/openstack/cloudkitty/src/branch/master/etc/cloudkitty/metrics.yml), the others
are meters of Ceilometer, by polling and by notification
(https://docs.openstack.org/ceilometer/latest/admin/telemetry-measurements.html)."""


class BilledId(NamedTuple):
    """A resource as a bill names it: by its provider, the id, and the type where it has one."""

    provider: str
    id: str
    type: str | None = None

    @property
    def kind(self) -> ResourceKind | None:
        """Return the kind that the inventory has it as; None for what the inventory has not."""
        forms = _FORMS.get(self.provider)
        if forms is None:
            return _RATED_TYPES.get((self.type or "").lower())
        name = self.id.rstrip("/").lower()
        return next((kind for pattern, kind in forms if pattern.fullmatch(name)), None)

    @property
    def last_part(self) -> str:
        """Return the last part of an ARN, a path or a resource name, in lower case."""
        return last_part(self.id)


def last_part(name: str) -> str:
    """Return the last part of an ARN, a path or a resource name, in lower case."""
    return name.rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1].lower()
