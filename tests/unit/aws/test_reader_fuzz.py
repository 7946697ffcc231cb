"""Replies with missing, null or malformed fields: readers neither fail nor invent values.

The examples have every member that botocore's models know, and two entries in each list.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from providers.aws import (
    addresses,
    disks,
    firewalls,
    images,
    instances,
    load_balancers,
    networks,
    snapshots,
)
from providers.aws.load_balancers import ClassicLoadBalancer, LoadBalancer
from skyclust.errors import IncompleteList
from skyclust.model.resource import Resource
from skyclust.providerkit.items import ItemReader
from tests.unit.aws.examples import example

REGION: Final = "eu-central-1"
Read = Callable[[str, Any], Resource | None]
Path = tuple[str | int, ...]

READERS: Final[dict[str, tuple[str, str, Read, set[str]]]] = {
    "instance": ("ec2", "Instance", instances.to_resource, {"InstanceId", "State", "State.Name"}),
    "disk": ("ec2", "Volume", disks.to_disk, {"VolumeId"}),
    "snapshot": ("ec2", "Snapshot", snapshots.to_snapshot, {"SnapshotId"}),
    "image": ("ec2", "Image", images.to_image, {"ImageId"}),
    "network": ("ec2", "Vpc", networks.to_network, {"VpcId"}),
    "subnet": ("ec2", "Subnet", networks.to_subnet, {"SubnetId"}),
    "firewall": ("ec2", "SecurityGroup", firewalls.to_firewall, {"GroupId"}),
    "address": ("ec2", "Address", addresses.to_address, {"AllocationId"}),
    "load balancer": (
        "elbv2",
        "LoadBalancer",
        lambda region, item: load_balancers.to_load_balancer(region, LoadBalancer(item, {})),
        {"LoadBalancerArn"},
    ),
    "classic load balancer": (
        "elb",
        "LoadBalancerDescription",
        lambda region, item: load_balancers.to_classic_load_balancer(
            region, ClassicLoadBalancer(item, {})
        ),
        {"LoadBalancerName"},
    ),
}
"""For each kind the service and shape of its example, its reader, and its required members."""

ODD: Final[tuple[object, ...]] = (None, "", [], {}, "odd", 7, ["odd"], {"odd": 1})


def paths(value: Any, above: Path = ()) -> Iterator[Path]:
    """Yield the path of each member of a reply, at each depth."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, member in inner:
        yield (*above, key)
        if isinstance(member, (dict, list)):
            yield from paths(member, (*above, key))


def changed(answer: Any, path: Path, *odd: object) -> Any:
    """Return a reply with another value at a path, or without the path when no value is passed."""
    result = copy.deepcopy(answer)
    *above, last = path
    place = result
    for key in above:
        place = place[key]
    if odd:
        place[last] = odd[0]
    else:
        del place[last]
    return result


def read(reader: Read, answer: Any) -> Resource | str | None:
    """Return the resource of an item, or the reason why it cannot be read."""
    items = ItemReader("aws", "items")
    records = items.read([answer], lambda item: reader(REGION, item), region=REGION)
    try:
        items.finish()
    except IncompleteList as error:
        return error.items[0].reason
    return records[0] if records else None


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("kind", READERS)
def test_a_complete_reply_is_read(kind: str) -> None:
    service, shape, reader, _ = READERS[kind]
    assert isinstance(read(reader, example(service, shape)), Resource)


@pytest.mark.parametrize("kind", READERS)
def test_a_missing_or_null_member_affects_only_itself(kind: str) -> None:
    service, shape, reader, needed = READERS[kind]
    whole = example(service, shape)
    complete = read(reader, whole)
    assert isinstance(complete, Resource)
    known = {*texts(json.loads(json.dumps(whole, default=str))), *texts(complete.model_dump())}
    for path in paths(whole):
        for answer in (changed(whole, path), changed(whole, path, None)):
            found = read(reader, answer)
            if ".".join(map(str, path)) in needed:
                assert isinstance(found, str), path
                continue
            if isinstance(path[-1], int) and not isinstance(found, Resource):
                continue  # a null in a list is not an entry
            assert isinstance(found, Resource), f"{path}: {found}"
            assert found.id == complete.id
            invented = {*texts(found.model_dump(mode="json"))} - known - ALLOWED
            assert not invented, f"{path}: {invented}"


ALLOWED: Final = {"", "on-demand", "updating", "unassociated", "available", "2026-01-02T03:04:05Z"}
"""Values that a reader may return for a missing member: an empty name, EC2's documented default of
the lifecycle, the states of an unattached address, and times in another format."""


@pytest.mark.parametrize("kind", READERS)
def test_a_malformed_member_affects_only_its_item(kind: str) -> None:
    service, shape, reader, _ = READERS[kind]
    whole = example(service, shape)
    for path in paths(whole):
        for odd in ODD:
            found = read(reader, changed(whole, path, odd))
            assert found is None or isinstance(found, (Resource, str))
            if isinstance(found, Resource):
                assert "None" not in {*texts(found.model_dump(mode="json"))}, (path, odd)
