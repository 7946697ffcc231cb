"""Add instances, disks and addresses of any age to the state, without an operation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from skyclust_sandbox.gcp.links import Reference, scope_link
from skyclust_sandbox.gcp.locations import region_of
from skyclust_sandbox.gcp.machine_types import machine_types, series_of
from skyclust_sandbox.gcp.network_interfaces import EXTERNAL_RANGE
from skyclust_sandbox.gcp.resources import SOURCE_FIELDS, new_resource, with_labels
from skyclust_sandbox.gcp.responses import Resource, fingerprint, timestamp
from skyclust_sandbox.gcp.state import Project, State


@dataclass(frozen=True)
class InstanceSeed:
    """An instance to add. Sizes are in GiB; `stopped_days` is None for a running instance."""

    name: str
    zone: str
    machine_type: str
    subnetwork: Reference
    internal_address: str
    image: Resource
    external_address: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    boot_gib: int = 10
    data_gib: int | None = None
    age_days: float = 0.0
    stopped_days: float | None = None
    spot: bool = False


def seed_instance(state: State, project: Project, seed: InstanceSeed) -> Resource:
    """Add an instance and its disks to a project, and return the instance."""
    scope = f"zones/{seed.zone}"
    reference = Reference(project.name, scope, "instances", seed.name)
    created = datetime.now(UTC) - timedelta(days=seed.age_days)
    disk_type = series_of(seed.machine_type).disk_type
    disks = [
        seed_disk(
            state,
            project,
            seed.zone,
            seed.name,
            seed.boot_gib,
            disk_type=disk_type,
            image=seed.image,
            labels=seed.labels,
            age_days=seed.age_days,
        )
    ]
    if seed.data_gib is not None:
        disks.append(
            seed_disk(
                state,
                project,
                seed.zone,
                f"{seed.name}-data",
                seed.data_gib,
                disk_type=disk_type.replace("pd-standard", "pd-ssd"),
                labels=seed.labels,
                age_days=seed.age_days,
            )
        )
    instance = _new_instance(state, project, seed, reference, created)
    instance["disks"] = [_attached_disk(disk, index) for index, disk in enumerate(disks)]
    for disk in disks:
        disk.update(users=[reference.link], lastAttachTimestamp=timestamp(created))
    project.collection("instances", scope)[seed.name] = instance
    return instance


def seed_running_instances(
    state: State, project: str, zone: str, count: int, machine_type: str
) -> None:
    """Add many running instances, each with a boot disk and an external address, for load tests."""
    owner = state.projects[project]
    subnetwork = Reference(project, f"regions/{region_of(zone)}", "subnetworks", "default")
    image = next(iter(state.projects["debian-cloud"].list_all("images")))
    existing = sum(1 for _ in owner.list_all("instances"))
    for number in range(existing, existing + count):
        seed = InstanceSeed(
            name=f"machine-{number:05d}",
            zone=zone,
            machine_type=machine_type,
            subnetwork=subnetwork,
            internal_address=f"10.{200 + number // 62500}.{number // 250 % 250}.{number % 250 + 2}",
            external_address=str(EXTERNAL_RANGE[number + 1024]),
            labels={"environment": "load", "number": str(number)},
            image=image,
        )
        seed_instance(state, owner, seed)


def seed_disk(
    state: State,
    project: Project,
    zone: str,
    name: str,
    gib: int,
    *,
    disk_type: str = "pd-standard",
    image: Resource | None = None,
    labels: Mapping[str, str] | None = None,
    age_days: float = 0.0,
) -> Resource:
    """Add a disk to a project and return it."""
    scope = f"zones/{zone}"
    reference = Reference(project.name, scope, "disks", name)
    disk = new_resource(state, reference, "compute#disk")
    disk |= {
        "creationTimestamp": timestamp(datetime.now(UTC) - timedelta(days=age_days)),
        "status": "READY",
        "sizeGb": str(gib),
        "type": Reference(project.name, scope, "diskTypes", disk_type).link,
        "zone": scope_link(project.name, scope),
        "physicalBlockSizeBytes": "4096",
        "enableConfidentialCompute": False,
    }
    if image is not None:
        disk |= {"sourceImage": image["selfLink"], "sourceImageId": image["id"]}
        disk |= {name: image[name] for name in SOURCE_FIELDS if name in image}
    with_labels(disk, labels)
    project.collection("disks", scope)[name] = disk
    return disk


def seed_address(
    state: State, project: Project, region: str, name: str, ip_address: str
) -> Resource:
    """Add a static address to a project and return it; it is global if the region is empty."""
    scope = f"regions/{region}" if region else "global"
    reference = Reference(project.name, scope, "addresses", name)
    address = new_resource(state, reference, "compute#address")
    address |= {
        "status": "RESERVED",
        "address": ip_address,
        "addressType": "EXTERNAL",
        "ipVersion": "IPV4",
        "networkTier": "PREMIUM",
    }
    if region:
        address["region"] = scope_link(project.name, scope)
    project.collection("addresses", scope)[name] = address
    return with_labels(address, None)


def _new_instance(
    state: State, project: Project, seed: InstanceSeed, reference: Reference, created: datetime
) -> Resource:
    machine_type = machine_types(project.name, seed.zone)[seed.machine_type]
    instance = new_resource(state, reference, "compute#instance")
    instance |= {
        "creationTimestamp": timestamp(created),
        "lastStartTimestamp": timestamp(created + timedelta(seconds=11)),
        "status": "RUNNING",
        "machineType": machine_type["selfLink"],
        "cpuPlatform": "Intel Broadwell" if machine_type["architecture"] == "X86_64" else "Axion",
        "zone": scope_link(project.name, reference.scope),
        "canIpForward": False,
        "deletionProtection": False,
        "startRestricted": False,
        "scheduling": {
            "onHostMaintenance": "TERMINATE" if seed.spot else "MIGRATE",
            "automaticRestart": not seed.spot,
            "preemptible": seed.spot,
            "provisioningModel": "SPOT" if seed.spot else "STANDARD",
        },
        "metadata": {"kind": "compute#metadata", "fingerprint": fingerprint([])},
        "tags": _tags(seed.tags),
        "serviceAccounts": [
            {
                "email": f"{project.number}-compute@developer.gserviceaccount.com",
                "scopes": ["https://www.googleapis.com/auth/cloud-platform"],
            }
        ],
        "networkInterfaces": [_network_interface(project, seed)],
        "fingerprint": fingerprint(reference.path),
    }
    if seed.stopped_days is not None:
        stopped = datetime.now(UTC) - timedelta(days=seed.stopped_days)
        instance.update(status="TERMINATED", lastStopTimestamp=timestamp(stopped))
    return with_labels(instance, seed.labels)


def _tags(names: tuple[str, ...]) -> Resource:
    tags: Resource = {"fingerprint": fingerprint(names)}
    return tags | ({"items": list(names)} if names else {})


def _network_interface(project: Project, seed: InstanceSeed) -> Resource:
    """Return the interface of an instance; a stopped instance has no ephemeral address."""
    subnetwork = project.collection("subnetworks", seed.subnetwork.scope)[seed.subnetwork.name]
    interface: Resource = {
        "kind": "compute#networkInterface",
        "network": subnetwork["network"],
        "subnetwork": seed.subnetwork.link,
        "networkIP": seed.internal_address,
        "name": "nic0",
        "stackType": "IPV4_ONLY",
        "fingerprint": fingerprint(seed.internal_address),
    }
    if seed.external_address is not None:
        access_config = {
            "kind": "compute#accessConfig",
            "type": "ONE_TO_ONE_NAT",
            "name": "External NAT",
            "networkTier": "PREMIUM",
        }
        if seed.stopped_days is None:
            access_config["natIP"] = seed.external_address
        interface["accessConfigs"] = [access_config]
    return interface


def _attached_disk(disk: Resource, index: int) -> Resource:
    attached: Resource = {
        "kind": "compute#attachedDisk",
        "type": "PERSISTENT",
        "mode": "READ_WRITE",
        "source": disk["selfLink"],
        "deviceName": f"persistent-disk-{index}",
        "index": index,
        "boot": index == 0,
        "autoDelete": index == 0,
        "interface": "SCSI",
        "diskSizeGb": disk["sizeGb"],
    }
    return attached | {name: disk[name] for name in SOURCE_FIELDS if name in disk}
