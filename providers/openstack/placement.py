"""Whether a server could be made: what its request needs is looked for, and nothing is made.

Nova refuses some requests at once, and gives up others while it builds. What can be known before
is checked here: flavor, image, network and its subnets, zone, key pair, the types of volumes, and
the quotas of Nova, Cinder and Neutron. Whether a host has room, only the build tells.
Sources: https://docs.openstack.org/api-ref/compute/#limits-limits,
https://docs.openstack.org/api-ref/block-storage/v3/#limits-limits and
https://docs.openstack.org/api-ref/network/v2/#quotas-details-extension-quota-details
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from providers.openstack.create_request import key_names, refuse_impossible
from providers.openstack.creation import prepared
from providers.openstack.fields import Json, integer, nested, texts
from providers.openstack.paging import get_all
from skyclust.errors import InvalidRequest, NotFound, PermissionDenied, QuotaExceeded
from skyclust.model.instance import InstanceSpec
from skyclust.providerkit.answers import require_list

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

_SERVERS: Final = {
    "instances": ("maxTotalInstances", "totalInstancesUsed"),
    "cores": ("maxTotalCores", "totalCoresUsed"),
    "MiB of memory": ("maxTotalRAMSize", "totalRAMUsed"),
}
_VOLUMES: Final = {
    "volumes": ("maxTotalVolumes", "totalVolumesUsed"),
    "GiB of volumes": ("maxTotalVolumeGigabytes", "totalGigabytesUsed"),
}


def check_placement(clients: OpenStackClients, spec: InstanceSpec) -> None:
    """Raise what creating this server would be refused with, as far as it can be known before."""
    refuse_impossible(spec)
    plan = prepared(clients, spec, mark="")
    _check_disk(spec, plan.flavor, plan.image, plan.body)
    _check_zone(clients, spec)
    _check_keys(clients, spec)
    if plan.network is not None:
        _check_subnets(clients, spec, plan.network)
    _check_server_quotas(clients, spec, plan.flavor)
    sizes = [
        integer(disk, "volume_size") or 0
        for disk in plan.body["server"].get("block_device_mapping_v2", ())
        if disk["destination_type"] == "volume"
    ]
    if sizes:
        _check_volume_types(clients, spec)
        _check_volume_quotas(clients, spec, sizes)
    if plan.external is not None:
        _check_address_quota(clients, spec)


def _check_disk(spec: InstanceSpec, flavor: Json, image: Json, body: Json) -> None:
    """Raise InvalidRequest for a flavor that is too small for the image (400 at Nova)."""
    memory, needed = integer(flavor, "ram") or 0, integer(image, "min_ram") or 0
    disks = body["server"].get("block_device_mapping_v2", ())
    from_volume = bool(disks) and disks[0]["destination_type"] == "volume"
    room = integer(disks[0] if from_volume else flavor, "volume_size" if from_volume else "disk")
    least = integer(image, "min_disk") or 0
    said = f"Image {spec.image} in {spec.region} needs"
    if memory < needed:
        raise InvalidRequest(
            f"{said} {needed} MiB of memory, {spec.type} has {memory}.", provider="openstack"
        )
    if (room or 0) < least:
        raise InvalidRequest(
            f"{said} a disk of {least} GiB, it would have one of {room or 0}.",
            provider="openstack",
        )


def _check_zone(clients: OpenStackClients, spec: InstanceSpec) -> None:
    if spec.zone is None:
        return
    doing = f"list the zones of {spec.region}"
    answer = clients.call(spec.region, "compute", "GET", "/os-availability-zone", doing=doing)
    zones = require_list(answer, "availabilityZoneInfo", doing=doing, provider="openstack")
    open_ones = sorted(
        str(zone["zoneName"]) for zone in zones if nested(zone, "zoneState").get("available")
    )
    if spec.zone.partition(":")[0] not in open_ones:  # a host may be named behind the zone
        raise InvalidRequest(
            f"There is no zone {spec.zone!r} in {spec.region} that takes machines.",
            hint=f"There are: {', '.join(open_ones) or 'none'}.",
            provider="openstack",
        )


def _check_keys(clients: OpenStackClients, spec: InstanceSpec) -> None:
    for name in key_names(spec):
        doing = f"look for key pair {name!r} in {spec.region}"
        try:
            clients.read(spec.region, "compute", f"/os-keypairs/{name}", "keypair", doing=doing)
        except NotFound as error:
            raise NotFound(
                f"The credential's user has no key pair {name!r} in {spec.region}.",
                provider="openstack",
                code=error.code,
            ) from error


def _check_subnets(clients: OpenStackClients, spec: InstanceSpec, network: str) -> None:
    """Raise InvalidRequest for a network without subnets: Nova makes no port in it (400)."""
    doing = f"read network {network} in {spec.region}"
    shown = clients.read(spec.region, "network", f"/networks/{network}", "network", doing=doing)
    if texts(shown, "subnets") == []:
        raise InvalidRequest(
            f"Network {network} in {spec.region} has no subnet to take an address from.",
            hint="Make a subnet in it, or name another network.",
            provider="openstack",
        )


def _check_server_quotas(clients: OpenStackClients, spec: InstanceSpec, flavor: Json) -> None:
    doing = f"read the quotas of Nova in {spec.region}"
    limits = clients.read(spec.region, "compute", "/limits", "limits", doing=doing)
    wanted = {
        "instances": 1,
        "cores": integer(flavor, "vcpus") or 0,
        "MiB of memory": integer(flavor, "ram") or 0,
    }
    for what, (limit, used) in _SERVERS.items():
        _require_room(spec, what, wanted[what], nested(limits, "absolute"), limit, used)


def _check_volume_quotas(clients: OpenStackClients, spec: InstanceSpec, sizes: list[int]) -> None:
    doing = f"read the quotas of Cinder in {spec.region}"
    limits = clients.read(spec.region, "block-storage", "/limits", "limits", doing=doing)
    wanted = {"volumes": len(sizes), "GiB of volumes": sum(sizes)}
    for what, (limit, used) in _VOLUMES.items():
        _require_room(spec, what, wanted[what], nested(limits, "absolute"), limit, used)


def _check_volume_types(clients: OpenStackClients, spec: InstanceSpec) -> None:
    disks = (*((spec.boot_disk,) if spec.boot_disk else ()), *spec.disks)
    wanted = sorted({disk.type for disk in disks if disk.type})
    if not wanted:
        return
    doing = f"list the types of disks in {spec.region}"
    found = get_all(clients, spec.region, "block-storage", "/types", "volume_types", doing=doing)
    known = {str(one.get(key)) for one in found for key in ("id", "name")}
    missing = [one for one in wanted if one not in known]
    if missing:
        raise NotFound(
            f"There is no disk type {missing[0]!r} in {spec.region}.", provider="openstack"
        )


def _check_address_quota(clients: OpenStackClients, spec: InstanceSpec) -> None:
    """Look for room for one more floating address, where Neutron tells the project its quotas."""
    doing = f"read the quotas of Neutron in {spec.region}"
    path = f"/quotas/{clients.project_id()}/details.json"
    try:
        quota = clients.read(spec.region, "network", path, "quota", doing=doing)
    except (NotFound, PermissionDenied):
        return
    _require_room(spec, "floating addresses", 1, nested(quota, "floatingip"), "limit", "used")


def _require_room(  # noqa: PLR0917  all of it is one quota
    spec: InstanceSpec, what: str, wanted: int, told: Mapping[str, object], limit: str, used: str
) -> None:
    """Raise QuotaExceeded where a quota has no room; -1 is no limit, as is one that is not told."""
    most, taken = integer(dict(told), limit), integer(dict(told), used)
    if most is None or most < 0 or taken is None or taken + wanted <= most:
        return
    raise QuotaExceeded(
        f"The project has {taken} of {most} {what} in {spec.region}, and this needs {wanted} more.",
        hint="Ask for a higher quota of the project, or free something.",
        provider="openstack",
    )
