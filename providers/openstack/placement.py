"""Checking, without creating anything, whether a server could be created.

Nova refuses some requests immediately, and fails others while it builds the server. Checked here
is what can be known before: flavor, image, network and its subnets, zone, key pair, volume types,
and the quotas of Nova, Cinder and Neutron. Whether a host has capacity is known only by the build.
Sources: https://docs.openstack.org/api-ref/compute/#limits-limits,
https://docs.openstack.org/api-ref/block-storage/v3/#limits-limits and
https://docs.openstack.org/api-ref/network/v2/#quotas-details-extension-quota-details
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from providers.openstack.create_request import key_pair_names, validate_spec
from providers.openstack.creation import plan_create
from providers.openstack.errors import openstack_errors
from providers.openstack.fields import Json, inner, integer, texts
from providers.openstack.paging import get_all
from skyclust.contract import PlacementProvider
from skyclust.errors import InvalidRequest, NotFound, PermissionDenied, QuotaExceeded
from skyclust.model.instance import InstanceSpec
from skyclust.providerkit.answers import require_list

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

_SERVER_QUOTAS: Final = {
    "instances": ("maxTotalInstances", "totalInstancesUsed"),
    "cores": ("maxTotalCores", "totalCoresUsed"),
    "MiB of memory": ("maxTotalRAMSize", "totalRAMUsed"),
}
_VOLUME_QUOTAS: Final = {
    "volumes": ("maxTotalVolumes", "totalVolumesUsed"),
    "GiB of volumes": ("maxTotalVolumeGigabytes", "totalGigabytesUsed"),
}
"""The limit and the usage of each quota, as `/limits` names them."""


class OpenStackPlacement(PlacementProvider):
    """Checks whether a server could be created."""

    _clients: OpenStackClients

    @openstack_errors("check the placement")
    def check_placement(self, spec: InstanceSpec) -> None:
        """Raise the error that creating this server would raise, as far as it can be known."""
        validate_spec(spec)
        plan = plan_create(self._clients, spec, token_value="")
        _check_image_fits(spec, plan.flavor, plan.image, plan.body)
        _check_zone(self._clients, spec)
        _check_key_pairs(self._clients, spec)
        if plan.network is not None:
            _check_subnets(self._clients, spec, plan.network)
        _check_server_quotas(self._clients, spec, plan.flavor)
        sizes = [
            integer(disk, "volume_size") or 0
            for disk in plan.body["server"].get("block_device_mapping_v2", ())
            if disk["destination_type"] == "volume"
        ]
        if sizes:
            _check_volume_types(self._clients, spec)
            _check_volume_quotas(self._clients, spec, sizes)
        if plan.external_network is not None:
            _check_floating_ip_quota(self._clients, spec)


def _check_image_fits(spec: InstanceSpec, flavor: Json, image: Json, body: Json) -> None:
    """Raise InvalidRequest for a flavor that is too small for the image (400 at Nova)."""
    memory, min_memory = integer(flavor, "ram") or 0, integer(image, "min_ram") or 0
    disks = body["server"].get("block_device_mapping_v2", ())
    from_volume = bool(disks) and disks[0]["destination_type"] == "volume"
    size = integer(disks[0] if from_volume else flavor, "volume_size" if from_volume else "disk")
    min_size = integer(image, "min_disk") or 0
    message = f"Image {spec.image} in {spec.region} needs"
    if memory < min_memory:
        raise InvalidRequest(
            f"{message} {min_memory} MiB of memory, {spec.type} has {memory}.",
            provider="openstack",
        )
    if (size or 0) < min_size:
        raise InvalidRequest(
            f"{message} a disk of {min_size} GiB, it would have one of {size or 0}.",
            provider="openstack",
        )


def _check_zone(clients: OpenStackClients, spec: InstanceSpec) -> None:
    if spec.zone is None:
        return
    doing = f"list the zones of {spec.region}"
    answer = clients.call(spec.region, "compute", "GET", "/os-availability-zone", doing=doing)
    zones = require_list(answer, "availabilityZoneInfo", doing=doing, provider="openstack")
    available = sorted(
        str(zone["zoneName"]) for zone in zones if inner(zone, "zoneState").get("available")
    )
    if spec.zone.partition(":")[0] not in available:  # a host may follow the zone
        raise InvalidRequest(
            f"There is no zone {spec.zone!r} in {spec.region} that takes instances.",
            hint=f"There are: {', '.join(available) or 'none'}.",
            provider="openstack",
        )


def _check_key_pairs(clients: OpenStackClients, spec: InstanceSpec) -> None:
    for name in key_pair_names(spec):
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
    """Raise InvalidRequest for a network without subnets: Nova creates no port in it (400)."""
    doing = f"read network {network} in {spec.region}"
    shown = clients.read(spec.region, "network", f"/networks/{network}", "network", doing=doing)
    if texts(shown, "subnets") == []:
        raise InvalidRequest(
            f"Network {network} in {spec.region} has no subnet to take an address from.",
            hint="Create a subnet in it, or name another network.",
            provider="openstack",
        )


def _check_server_quotas(clients: OpenStackClients, spec: InstanceSpec, flavor: Json) -> None:
    doing = f"read the quotas of Nova in {spec.region}"
    limits = clients.read(spec.region, "compute", "/limits", "limits", doing=doing)
    required = {
        "instances": 1,
        "cores": integer(flavor, "vcpus") or 0,
        "MiB of memory": integer(flavor, "ram") or 0,
    }
    for what, (limit, used) in _SERVER_QUOTAS.items():
        quota = _to_quota(inner(limits, "absolute"), limit, used)
        _require_quota(spec, what, required[what], quota)


def _check_volume_quotas(clients: OpenStackClients, spec: InstanceSpec, sizes: list[int]) -> None:
    doing = f"read the quotas of Cinder in {spec.region}"
    limits = clients.read(spec.region, "block-storage", "/limits", "limits", doing=doing)
    required = {"volumes": len(sizes), "GiB of volumes": sum(sizes)}
    for what, (limit, used) in _VOLUME_QUOTAS.items():
        quota = _to_quota(inner(limits, "absolute"), limit, used)
        _require_quota(spec, what, required[what], quota)


def _check_volume_types(clients: OpenStackClients, spec: InstanceSpec) -> None:
    disks = (*((spec.boot_disk,) if spec.boot_disk else ()), *spec.disks)
    requested = sorted({disk.type for disk in disks if disk.type})
    if not requested:
        return
    doing = f"list the types of disks in {spec.region}"
    types = get_all(clients, spec.region, "block-storage", "/types", "volume_types", doing=doing)
    known = {str(one.get(key)) for one in types for key in ("id", "name")}
    missing = [one for one in requested if one not in known]
    if missing:
        raise NotFound(
            f"There is no disk type {missing[0]!r} in {spec.region}.", provider="openstack"
        )


def _check_floating_ip_quota(clients: OpenStackClients, spec: InstanceSpec) -> None:
    """Check the quota for one more floating IP, where the project may read its Neutron quotas."""
    doing = f"read the quotas of Neutron in {spec.region}"
    path = f"/quotas/{clients.project_id()}/details.json"
    try:
        quotas = clients.read(spec.region, "network", path, "quota", doing=doing)
    except (NotFound, PermissionDenied):
        return
    quota = _to_quota(inner(quotas, "floatingip"), "limit", "used")
    _require_quota(spec, "floating IPs", 1, quota)


def _to_quota(quotas: Json, limit: str, used: str) -> tuple[int, int] | None:
    """Return the limit and the usage of a quota, None without a limit: -1, or not reported."""
    most, in_use = integer(quotas, limit), integer(quotas, used)
    return None if most is None or most < 0 or in_use is None else (most, in_use)


def _require_quota(
    spec: InstanceSpec, what: str, required: int, quota: tuple[int, int] | None
) -> None:
    """Raise QuotaExceeded when a quota is too small for what the server needs."""
    if quota is None:
        return
    limit, used = quota
    if used + required > limit:
        raise QuotaExceeded(
            f"The project has {used} of {limit} {what} in {spec.region}, and this needs {required}"
            " more.",
            hint="Request a higher quota for the project, or delete something.",
            provider="openstack",
        )
