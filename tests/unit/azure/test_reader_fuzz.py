"""Every field of what Azure tells, left out or spoiled: nothing is invented, nobody else hidden."""

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
SPOILED: Final[tuple[Any, ...]] = (
    None, "", [], {}, 0, 7, -1.5, True, "text", ["text"], [None], [7], {"id": None}, {"id": 7}
)  # fmt: skip


def _machine(machine: Document) -> Resource:
    around = NetworkIndex(by_id([examples.INTERFACE]), by_id([examples.ADDRESS]))
    return instance_resource(to_instance(machine, around))


def _machine_at(interface: Document) -> Resource:
    around = NetworkIndex(by_id([interface]), by_id([examples.ADDRESS]))
    return instance_resource(to_instance(examples.MACHINE, around))


def _machine_with(address: Document) -> Resource:
    around = NetworkIndex(by_id([examples.INTERFACE]), by_id([address]))
    return instance_resource(to_instance(examples.MACHINE, around))


@dataclass(frozen=True)
class Reader:
    """A reader with its example. `required` are the fields without which nothing is read.

    `derived` has, by the attribute, values that follow from what is left: a disk that no
    machine has is available, an image without data disks has the size of its boot disk.
    """

    example: Document
    to_resource: Callable[[Document], Resource]
    required: frozenset[Path] = frozenset({("id",), ("location",)})
    derived: dict[str, set[Any]] = field(default_factory=dict)


_VM_ID: Final[Path] = ("properties", "vmId")
READERS: Final = {
    "machine": Reader(
        examples.MACHINE,
        _machine,
        frozenset({("id",), ("location",), ("properties",), _VM_ID}),
        # Azure leaves the priority of regular machines out.
        {
            "state": {"updating"},
            "native_state": {"unknown", "ProvisioningState/succeeded"},
            "attributes.lifecycle": {"on-demand"},
            "attributes.image": {"Canonical:ubuntu-24_04-lts:server:latest"},
        },
    ),
    "interface of a machine": Reader(examples.INTERFACE, _machine_at, frozenset()),
    "address of a machine": Reader(examples.ADDRESS, _machine_with, frozenset()),
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
        examples.DEFINITION, lambda one: to_version(examples.GALLERY, one, examples.VERSION),
        frozenset(),
    ),
    "gallery": Reader(
        examples.GALLERY,
        lambda one: to_version(one, examples.DEFINITION, examples.VERSION),
        frozenset(),
        # A gallery that was never shared tells no sharing.
        {"attributes.public": {False}},
    ),
    "network": Reader(examples.VIRTUAL_NETWORK, to_network),
    # Of the one range that is left.
    "subnet": Reader(
        examples.FRONT_SUBNET, to_subnet, derived={"attributes.available_addresses": {249}}
    ),
    "firewall": Reader(examples.SECURITY_GROUP, to_firewall),
    "load balancer": Reader(examples.LOAD_BALANCER, to_load_balancer),
}  # fmt: skip


@pytest.mark.parametrize("name", READERS)
def test_what_is_missing_is_none_and_the_rest_is_read(name: str) -> None:
    """Each field at each depth left out, and null: what is read has no value of its own."""
    reader = READERS[name]
    whole = reader.to_resource(reader.example)
    for path in _fields(reader.example):
        if isinstance(path[-1], int) and not isinstance(_at(reader.example, path), dict):
            continue  # an entry that is a text is no field
        for value in (ABSENT, None):
            changed = _changed(reader.example, path, value)
            found, unreadable = _read(reader, changed)
            if path in reader.required:
                assert unreadable, f"without {path} it cannot be known"
                continue
            assert found is not None, f"{path} = {value}: {unreadable}"
            assert _invented(reader, whole, found, changed) == [], f"{path} = {value}"


@pytest.mark.parametrize("name", READERS)
def test_what_is_spoiled_is_named_or_read_without_invention(name: str) -> None:
    """Each field of another type, or empty: nothing but the item itself is lost."""
    reader = READERS[name]
    whole = reader.to_resource(reader.example)
    for path in _fields(reader.example):
        for value in SPOILED:
            if _is_another(value, _at(reader.example, path)):
                continue
            changed = _changed(reader.example, path, value)
            found, unreadable = _read(reader, changed)
            assert (found is None) == bool(unreadable)
            if found is not None:
                assert _invented(reader, whole, found, changed) == [], f"{path} = {value!r}"


