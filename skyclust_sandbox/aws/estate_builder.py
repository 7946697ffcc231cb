"""Creates the planned estate of a region in moto, in process: hundreds of calls in a second."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from moto.core.utils import iso_8601_datetime_with_milliseconds, utcnow
from moto.ec2.models import EC2Backend
from moto.ec2.models.amis import Ami
from moto.ec2.models.elastic_block_store import Snapshot, Volume
from moto.ec2.models.instances import Instance, StateReason
from moto.ec2.models.security_groups import SecurityGroup
from moto.ec2.models.subnets import Subnet
from moto.ec2.utils import random_ami_id
from moto.elb.models import elb_backends
from moto.elbv2.models import elbv2_backends

from skyclust_sandbox.aws.estate import (
    APPLICATIONS,
    BASE_IMAGE_AGES_DAYS,
    SHORT_NAMES,
    SITES,
    PlannedInstance,
    plan_instances,
)

_TIERS: Final = {"public": (443, "0.0.0.0/0"), "private": (8080, "10.0.0.0/8")}


@dataclass(frozen=True)
class _Network:
    """The network of one environment: subnets and security groups by tier."""

    subnets: Mapping[str, Sequence[Subnet]]
    groups: Mapping[str, SecurityGroup]


def build_estate(backend: EC2Backend, images: Mapping[str, str]) -> None:
    """Create the resources of a region; `images` has the public image of each architecture.

    A region that is not in SITES does not change.
    """
    site = SITES.get(backend.region_name)
    if site is None:
        return
    now = utcnow()
    rng = random.Random(f"estate of {backend.region_name}")  # noqa: S311 - a plan, not a secret
    networks = {
        environment: _build_network(backend, f"10.{site.number + index}", environment)
        for index, environment in enumerate(site.environments)
    }
    own_images = _build_images(backend, images["x86_64"], now)
    instances = [
        _build_instance(
            backend,
            planned,
            _image_of(planned, own_images, images),
            _placement(backend, planned, networks, rng),
            now,
        )
        for planned in plan_instances(backend.region_name)
    ]
    _build_snapshots(backend, instances, rng, now)
    _build_unused_volumes(backend, rng, now)
    _build_addresses(backend, instances, site.number)
    _build_load_balancers(backend, networks, now)


def _build_network(backend: EC2Backend, prefix: str, environment: str) -> _Network:
    owned = {"environment": environment, "team": "platform"}
    vpc = backend.create_vpc(f"{prefix}.0.0/16", tags=_tag_list({"Name": environment, **owned}))
    zones = [zone.name for zone in backend.describe_availability_zones()][:3]
    subnets: dict[str, list[Subnet]] = {}
    groups: dict[str, SecurityGroup] = {}
    for tier_number, (tier, (port, source)) in enumerate(_TIERS.items()):
        subnets[tier] = [
            backend.create_subnet(
                vpc.id,
                f"{prefix}.{tier_number * 64 + number * 16}.0/20",
                availability_zone=zone,
                tags={"subnet": {"Name": f"{environment}-{tier}-{zone[-1]}", **owned}},
            )
            for number, zone in enumerate(zones)
        ]
        name = f"{environment}-{tier}"
        group = backend.create_security_group(
            name, f"{tier.capitalize()} tier of {environment}", vpc.id, {"Name": name, **owned}
        )
        backend.authorize_security_group_ingress(
            group.id, "tcp", str(port), str(port), [{"CidrIp": source}]
        )
        groups[tier] = group
    return _Network(subnets, groups)


def _build_instance(
    backend: EC2Backend,
    planned: PlannedInstance,
    image_id: str,
    placement: Mapping[str, Any],
    now: datetime,
) -> Instance:
    disks = [_disk("/dev/xvda", planned.root_gib, delete_on_termination=True)]
    if planned.data_gib is not None:
        disks.append(_disk("/dev/sdf", planned.data_gib, delete_on_termination=False))
    reservation = backend.run_instances(
        image_id,
        1,
        None,
        [],
        instance_type=planned.type,
        is_instance_type_default=False,
        region_name=backend.region_name,
        block_device_mappings=disks,
        tags={"instance": dict(planned.tags), "volume": dict(planned.tags)},
        **placement,
    )
    instance: Instance = reservation.instances[0]
    _set_age(backend, instance, planned, now)
    return instance


def _placement(
    backend: EC2Backend,
    planned: PlannedInstance,
    networks: Mapping[str, _Network],
    rng: random.Random,
) -> dict[str, Any]:
    """Return the placement of an instance; one without an environment is in the default network."""
    network = networks.get(planned.environment)
    if network is None:
        subnets = list(backend.get_default_subnets().values())
        return {"subnet_id": rng.choice(subnets).id, "associate_public_ip": True}
    tier = "public" if planned.public else "private"
    return {
        "subnet_id": rng.choice(network.subnets[tier]).id,
        "security_group_ids": [network.groups[tier].id],
        "associate_public_ip": planned.public,
    }


def _disk(device: str, gib: int, *, delete_on_termination: bool) -> dict[str, Any]:
    ebs = {"VolumeSize": gib, "VolumeType": "gp3", "DeleteOnTermination": delete_on_termination}
    return {"DeviceName": device, "Ebs": ebs}


def _set_age(
    backend: EC2Backend, instance: Instance, planned: PlannedInstance, now: datetime
) -> None:
    created_at = now - timedelta(days=planned.age_days)
    instance.client_token = None
    instance.launch_time = created_at
    for interface in instance.nics.values():
        interface.delete_on_termination = True
    for _, disk in instance.get_block_device_mapping:
        disk.attach_time = created_at
        volume: Volume = backend.get_volume(disk.volume_id)
        volume.create_time = created_at
        for attachment in volume.attachments:
            attachment.attach_time = created_at
    if planned.stopped_days is not None:
        stopped_at = now - timedelta(days=planned.stopped_days)
        instance.stop()
        instance._reason = f"User initiated ({stopped_at:%Y-%m-%d %H:%M:%S} GMT)"
        code = "Client.UserInitiatedShutdown"
        instance.state_reason = StateReason(f"{code}: User initiated shutdown", code)


def _build_snapshots(
    backend: EC2Backend, instances: Iterable[Instance], rng: random.Random, now: datetime
) -> None:
    """Take four snapshots of each data disk, the oldest up to two years old."""
    for instance in instances:
        for device, disk in instance.get_block_device_mapping:
            if device == instance.root_device_name:
                continue
            tags = {tag["key"]: tag["value"] for tag in instance.get_tags()}
            for age_days in (1, 8, 15, rng.randint(180, 720)):
                _build_snapshot(backend, disk.volume_id, tags, age_days, now)


def _build_snapshot(
    backend: EC2Backend, volume_id: str, tags: Mapping[str, str], age_days: int, now: datetime
) -> None:
    name = tags.get("Name", volume_id)
    snapshot: Snapshot = backend.create_snapshot(volume_id, f"Backup of {name}")
    snapshot.start_time = now - timedelta(days=age_days)
    snapshot.add_tags({**tags, "Name": f"{name}-backup"})


def _build_unused_volumes(backend: EC2Backend, rng: random.Random, now: datetime) -> None:
    """Create volumes that no instance uses, half of them without a tag."""
    zones = [zone.name for zone in backend.describe_availability_zones()]
    for number in range(rng.randint(6, 14)):
        volume: Volume = backend.create_volume(
            rng.choice((8, 50, 100, 500)), rng.choice(zones), volume_type="gp2"
        )
        volume.create_time = now - timedelta(days=rng.uniform(90, 1200))
        if number % 2:
            application = rng.choice(APPLICATIONS)
            volume.add_tags({"Name": f"{application.name}-old-data", "team": application.team})


def _build_images(backend: EC2Backend, source_id: str, now: datetime) -> dict[int, str]:
    """Create the base images of the last years; returns their ids by age in days."""
    image_ids: dict[int, str] = {}
    for age_days in BASE_IMAGE_AGES_DAYS:
        created_at = now - timedelta(days=age_days)
        name = f"company-base-{created_at:%Y-%m}"
        image = Ami(
            backend,
            random_ami_id(),
            source_ami=backend.amis[source_id],
            name=name,
            description="Base image with agents and hardening",
            creation_date=created_at,
            root_device_type="ebs",
            root_device_name="/dev/xvda",
            image_location=f"{backend.account_id}/{name}",
            hypervisor="xen",
            region_name=f"{backend.region_name}a",
            tags={"Name": name, "team": "platform"},
        )
        image.ebs_snapshot.start_time = created_at
        backend.amis[image.id] = image
        image_ids[age_days] = image.id
    return image_ids


def _image_of(planned: PlannedInstance, own: Mapping[int, str], public: Mapping[str, str]) -> str:
    """Return the newest base image at the launch of the instance, by default a public image."""
    older = [age_days for age_days in own if age_days > planned.age_days]
    if planned.architecture == "x86_64" and older:
        return own[min(older)]
    return public[planned.architecture]


def _build_addresses(backend: EC2Backend, instances: Iterable[Instance], site_number: int) -> None:
    """Associate Elastic IPs with the bastions, and allocate three unused ones."""
    # Addresses reserved for documentation (RFC 5737), which are not in use.
    addresses = (f"203.0.113.{site_number + number}" for number in range(10))
    for instance in instances:
        name = next((tag["value"] for tag in instance.get_tags() if tag["key"] == "Name"), "")
        if "bastion" in name:
            tags = {"Name": name, "team": "platform"}
            address = backend.allocate_address("vpc", address=next(addresses), tags=tags)
            backend.associate_address(instance=instance, allocation_id=address.allocation_id)
    for tags in ({"Name": "reserved-1"}, {"Name": "reserved-2"}, {}):
        backend.allocate_address("vpc", address=next(addresses), tags=tags)


def _build_load_balancers(
    backend: EC2Backend, networks: Mapping[str, _Network], now: datetime
) -> None:
    created_at = iso_8601_datetime_with_milliseconds(now - timedelta(days=400))
    balancers = elbv2_backends[backend.account_id][backend.region_name]
    for environment, network in networks.items():
        subnets = [subnet.id for subnet in network.subnets["public"]]
        for application in APPLICATIONS:
            if not {"api", "web"} & {role.name for role in application.roles}:
                continue
            balancer = balancers.create_load_balancer(
                f"{application.name}-{SHORT_NAMES[environment]}",
                [network.groups["public"].id],
                subnets,
                scheme="internet-facing" if environment == "production" else "internal",
                loadbalancer_type="application",
                tags=_tag_list(
                    {
                        "environment": environment,
                        "team": application.team,
                        "application": application.name,
                    }
                ),
            )
            balancer.state = "active"
            balancer.created_time = created_at
    production = networks["production"]
    classic = elb_backends[backend.account_id][backend.region_name].create_load_balancer(
        name="legacy-intranet",
        zones=[],
        ports=[{"Protocol": "tcp", "LoadBalancerPort": 80, "InstancePort": 8080}],
        scheme="internal",
        subnets=[production.subnets["private"][0].id],
        security_groups=[production.groups["private"].id],
    )
    classic.created_time = now - timedelta(days=2200)


def _tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
