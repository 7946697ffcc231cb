"""Machines and disks put in their place as they are after years, without an operation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from skyclust_sandbox.gcp.links import Reference, scope_link
from skyclust_sandbox.gcp.machine_types import machine_types, series_of
from skyclust_sandbox.gcp.resources import new_resource, with_labels
from skyclust_sandbox.gcp.responses import Resource
from skyclust_sandbox.gcp.state import Project, World, fingerprint, timestamp

_FROM_IMAGE = ("architecture", "guestOsFeatures", "licenses")


@dataclass(frozen=True)
class Planted:
    """One machine as it is to be. Sizes are in GiB; `stopped_days` is None while it runs."""

    name: str
    zone: str
    machine_type: str
    subnetwork: Reference
    private_address: str
    image: Resource
    public_address: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    boot_gib: int = 10
    data_gib: int | None = None
    age_days: float = 0.0
    stopped_days: float | None = None
    preemptible: bool = False


def plant_machine(world: World, project: Project, planted: Planted) -> Resource:
    """Put a machine with its disks into its place and return it."""
    scope = f"zones/{planted.zone}"
    where = Reference(project.name, scope, "instances", planted.name)
    made = datetime.now(UTC) - timedelta(days=planted.age_days)
    boot = plant_disk(
        world,
        project,
        planted.zone,
        planted.name,
        planted.boot_gib,
        kind=series_of(planted.machine_type).disk_type,
        image=planted.image,
        labels=planted.labels,
        age_days=planted.age_days,
    )
    disks = [boot]
    if planted.data_gib is not None:
        kind = series_of(planted.machine_type).disk_type.replace("pd-standard", "pd-ssd")
        disks.append(
            plant_disk(
                world,
                project,
                planted.zone,
                f"{planted.name}-data",
                planted.data_gib,
                kind=kind,
                labels=planted.labels,
                age_days=planted.age_days,
            )
        )
    instance = _machine(world, project, planted, where, made)
    instance["disks"] = [_attached(disk, number) for number, disk in enumerate(disks)]
    for disk in disks:
        disk.update(users=[where.link], lastAttachTimestamp=timestamp(made))
    project.shelf("instances", scope)[planted.name] = instance
    return instance


def plant_disk(
    world: World,
    project: Project,
    zone: str,
    name: str,
    gib: int,
    *,
    kind: str = "pd-standard",
    image: Resource | None = None,
    labels: Mapping[str, str] | None = None,
    age_days: float = 0.0,
) -> Resource:
    """Put a disk into its place and return it."""
    scope = f"zones/{zone}"
    where = Reference(project.name, scope, "disks", name)
    disk = new_resource(world, where, "compute#disk")
    disk |= {
        "creationTimestamp": timestamp(datetime.now(UTC) - timedelta(days=age_days)),
        "status": "READY",
        "sizeGb": str(gib),
        "type": Reference(project.name, scope, "diskTypes", kind).link,
        "zone": scope_link(project.name, scope),
        "physicalBlockSizeBytes": "4096",
        "enableConfidentialCompute": False,
    }
    if image is not None:
        disk |= {"sourceImage": image["selfLink"], "sourceImageId": image["id"]}
        disk |= {name: image[name] for name in _FROM_IMAGE if name in image}
    with_labels(disk, labels)
    project.shelf("disks", scope)[name] = disk
    return disk


def plant_address(world: World, project: Project, region: str, name: str, text: str) -> Resource:
    """Put a reserved address into a region, a global one where the region is empty."""
    scope = f"regions/{region}" if region else "global"
    where = Reference(project.name, scope, "addresses", name)
    address = new_resource(world, where, "compute#address")
    address |= {
        "status": "RESERVED",
        "address": text,
        "addressType": "EXTERNAL",
        "ipVersion": "IPV4",
        "networkTier": "PREMIUM",
    }
    if region:
        address["region"] = scope_link(project.name, scope)
    project.shelf("addresses", scope)[name] = address
    return with_labels(address, None)


def _machine(
    world: World, project: Project, planted: Planted, where: Reference, made: datetime
) -> Resource:
    machine_type = machine_types(project.name, planted.zone)[planted.machine_type]
    spot = planted.preemptible
    instance = new_resource(world, where, "compute#instance")
    instance |= {
        "creationTimestamp": timestamp(made),
        "lastStartTimestamp": timestamp(made + timedelta(seconds=11)),
        "status": "RUNNING",
        "machineType": machine_type["selfLink"],
        "cpuPlatform": "Intel Broadwell" if machine_type["architecture"] == "X86_64" else "Axion",
        "zone": scope_link(project.name, where.scope),
        "canIpForward": False,
        "deletionProtection": False,
        "startRestricted": False,
        "scheduling": {
            "onHostMaintenance": "TERMINATE" if spot else "MIGRATE",
            "automaticRestart": not spot,
            "preemptible": spot,
            "provisioningModel": "SPOT" if spot else "STANDARD",
        },
        "metadata": {"kind": "compute#metadata", "fingerprint": fingerprint([])},
        "tags": _tags(planted.tags),
        "serviceAccounts": [
            {
                "email": f"{project.number}-compute@developer.gserviceaccount.com",
                "scopes": ["https://www.googleapis.com/auth/cloud-platform"],
            }
        ],
        "networkInterfaces": [_interface(project, planted)],
        "fingerprint": fingerprint(where.path),
    }
    if planted.stopped_days is not None:
        stopped = datetime.now(UTC) - timedelta(days=planted.stopped_days)
        instance.update(status="TERMINATED", lastStopTimestamp=timestamp(stopped))
    return with_labels(instance, planted.labels)


def _tags(names: tuple[str, ...]) -> Resource:
    tags: Resource = {"fingerprint": fingerprint(names)}
    return tags | ({"items": list(names)} if names else {})


def _interface(project: Project, planted: Planted) -> Resource:
    network = project.shelf("subnetworks", planted.subnetwork.scope)[planted.subnetwork.name]
    interface: Resource = {
        "kind": "compute#networkInterface",
        "network": network["network"],
        "subnetwork": planted.subnetwork.link,
        "networkIP": planted.private_address,
        "name": "nic0",
        "stackType": "IPV4_ONLY",
        "fingerprint": fingerprint(planted.private_address),
    }
    if planted.public_address is not None:
        access = {
            "kind": "compute#accessConfig",
            "type": "ONE_TO_ONE_NAT",
            "name": "External NAT",
            "networkTier": "PREMIUM",
        }
        if planted.stopped_days is None:
            access["natIP"] = planted.public_address
        interface["accessConfigs"] = [access]
    return interface


def _attached(disk: Resource, number: int) -> Resource:
    attached: Resource = {
        "kind": "compute#attachedDisk",
        "type": "PERSISTENT",
        "mode": "READ_WRITE",
        "source": disk["selfLink"],
        "deviceName": f"persistent-disk-{number}",
        "index": number,
        "boot": number == 0,
        "autoDelete": number == 0,
        "interface": "SCSI",
        "diskSizeGb": disk["sizeGb"],
    }
    return attached | {name: disk[name] for name in _FROM_IMAGE if name in disk}