def test_a_size_that_is_spoiled_hides_no_other() -> None:
    whole = to_instance_type("westeurope", examples.SIZE)
    assert whole is not None
    assert (whole.cores, whole.memory_mib, whole.zones) == (2, 8192, ("1",))
    for path in _fields(examples.SIZE):
        for value in (ABSENT, None, *SPOILED):
            items = ItemReader("azure", "sizes")
            changed = _changed(examples.SIZE, path, value)
            to_type = partial(to_instance_type, "westeurope")
            found = items.read([changed, examples.SIZE], to_type, region="westeurope")
            assert found[-1] == whole


@pytest.mark.parametrize("item", [None, 7, "text", [], ["text"], {}, True])
@pytest.mark.parametrize("name", READERS)
def test_what_is_no_thing_at_all_is_named(name: str, item: Any) -> None:
    reader = READERS[name]
    if reader.required:
        assert _read(reader, item)[1]


def _read(reader: Reader, thing: Any) -> tuple[Resource | None, list[str]]:
    """Return a thing as lists read it, or the names of what could not be read."""
    items = ItemReader("azure", "things")
    found = items.read([thing], reader.to_resource, region=location_of)
    try:
        items.finish()
    except IncompleteList as error:
        return None, [f"{one.name}: {one.reason}" for one in error.items]
    return found[0], []


def _fields(thing: Any, at: Path = ()) -> Iterator[Path]:
    """Yield the path of every field of a thing, and of every entry of its lists."""
    inner = thing.items() if isinstance(thing, dict) else enumerate(thing)
    for key, value in inner:
        yield (*at, key)
        if isinstance(value, (dict, list)):
            yield from _fields(value, (*at, key))


def _is_another(value: Any, original: Any) -> bool:
    """Return whether a value is another one of its kind, and none that is spoiled."""
    numbers = all(type(one) in {int, float} for one in (value, original))
    return numbers or (bool(value) and type(value) is type(original))


def _at(thing: Any, path: Path) -> Any:
    for key in path:
        thing = thing[key]
    return thing


def _changed(thing: Document, path: Path, value: Any) -> Document:
    changed = copy.deepcopy(thing)
    place: Any = _at(changed, path[:-1])
    if value is not ABSENT:
        place[path[-1]] = value
    elif isinstance(place, dict):
        del place[path[-1]]
    else:
        place[path[-1]] = {}  # an entry without anything in it
    return changed


def _invented(reader: Reader, whole: Resource, found: Resource, told: Document) -> list[str]:
    """Return the values that neither the whole thing has there, nor Azure tells.

    A tag without a value has an empty one: the tag is there.
    """
    known: dict[str, set[Any]] = {f"tags.{name}": {""} for name in found.tags}
    for place, value in _leaves(whole.model_dump(mode="json")):
        known.setdefault(place, set()).add(value)
    written = {str(value).lower() for _, value in _leaves(told)}
    written |= {str(key).lower() for key in _keys(told)}
    return [
        f"{place} = {value!r}"
        for place, value in _leaves(found.model_dump(mode="json"))
        if value is not None
        and value not in known.get(place, set()) | reader.derived.get(place, set())
        and not (isinstance(value, str) and value and value.lower() in written)
        and not (isinstance(value, (int, float)) and value in _numbers(told))
    ]


def _numbers(told: Document) -> set[float]:
    return {value for _, value in _leaves(told) if isinstance(value, (int, float))}


def _leaves(thing: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every plain value with its place; of lists all entries have the same."""
    if isinstance(thing, dict):
        for key, value in thing.items():
            yield from _leaves(value, f"{at}.{key}" if at else str(key))
    elif isinstance(thing, list):
        for value in thing:
            yield from _leaves(value, at)
    else:
        yield at, thing


def _keys(thing: Any) -> Iterator[str]:
    if isinstance(thing, dict):
        yield from thing
    if isinstance(thing, (dict, list)):
        for value in thing.values() if isinstance(thing, dict) else thing:
            yield from _keys(value)
