"""Every reader is called with each field of its schema missing, null, empty or of another type.

For any input a reader returns a record or raises UnexpectedAnswer. A missing field becomes None,
never a value that the input does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import pytest
from pydantic import BaseModel

from providers.gcp import (
    addresses,
    catalog,
    disks,
    firewalls,
    images,
    instances,
    labels,
    load_balancers,
    networks,
    snapshots,
)
from providers.gcp.paging import to_aggregated_page
from providers.gcp.snapshot_parts import to_insert_bodies, to_instance_snapshot
from providers.gcp.snapshot_restore import attached_at, inherited_fields, to_replacement
from skyclust.errors import IncompleteList, SkyClustError, UnexpectedAnswer
from skyclust.model.catalog import Architecture
from skyclust.providerkit.items import ItemReader
from tests.unit.gcp.generated import (
    ABSENT,
    LINK,
    PUT,
    REGION,
    WHERE,
    ZONE,
    Json,
    Path,
    example,
    leaves,
    mutations,
    narrowed,
)

PART_LABELS: Final = {
    labels.INSTANCE: "77",
    labels.SNAPSHOT: "abc",
    labels.TOKEN: "t-2",
    labels.DEVICE: "device",
    labels.BOOT: "true",
    labels.AUTO_DELETE: "true",
    labels.DISKS: "2",
}


@dataclass(frozen=True)
class Read:
    """A reader, an example, and the fields that the reader requires.

    `defaults` are values that a record may have because a field is absent.
    """

    reader: Callable[[Any], Any]
    example: Json
    needed: frozenset[str] = frozenset({"selfLink"})
    defaults: frozenset[Any] = frozenset()


INSTANCE: Final = example("Instance")

READS: Final[Mapping[str, Read]] = {
    "instance": Read(
        lambda resource: instances.to_resource(REGION, resource),
        INSTANCE,
        frozenset({"selfLink", "id", "status", "machineType"}),
        # provisioningModel alone, or `preemptible` alone
        frozenset({"flex-start", "on-demand"}),
    ),
    "disk": Read(
        lambda resource: disks.to_disk(REGION, resource, ["europe-west3-a/web/7"]),
        example("Disk"),
        defaults=frozenset({"available"}),  # a disk without users is available
    ),
    "snapshot": Read(
        lambda resource: snapshots.to_snapshot("global", resource), example("Snapshot")
    ),
    "image": Read(lambda resource: images.to_image("global", resource), example("Image")),
    "network": Read(lambda resource: networks.to_network("global", resource), example("Network")),
    "subnet": Read(lambda resource: networks.to_subnet(REGION, resource), example("Subnetwork")),
    "firewall": Read(
        lambda resource: firewalls.to_firewall("global", resource),
        example("Firewall"),
    ),
    "address": Read(
        lambda resource: addresses.to_address(REGION, resource, ["europe-west3-a/web/7"]),
        example("Address"),
        defaults=frozenset({"address-101"}),  # the first address of a range without a length
    ),
    "load balancer": Read(
        lambda resource: load_balancers.to_load_balancer(REGION, resource),
        example("ForwardingRule", pscConnectionId=None),
    ),
    "endpoint": Read(
        lambda resource: load_balancers.to_load_balancer(REGION, resource),
        example("ForwardingRule", loadBalancingScheme="", target="all-apis", backendService=""),
    ),
    "instance type": Read(
        lambda resource: catalog.to_instance_type(REGION, resource, [ZONE]),
        example("MachineType"),
        frozenset({"name", "guestCpus", "memoryMb", "architecture", "guestAcceleratorCount"}),
        # A type without accelerators has none, and GCP names no family.
        frozenset({0, ""}),
    ),
    "catalog image": Read(
        lambda resource: catalog.to_image(REGION, "debian-12", Architecture.X86_64, resource),
        example("Image"),
    ),
    "instance snapshot": Read(
        lambda resource: to_instance_snapshot(REGION, f"{ZONE}/web/77", [resource]),
        example("Snapshot", labels=PART_LABELS),
        frozenset({"selfLink", "status", "labels", labels.SNAPSHOT}),
        # A name is never None; without the number of disks a single part may be complete.
        frozenset({"", "available"}),
    ),
    "disk replacement": Read(
        lambda resource: to_replacement(INSTANCE, resource, "t-3"),
        example("Snapshot", labels=PART_LABELS),
        frozenset({"selfLink", "labels", labels.DEVICE, labels.BOOT, labels.AUTO_DELETE}),
    ),
    "attached disk": Read(
        lambda resource: attached_at(resource, "device"),
        example("Instance"),
        frozenset({"deviceName"}),
    ),
    "snapshot request": Read(
        lambda resource: to_insert_bodies(resource, "nightly", "t-2", "abc"),
        example("Instance"),
        frozenset({"selfLink", "id", "deviceName"}),
        frozenset({"false", "1"}),
    ),
    "inherited disk fields": Read(inherited_fields, example("Disk"), frozenset({"type"})),
}


@pytest.mark.parametrize("name", READS)
def test_a_reader_handles_every_mutation_of_every_field(name: str) -> None:
    read = READS[name]
    record = _values(read.reader(read.example))
    assert not {"", "None"} & (leaves(record) - read.defaults)
    known = leaves(record) | read.defaults | {None, *PUT}
    for entries in product((0, 1), repeat=2):  # a list may be reduced to any of its entries
        known |= leaves(_values(read.reader(narrowed(read.example, entries))))
    changes = list(mutations(read.example))
    problems = [(path, how, _problem(read, path, how, changed)) for path, how, changed in changes]
    assert [problem for problem in problems if isinstance(problem[2], str)] == []
    invented = {
        (path, how): unknown
        for path, how, values in problems
        if values is not None and (unknown := leaves(values) - known - _sent(path, how))
    }
    assert invented == {}
    assert len(changes) > 50


def _sent(path: Path, how: str) -> set[str]:
    """Return the values that a change itself adds: an empty label, a number instead of a text."""
    if how == "empty text" and "labels" in path:
        return {""}
    return {"7", f"{ZONE}/instance-name/7"} if (path, how) == (("id",), "other type") else set()


def _problem(read: Read, path: Path, how: str, changed: Json) -> Any:
    """Return the values of the record, None for a permitted error, else the error as text."""
    is_absent = how in ABSENT and isinstance(path[-1], str) and path[-1] not in read.needed
    try:
        values = _values(read.reader(changed))
    except UnexpectedAnswer as error:
        return f"cannot be read: {error}" if is_absent or error.provider != "gcp" else None
    except Exception as error:  # no reader may raise it
        return f"raises {type(error).__name__}: {error}"
    return [values]


def _values(record: Any) -> Any:
    if isinstance(record, BaseModel):
        return record.model_dump()
    return record if isinstance(record, (dict, list, type(None))) else vars(record)


@pytest.mark.parametrize("schema", WHERE)
def test_examples_have_two_entries_in_every_list(schema: str) -> None:
    made = example(schema)
    assert made["selfLink"].startswith(LINK)
    assert all(len(value) == 2 for value in made.values() if isinstance(value, list))


def test_an_unreadable_item_does_not_hide_other_items() -> None:
    whole = example("Instance")
    for path, how, changed in mutations(whole):
        if len(path) > 1:
            continue
        reader = ItemReader("gcp", "instances")
        made = reader.read(
            [changed, whole], lambda item: instances.to_resource(REGION, item), region=REGION
        )
        assert made, (path, how)
        assert made[-1] == instances.to_resource(REGION, whole)
        if len(made) == 1:
            with pytest.raises(IncompleteList):
                reader.finish()


SCOPES: Final[Json] = {
    "kind": "compute#instanceAggregatedList",
    "items": {
        f"zones/{ZONE}": {"instances": [{"name": "a"}, {"name": "b"}]},
        "zones/us-east1-b": {"instances": [{"name": "c"}]},
        "zones/us-east1-c": {"warning": {"code": "NO_RESULTS_ON_PAGE", "message": "none"}},
        "zones/us-west1-a": {
            "warning": {"code": "UNREACHABLE", "message": "The zone cannot be reached."}
        },
    },
    "unreachables": ["zones/us-west1-a", "zones/us-west2-a"],
    "warning": {"code": "UNREACHABLE", "message": "Some zones cannot be reached."},
}


def _listed(reply: Json) -> tuple[set[str], set[str]]:
    page = to_aggregated_page("instances", reply, "list instance")
    assert all(isinstance(error, SkyClustError) for error in page.unread.values())
    names = {str(item.get("name")) if isinstance(item, dict) else "?" for _, item in page.items}
    return names, set(page.unread)


def _lost(path: Path, how: str, changed: Json) -> str | None:
    """Return the instances that a changed list lacks although their region is not unread."""
    try:
        names, unread = _listed(changed)
    except SkyClustError:
        return None
    regions = {"a": REGION, "b": REGION, "c": "us-east1"}
    # Changes within an item concern its reader; a missing scope cannot be detected, and an empty
    # list is valid.
    gone = path[0] == "items" and (len(path) != 3 or how in {"empty list", "list of null"})
    gone = gone and len(path) > 1
    lost = {name for name, region in regions.items() if name not in names and region not in unread}
    return f"lost {lost}" if lost and not gone else None


def test_an_aggregated_list_reports_every_missing_item() -> None:
    assert _listed(SCOPES) == ({"a", "b", "c"}, {"us-west1", "us-west2"})
    wrong = [
        f"{how} {path}: {lost}"
        for path, how, changed in mutations(SCOPES)
        if (lost := _lost(path, how, changed))
    ]
    assert wrong == []
