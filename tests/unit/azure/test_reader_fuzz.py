"""Every field of a response omitted or of a wrong type: no value is invented, no item hidden."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import pytest

from providers.azure.addresses import to_address
from providers.azure.catalog import to_instance_type
from providers.azure.disks import to_disk
from providers.azure.firewalls import to_firewall
from providers.azure.galleries import to_version
from providers.azure.images import to_image
from providers.azure.instances import to_instance
from providers.azure.interfaces import NetworkIndex, by_id
from providers.azure.load_balancers import to_load_balancer
from providers.azure.networks import to_network, to_subnet
from providers.azure.resources import location_of
from providers.azure.snapshots import to_snapshot
from skyclust.errors import IncompleteList
from skyclust.model.resource import Resource, instance_resource
from skyclust.providerkit.items import ItemReader
from tests.unit.azure import examples

Path = tuple[str | int, ...]
Document = dict[str, Any]

ABSENT: Final = object()
WRONG_VALUES: Final[tuple[Any, ...]] = (
    None, "", [], {}, 0, 7, -1.5, True, "text", ["text"], [None], [7], {"id": None}, {"id": 7}
)  # fmt: skip


def _vm(vm: Document) -> Resource:
    network = NetworkIndex(by_id([examples.INTERFACE]), by_id([examples.ADDRESS]))
    return instance_resource(to_instance(vm, network))


def _vm_with_interface(interface: Document) -> Resource:
    network = NetworkIndex(by_id([interface]), by_id([examples.ADDRESS]))
    return instance_resource(to_instance(examples.VM, network))


def _vm_with_address(address: Document) -> Resource:
    network = NetworkIndex(by_id([examples.INTERFACE]), by_id([address]))
    return instance_resource(to_instance(examples.VM, network))


@dataclass(frozen=True)
class Reader:
    """A conversion with its example; `required` are the fields without which it raises.

    `derived` has, by attribute, the values that may follow from the remaining fields: a disk that
    no VM has is available, an image without data disks has the size of its OS disk.
    """

    example: Document
    to_resource: Callable[[Document], Resource]
    required: frozenset[Path] = frozenset({("id",), ("location",)})
    derived: dict[str, set[Any]] = field(default_factory=dict)


_VM_ID: Final[Path] = ("properties", "vmId")
READERS: Final = {
    "vm": Reader(
        examples.VM,
        _vm,
        frozenset({("id",), ("location",), ("properties",), _VM_ID}),
        # Azure omits the priority of regular VMs.
        {
            "state": {"updating"},
            "native_state": {"unknown", "ProvisioningState/succeeded"},
            "attributes.lifecycle": {"on-demand"},
            "attributes.image": {"Canonical:ubuntu-24_04-lts:server:latest"},
        },
    ),
    "interface of a vm": Reader(examples.INTERFACE, _vm_with_interface, frozenset()),
    "address of a vm": Reader(examples.ADDRESS, _vm_with_address, frozenset()),
    "address": Reader(examples.ADDRESS, to_address, derived={"state": {"available"}}),
    "disk": Reader(examples.DISK, to_disk),
    "snapshot": Reader(examples.SNAPSHOT, to_snapshot),
    "image": Reader(examples.IMAGE, to_image, derived={"attributes.size_gib": {30}}),
    "version of an image": Reader(
        examples.VERSION,
        partial(to_version, examples.GALLERY, examples.DEFINITION),
        derived={"attributes.size_gib": {30}},
    ),
    "definition of an image": Reader(
        examples.DEFINITION, lambda item: to_version(examples.GALLERY, item, examples.VERSION),
        frozenset(),
    ),
    "gallery": Reader(
        examples.GALLERY,
        lambda item: to_version(item, examples.DEFINITION, examples.VERSION),
        frozenset(),
        # A gallery that was never shared has no sharing profile.
        {"attributes.public": {False}},
    ),
    "network": Reader(examples.VIRTUAL_NETWORK, to_network),
    # The number for the remaining address range.
    "subnet": Reader(
        examples.FRONT_SUBNET, to_subnet, derived={"attributes.available_addresses": {249}}
    ),
    "firewall": Reader(examples.SECURITY_GROUP, to_firewall),
    "load balancer": Reader(examples.LOAD_BALANCER, to_load_balancer),
}  # fmt: skip


@pytest.mark.parametrize("name", READERS)
def test_a_missing_field_is_none_and_the_others_are_read(name: str) -> None:
    """Each field at each depth is omitted, then null: no attribute gets an invented value."""
    reader = READERS[name]
    whole = reader.to_resource(reader.example)
    for path in _fields(reader.example):
        if isinstance(path[-1], int) and not isinstance(_at(reader.example, path), dict):
            continue  # a text in a list is not a field
        for value in (ABSENT, None):
            changed = _changed(reader.example, path, value)
            result, unreadable = _read(reader, changed)
            if path in reader.required:
                assert unreadable, f"{path} is required"
                continue
            assert result is not None, f"{path} = {value}: {unreadable}"
            assert _invented(reader, whole, result, changed) == [], f"{path} = {value}"


@pytest.mark.parametrize("name", READERS)
def test_a_field_of_a_wrong_type_is_reported_or_ignored(name: str) -> None:
    """Each field has another type or is empty: only the item itself becomes unreadable."""
    reader = READERS[name]
    whole = reader.to_resource(reader.example)
    for path in _fields(reader.example):
        for value in WRONG_VALUES:
            if _is_same_type(value, _at(reader.example, path)):
                continue
            changed = _changed(reader.example, path, value)
            result, unreadable = _read(reader, changed)
            assert (result is None) == bool(unreadable)
            if result is not None:
                assert _invented(reader, whole, result, changed) == [], f"{path} = {value!r}"


def test_an_unreadable_size_hides_no_other() -> None:
    whole = to_instance_type("westeurope", examples.SIZE)
    assert whole is not None
    assert (whole.cores, whole.memory_mib, whole.zones) == (2, 8192, ("1",))
    for path in _fields(examples.SIZE):
        for value in (ABSENT, None, *WRONG_VALUES):
            items = ItemReader("azure", "sizes")
            changed = _changed(examples.SIZE, path, value)
            to_type = partial(to_instance_type, "westeurope")
            result = items.read([changed, examples.SIZE], to_type, region="westeurope")
            assert result[-1] == whole


@pytest.mark.parametrize("item", [None, 7, "text", [], ["text"], {}, True])
@pytest.mark.parametrize("name", READERS)
def test_an_item_that_is_no_object_is_reported(name: str, item: Any) -> None:
    reader = READERS[name]
    if reader.required:
        assert _read(reader, item)[1]


def _read(reader: Reader, item: Any) -> tuple[Resource | None, list[str]]:
    """Return an item as a list reads it, or the names of the unreadable items."""
    items = ItemReader("azure", "items")
    result = items.read([item], reader.to_resource, region=location_of)
    try:
        items.finish()
    except IncompleteList as error:
        return None, [f"{each.name}: {each.reason}" for each in error.items]
    return result[0], []


def _fields(item: Any, at: Path = ()) -> Iterator[Path]:
    """Yield the path of every field of an item, and of every entry of its lists."""
    inner = item.items() if isinstance(item, dict) else enumerate(item)
    for key, value in inner:
        yield (*at, key)
        if isinstance(value, (dict, list)):
            yield from _fields(value, (*at, key))


def _is_same_type(value: Any, original: Any) -> bool:
    """Return whether a value has the type of the original and is not empty."""
    numbers = all(type(each) in {int, float} for each in (value, original))
    return numbers or (bool(value) and type(value) is type(original))


def _at(item: Any, path: Path) -> Any:
    for key in path:
        item = item[key]
    return item


def _changed(item: Document, path: Path, value: Any) -> Document:
    changed = copy.deepcopy(item)
    place: Any = _at(changed, path[:-1])
    if value is not ABSENT:
        place[path[-1]] = value
    elif isinstance(place, dict):
        del place[path[-1]]
    else:
        place[path[-1]] = {}  # an entry without fields
    return changed


def _invented(reader: Reader, whole: Resource, result: Resource, document: Document) -> list[str]:
    """Return the values that are neither in the whole resource nor in the document.

    A tag without a value has an empty value, because the tag exists.
    """
    known: dict[str, set[Any]] = {f"tags.{name}": {""} for name in result.tags}
    for attribute, value in _leaves(whole.model_dump(mode="json")):
        known.setdefault(attribute, set()).add(value)
    written = {str(value).lower() for _, value in _leaves(document)}
    written |= {str(key).lower() for key in _keys(document)}
    return [
        f"{attribute} = {value!r}"
        for attribute, value in _leaves(result.model_dump(mode="json"))
        if value is not None
        and value not in known.get(attribute, set()) | reader.derived.get(attribute, set())
        and not (isinstance(value, str) and value and value.lower() in written)
        and not (isinstance(value, (int, float)) and value in _numbers(document))
    ]


def _numbers(document: Document) -> set[float]:
    return {value for _, value in _leaves(document) if isinstance(value, (int, float))}


def _leaves(item: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every scalar with its attribute path; entries of a list share the path."""
    if isinstance(item, dict):
        for key, value in item.items():
            yield from _leaves(value, f"{at}.{key}" if at else str(key))
    elif isinstance(item, list):
        for value in item:
            yield from _leaves(value, at)
    else:
        yield at, item


def _keys(item: Any) -> Iterator[str]:
    if isinstance(item, dict):
        yield from item
    if isinstance(item, (dict, list)):
        for value in item.values() if isinstance(item, dict) else item:
            yield from _keys(value)
