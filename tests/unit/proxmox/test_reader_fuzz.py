"""Every field of every reply is removed, emptied or given another type once.

Whatever the value, the provider raises errors of our tree only, and invents no value in its place.
A change of an optional field hides no item.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest

from providers.proxmox.provider import ProxmoxProvider
from skyclust.errors import IncompleteList, SkyClustError
from skyclust.model.catalog import Architecture
from skyclust.model.resource import Resource, ResourceKind
from skyclust_sandbox.proxmox.seed import CLUSTER
from tests.unit.proxmox.recorded import Recorded, record

DROPPED: Final = object()
EMPTY: Final[tuple[Any, ...]] = (DROPPED, None, "", [], {})
"""Values without information; readers may only return what the other fields contain."""

OTHER: Final[tuple[Any, ...]] = ("x", 7, True, ["x", "y"], [{}], {"x": "y"})

REQUIRED: Final[tuple[tuple[str, frozenset[str]], ...]] = (
    (r"/cluster/status", frozenset({"type", "name"})),
    (r"/cluster/resources\?type=storage", frozenset({"storage", "node", "content", "shared"})),
    (r"/nodes\?", frozenset({"node", "status", "maxcpu", "maxmem"})),
    (r"/nodes/pve1/(qemu|lxc)\?", frozenset({"vmid", "status"})),
    (r"/qemu/9001/config", frozenset({"name"})),
    (r"/status/current", frozenset({"status"})),
    (r"/content", frozenset({"volid", "content"})),
    (r"/snapshot", frozenset({"name"})),
    (r"/network", frozenset({"iface"})),
    (r"/vnets\?", frozenset({"vnet"})),
)
"""What Proxmox VE always sends, and nothing can be known without; the size of a node for the types
that it can hold, and the name of a template for its family. The status of a storage, too, but where
it is missing the storage counts as off, as it does when its node is."""

MEANINGFUL: Final = frozenset({"template", "status", "type", "endtime", "lock"})
"""What is absent with a meaning: no template, no such type, a task that runs, no lock."""

# Of a guest by the API's defaults: one core, one socket, 512 MiB, x86_64.
DEFAULTS: Final = frozenset({"1c2g", "2c2g", "4c512m", "0.5c512m", "x86_64"})

Read = Callable[[ProxmoxProvider], Mapping[str, Any]]


def listing(kind: ResourceKind) -> Read:
    def read(provider: ProxmoxProvider) -> Mapping[str, Any]:
        found: dict[str, Any] = {}
        try:
            for page in provider.list_resources(CLUSTER, kind):
                found |= {one.id: one.model_dump(mode="json") for one in page}
        except IncompleteList as error:
            found["unreadable"] = [item.name for item in error.items]
        return found

    return read


def fields_of(*found: Any) -> Mapping[str, Any]:
    return {str(getattr(one, "id", one)): one.model_dump(mode="json") for one in found}


READS: Final[Mapping[str, Read]] = {
    **{kind.value: listing(kind) for kind in sorted(ProxmoxProvider.kinds)},
    "guest": lambda provider: fields_of(provider.get_instance(CLUSTER, "101")),
    "container": lambda provider: fields_of(provider.get_instance(CLUSTER, "102")),
    "its snapshots": lambda provider: fields_of(*provider.list_snapshots(CLUSTER, "101")),
    "its disk": lambda provider: fields_of(provider.get_disk(CLUSTER, "ceph:vm-101-disk-0")),
    "catalog": lambda provider: fields_of(
        *provider.list_images(CLUSTER, "debian-12", Architecture.X86_64)
    ),
    "types": lambda provider: {
        one.name: one.model_dump() for page in provider.list_instance_types(CLUSTER) for one in page
    },
    "identity": lambda provider: {"identity": provider.verify().model_dump()},
    "regions": lambda provider: {"regions": list(provider.regions())},
}


@dataclass(frozen=True)
class Change:
    """A reply with one change; `where` ends with the name of the field."""

    call: str
    where: tuple[Any, ...]
    value: Any
    body: Any

    @property
    def field(self) -> Any:
        """The name of the field, or the position of the item."""
        return self.where[-1]

    @property
    def is_required(self) -> bool:
        """Whether the change may hide its item, or all items."""
        if not isinstance(self.field, str):
            return True
        known = next((names for text, names in REQUIRED if re.search(text, self.call)), frozenset())
        return self.field in known or self.field in MEANINGFUL or self.is_part

    @property
    def is_part(self) -> bool:
        """Whether the field is part of the identity of a guest."""
        is_one = re.fullmatch(r"(net|scsi|ide|mp)\d+|rootfs", str(self.field))
        return "/config" in self.call and is_one is not None

    def __str__(self) -> str:
        value = "nothing" if self.value is DROPPED else json.dumps(self.value)
        return f"{value} at {'.'.join(map(str, self.where))} of {self.call}"


@pytest.fixture(scope="module")
def recorded() -> Iterator[Recorded]:
    """The replies of a small cluster, in place of clients."""
    created = record()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("providers.proxmox.client.ProxmoxResource", created.resource)
        patch.setattr("providers.proxmox.client.READ_PAUSES", ())
        yield created


def changes(call: str, body: Any, seen: Collection[tuple[Any, ...]]) -> Iterator[Change]:
    """Yield every change of the fields that were read; of similar items only of the first."""
    known: set[tuple[Any, ...]] = set()
    for where in sorted(seen, key=str):
        alike = _shape(body, where)
        if alike in known:
            continue
        known.add(alike)
        for value in (*EMPTY, *OTHER):
            changed = copy.deepcopy(body)
            at = changed
            for step in where[:-1]:
                at = at[step]
            if value is DROPPED:
                at.pop(where[-1], None)
            else:
                at[where[-1]] = value
            yield Change(call, where, value, changed)
    if isinstance(body, list) and body:
        for value in (None, [], {}, "x", 7):
            yield Change(call, (0,), value, [value, *body[1:]])


def _shape(body: Any, where: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the identity of a field that similar items share."""
    if not isinstance(where[0], int):
        return where
    item = body[where[0]]
    return (*sorted(item), item.get("type"), *where[1:])


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for one in value.values():
            yield from leaves(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from leaves(one)
    else:
        yield value


def faults(change: Change, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Yield the errors in the result of reading a changed reply."""
    for name, read in after.items():
        if any(leaf in {"None", "null", "nan", "[]", "{}"} for leaf in leaves(read)):
            yield f"{name} has a text for nothing"
        says_nothing = any(change.value is one for one in EMPTY)
        if says_nothing and name in before and not (change.is_part and change.value is DROPPED):
            known = {str(one) for one in leaves(before[name])} | DEFAULTS
            for leaf in leaves(read):
                if leaf in {None, "", False} or str(leaf) in known:
                    continue
                if str(leaf).startswith("unproven:") or any(str(leaf) in one for one in known):
                    continue
                yield f"{name} has {leaf!r}, which nothing tells"
    if not change.is_required and any(change.value is one for one in EMPTY):
        if "unreadable" in after:
            yield f"{after['unreadable']} cannot be read"
        if set(before) - set(after):
            yield f"{sorted(set(before) - set(after))} are missing"


@pytest.mark.parametrize("name", READS)
def test_no_field_is_assumed(recorded: Recorded, name: str) -> None:
    recorded.changed, recorded.seen = {}, {}
    read = READS[name]
    before = read(recorded.provider())
    seen = dict(recorded.seen)
    assert before
    assert "unreadable" not in before
    found: list[str] = []
    count = 0
    for call, looked_at in seen.items():
        _, answer = recorded.answers[call]
        for change in changes(call, answer["data"], looked_at):
            count += 1
            recorded.changed = {call: change.body}
            try:
                after = read(recorded.provider())
            except SkyClustError as error:
                if change.is_required or not any(change.value is one for one in EMPTY):
                    continue
                found.append(f"{change}: {error}")
            except Exception as error:
                found.append(f"{change}: {type(error).__name__}: {error}")
            else:
                found += [f"{change}: {fault}" for fault in faults(change, before, after)]
    assert count > 10
    assert found == [], "\n".join(found)


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("data", [None, {}, [], "", "x", 7, True], ids=repr)
def test_a_malformed_reply_is_not_an_empty_list(recorded: Recorded, name: str, data: Any) -> None:
    """Each call of a read, one after the other, gets a malformed reply."""
    recorded.changed, recorded.seen = {}, {}
    read = READS[name]
    before = read(recorded.provider())
    seen = dict(recorded.seen)
    for call in seen:
        _, answer = recorded.answers[call]
        if isinstance(data, type(answer["data"])):
            continue  # with nothing in it: what the fields' test makes of it, or an empty list
        recorded.changed = {call: data}
        try:
            after = read(recorded.provider())
        except SkyClustError:
            continue
        # Of images to choose from what can be read is enough.
        is_less = name == "catalog" and after.items() < before.items()
        assert after == before or after.get("unreadable") or is_less, call


def test_two_items_stay_two(recorded: Recorded) -> None:
    """The lists of the small cluster have two entries where the API has lists."""
    recorded.changed = {}
    read = {name: READS[name](recorded.provider()) for name in ("instance", "network", "disk")}
    guest = Resource.model_validate(read["instance"]["101"])
    assert guest.attributes["private_addresses"] == ["10.20.0.101", "fd20::101"]
    assert guest.attributes["public_addresses"] == ["8.8.4.4", "2a00:1450:4001:80b::5"]
    assert len(guest.attributes["interfaces"]) == 2  # type: ignore[arg-type]  # a list in JSON
    assert len(guest.attributes["disks"]) == 2  # type: ignore[arg-type]  # a list in JSON
    container = Resource.model_validate(read["instance"]["102"])
    assert container.attributes["type"] == "0.5c768m"
    assert container.attributes["private_addresses"] == ["10.20.0.102", "fd20::102"]
    assert read["network"]["shopnet"]["attributes"]["cidrs"] == ["10.40.0.0/24", "fd40::/64"]
    assert read["network"]["vmbr0"]["attributes"]["cidrs"] == ["10.20.0.0/24", "fd20::/64"]
