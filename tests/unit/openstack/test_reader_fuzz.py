"""Conversions of objects in which a field is missing, null or of another type.

None of them fails with a Python error, and none invents a value.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import pytest
from pydantic import BaseModel

from providers.openstack import catalog
from providers.openstack.addresses import to_address
from providers.openstack.disks import to_disk
from providers.openstack.firewalls import to_firewall, to_rule
from providers.openstack.flavors import to_instance_type
from providers.openstack.images import to_image
from providers.openstack.instances import to_instance
from providers.openstack.load_balancers import to_load_balancer
from providers.openstack.network_names import to_names, to_port_groups
from providers.openstack.networks import to_cidrs, to_network, to_subnet
from providers.openstack.snapshot_parts import to_image_parts, to_volume_part
from providers.openstack.snapshots import to_snapshot
from skyclust.errors import IncompleteList, UnexpectedAnswer
from skyclust.model.resource import Resource, instance_resource
from skyclust.providerkit.items import ItemReader
from tests.unit.openstack import examples, network_examples
from tests.unit.openstack.servers import GROUP_ID, NETWORK_ID, PROJECT_ID, SERVER_ID, SUBNET_ID

REGION: Final = "RegionOne"
Path = tuple[str | int, ...]
Read = Callable[[dict[str, Any]], BaseModel]

NETWORKS: Final = [
    {"id": NETWORK_ID, "name": "private", "project_id": PROJECT_ID, "shared": False},
    {"id": "n2", "name": "storage", "project_id": PROJECT_ID, "shared": False},
]
SUBNETS: Final = [
    {"id": SUBNET_ID, "network_id": NETWORK_ID, "cidr": "10.0.0.0/24"},
    {"id": "s2", "network_id": "n2", "cidr": "10.9.0.0/24"},
]
GROUPS: Final = [
    {"id": GROUP_ID, "name": "default", "project_id": PROJECT_ID},
    {"id": "g2", "name": "web", "project_id": PROJECT_ID},
]
NAMES: Final = to_names(NETWORKS, SUBNETS, GROUPS)


def _to_instance(server: dict[str, Any]) -> Resource:
    return instance_resource(to_instance(REGION, server, NAMES, {"2": "m1.small"}))


READERS: Final[dict[str, tuple[Read, dict[str, Any], set[Path]]]] = {
    "server": (_to_instance, examples.SERVER, {("status",)}),
    "server of an old Nova": (_to_instance, examples.OLD_SERVER, {("status",)}),
    "volume": (partial(to_disk, REGION), examples.VOLUME, set()),
    "snapshot": (partial(to_snapshot, REGION), examples.SNAPSHOT, set()),
    "image": (partial(to_image, REGION), examples.IMAGE, set()),
    "network": (partial(to_network, REGION), network_examples.NETWORK, set()),
    "subnet": (partial(to_subnet, REGION), network_examples.SUBNET, set()),
    "security group": (partial(to_firewall, REGION), network_examples.FIREWALL, set()),
    "floating IP": (partial(to_address, REGION), network_examples.ADDRESS, set()),
    "forwarding floating IP": (
        partial(to_address, REGION),
        network_examples.FORWARDING_ADDRESS,
        set(),
    ),
    "load balancer": (partial(to_load_balancer, REGION), network_examples.LOAD_BALANCER, set()),
    "flavor": (
        partial(to_instance_type, REGION),
        examples.FLAVOR,
        {("name",), ("vcpus",), ("ram",)},
    ),
    "image of the catalog": (
        partial(catalog.to_image, REGION, family="ubuntu-24.04"),
        examples.IMAGE,
        set(),
    ),
}
"""For each object: its conversion, an example, and its required fields besides the id."""

NEEDED_WITHIN: Final = {
    ("os-extended-volumes:volumes_attached", 0, "id"),
    ("os-extended-volumes:volumes_attached", 1, "id"),
    ("security_groups", 0, "name"),
    ("security_groups", 1, "name"),
    ("security_group_rules", 0, "direction"),
    ("security_group_rules", 1, "direction"),
}
"""Required fields of entries: without them, the entry would be missing from the list silently."""

MEANINGS: Final[dict[str, set[str]]] = {
    # A rule without a prefix and a group applies to any address.
    "security group": {"'0.0.0.0/0'", "'::/0'"},
    # A Neutron without port forwarding reports an address without a port.
    "forwarding floating IP": {"'available'"},
    # The defaults of absent extra specs, and of an image without minimum requirements.
    "flavor": {"1", "0"},
    "image of the catalog": {"0"},
    # Without a provisioning status the operating status counts.
    "load balancer": {"'degraded'"},
}
"""Values that the API documents as the meaning of a null or absent field."""

ODD: Final[tuple[Any, ...]] = ("", [], {}, "odd", 7, -1.5, True, ["odd"], [None], {"odd": None})
GONE: Final = object()


def _paths(value: Any, path: Path = ()) -> Iterator[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in inner:
        yield (*path, key)
        if isinstance(one, dict | list):
            yield from _paths(one, (*path, key))


def _changed(example: dict[str, Any], path: Path, value: object) -> dict[str, Any]:
    changed = copy.deepcopy(example)
    holder: Any = changed
    for key in path[:-1]:
        holder = holder[key]
    if value is GONE:
        del holder[path[-1]]
    else:
        holder[path[-1]] = copy.deepcopy(value)
    return changed


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield key
            yield from _leaves(one)
    elif isinstance(value, list | tuple | set):
        for one in value:
            yield from _leaves(one)
    else:
        yield value


def _read(convert: Read, item: dict[str, Any]) -> tuple[list[BaseModel], str]:
    """Return the records of a list with one item, and the reason if it cannot be read."""
    reader = ItemReader("openstack", "items")
    found = reader.read([item], convert, region=REGION)
    try:
        reader.finish()
    except IncompleteList as error:
        assert found == []
        return found, error.items[0].reason
    assert len(found) == 1
    return found, ""


def _cases(name: str, values: tuple[object, ...]) -> Iterator[tuple[Path, object, dict[str, Any]]]:
    _, example, _ = READERS[name]
    for path in _paths(example):
        for value in values:
            yield path, value, _changed(example, path, value)


@pytest.mark.parametrize("name", READERS)
def test_a_complete_object_is_read(name: str) -> None:
    convert, example, _ = READERS[name]
    assert convert(copy.deepcopy(example))


@pytest.mark.parametrize("name", READERS)
def test_a_missing_or_null_field_is_none(name: str) -> None:
    """The object is still read, unless the field is required; no value is invented."""
    convert, example, needed = READERS[name]
    whole = convert(copy.deepcopy(example)).model_dump(mode="json")
    flags = {key: one for key, one in whole.get("attributes", {}).items() if isinstance(one, bool)}
    known = {repr(one) for one in (*_leaves(whole), *_leaves(example))}
    known |= {"None", "''"} | MEANINGS.get(name, set())
    for path, _, item in _cases(name, (GONE, None)):
        found, reason = _read(convert, item)
        if path == ("id",) or path in needed | NEEDED_WITHIN or _is_entry(path):
            assert found == [] or _is_kept(found[0], known, flags), path
            if path == ("id",) or path in needed:
                assert repr(str(path[-1])) in reason, (path, reason)
            continue
        assert found, (path, reason)
        assert _is_kept(found[0], known, flags), path


def _is_entry(path: Path) -> bool:
    """Return whether a path is that of an entry of a list, which no service returns as null."""
    return isinstance(path[-1], int)


def _is_kept(found: BaseModel, known: set[str], flags: dict[str, bool]) -> bool:
    """Return whether all values derive from the example; a flag is unchanged or None."""
    shown = found.model_dump(mode="json")
    made_up = {repr(one) for one in _leaves(shown)} - known
    attributes = shown.get("attributes", {})
    empty = [key for key, one in attributes.items() if one is not False and one in ("", "None", 0)]
    turned = [key for key, was in flags.items() if attributes.get(key) not in (was, None)]
    return not made_up and not empty and not turned


def test_a_rule_without_a_prefix_field_does_not_apply_to_any_address() -> None:
    """In Neutron null means any address; a missing field means that it is unknown."""
    rule = {**network_examples.FIREWALL["security_group_rules"][0], "remote_ip_prefix": None}
    assert to_rule(rule)["sources"] == ["0.0.0.0/0"]
    del rule["remote_ip_prefix"]
    assert to_rule(rule)["sources"] is None
    assert to_rule({**rule, "remote_ip_prefix": None, "ethertype": None})["sources"] is None
    assert to_rule({**rule, "protocol": None})["protocol"] == "all"
    del rule["protocol"]
    assert to_rule(rule)["protocol"] is None


@pytest.mark.parametrize("name", READERS)
def test_a_field_of_another_type_is_reported_or_ignored(name: str) -> None:
    """The reason is a message of the conversion, and not a TypeError of Python."""
    convert, _, _ = READERS[name]
    for path, value, item in _cases(name, ODD):
        found, reason = _read(convert, item)
        assert found or reason.startswith(("Its ", "It has no ", "A rule ", "'")), (
            path,
            value,
            reason,
        )
        if found:
            assert "None" not in {one for one in _leaves(found[0].model_dump()) if one}, path


@pytest.mark.parametrize("odd", [None, "text", 7, [], [{}], True])
def test_an_item_that_is_not_an_object_is_reported(odd: Any) -> None:
    for name, (convert, _, _) in READERS.items():
        found, reason = _read(convert, odd)
        assert found == [], name
        assert reason, name


def test_names_are_read_beside_unreadable_items() -> None:
    """An unreadable network, subnet, group or port leaves all other names as they are."""
    for items, place in ((NETWORKS, 0), (SUBNETS, 1), (GROUPS, 2)):
        for path in _paths(items[1]):
            for value in (GONE, None, *ODD):
                lists: list[Any] = [NETWORKS, SUBNETS, GROUPS]
                lists[place] = [items[0], _changed(items[1], path, value)]
                names = to_names(*lists)
                assert names.network(PROJECT_ID, "private") == NETWORK_ID
                assert names.subnet(NETWORK_ID, "10.0.0.7") == SUBNET_ID
                assert names.firewall(PROJECT_ID, "default") == GROUP_ID
    port = {"id": "p", "device_id": "other", "security_groups": ["g1", "g2"]}
    whole = {"id": "q", "device_id": SERVER_ID, "security_groups": [GROUP_ID]}
    for path in _paths(port):
        for value in (GONE, None, *ODD):
            assert to_port_groups([whole, _changed(port, path, value)])[SERVER_ID] == {GROUP_ID}


def test_cidrs_of_a_network_are_complete_or_unknown() -> None:
    for path in _paths(SUBNETS[1]):
        for value in (GONE, None, *ODD):
            ranges = to_cidrs([SUBNETS[0], _changed(SUBNETS[1], path, value)])
            assert ranges[NETWORK_ID] == ["10.0.0.0/24"]
            assert ranges.get("n2") in (None, ["10.9.0.0/24"])


@pytest.mark.parametrize("example", [examples.IMAGE, examples.SNAPSHOT])
def test_a_snapshot_part_is_read_or_refused(example: dict[str, Any]) -> None:
    """No field of a snapshot that is to be restored may be guessed."""
    image = {**example, "instance_uuid": SERVER_ID, "skyclust_snapshot": "t-1"}
    for path in _paths(image):
        for value in (GONE, None, *ODD):
            item = _changed(image, path, value)
            try:
                if example is examples.SNAPSHOT:
                    to_volume_part(item)
                else:
                    to_image_parts(SERVER_ID, [item])
            except UnexpectedAnswer:
                continue
