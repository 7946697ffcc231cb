"""Every reader, with each field of its schema missing, null, empty or of another type.

Whatever Compute Engine sends, a reader returns a record or raises UnexpectedAnswer; a field that
is not there becomes None, and never a value that nobody sent.
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
)
from providers.gcp.instance_snapshots import to_instance_snapshot, to_requests
from providers.gcp.paging import to_aggregated_page
from providers.gcp.snapshot_restore import attached_at, kept_of, to_exchange
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
    """A reader and an example. `needed` are the fields that nothing can do without.

    `told` are values that a record may have for the want of a field: what its absence means.
    """

    reader: Callable[[Any], Any]
    example: Json
    needed: frozenset[str] = frozenset({"selfLink"})
    told: frozenset[Any] = frozenset()


INSTANCE: Final = example("Instance")

READS: Final[Mapping[str, Read]] = {
    "instance": Read(
        lambda thing: instances.to_resource(REGION, thing),
        INSTANCE,
        frozenset({"selfLink", "id", "status", "machineType"}),
        # provisioningModel alone, or `preemptible` alone
        frozenset({"flex-start", "on-demand"}),
    ),
    "disk": Read(
        lambda thing: disks.to_disk(REGION, thing, ["europe-west3-a/web/7"]),
        example("Disk"),
        told=frozenset({"available"}),  # a disk without users is nobody's
    ),
    "snapshot": Read(lambda thing: images.to_snapshot("global", thing), example("Snapshot")),
    "image": Read(lambda thing: images.to_image("global", thing), example("Image")),
    "network": Read(lambda thing: networks.to_network("global", thing), example("Network")),
    "subnet": Read(lambda thing: networks.to_subnet(REGION, thing), example("Subnetwork")),
    "firewall": Read(
        lambda thing: firewalls.to_firewall("global", thing),
        example("Firewall"),
    ),
    "address": Read(
        lambda thing: addresses.to_address(REGION, thing, ["europe-west3-a/web/7"]),
        example("Address"),
        told=frozenset({"address-101"}),  # without its length a range is told by its begin
    ),
    "load balancer": Read(
        lambda thing: load_balancers.to_load_balancer(REGION, thing),
        example("ForwardingRule", pscConnectionId=None),
    ),
    "endpoint": Read(
        lambda thing: load_balancers.to_load_balancer(REGION, thing),
        example("ForwardingRule", loadBalancingScheme="", target="all-apis", backendService=""),
    ),
    "instance type": Read(
        lambda thing: catalog.to_instance_type(REGION, thing, [ZONE]),
        example("MachineType"),
        frozenset({"name", "guestCpus", "memoryMb", "architecture", "guestAcceleratorCount"}),
        frozenset({0}),  # a type without accelerators has none
    ),
    "image to make of": Read(
        lambda thing: catalog.to_image(REGION, "debian-12", Architecture.X86_64, thing),
        example("Image"),
    ),
    "machine snapshot": Read(
        lambda thing: to_instance_snapshot(REGION, f"{ZONE}/web/77", [thing]),
        example("Snapshot", labels=PART_LABELS),
        frozenset({"selfLink", "status", "labels", labels.SNAPSHOT}),
        # A name is a text; without the number of disks one snapshot may be all.
        frozenset({"", "available"}),
    ),
    "exchange": Read(
        lambda thing: to_exchange(INSTANCE, thing, "t-3"),
        example("Snapshot", labels=PART_LABELS),
        frozenset({"selfLink", "labels", labels.DEVICE, labels.BOOT, labels.AUTO_DELETE}),
    ),
    "attached disk": Read(
        lambda thing: attached_at(thing, "device"),
        example("Instance"),
        frozenset({"deviceName"}),
    ),
    "snapshot request": Read(
        lambda thing: to_requests(thing, "nightly", "t-2", "abc"),
        example("Instance"),
        frozenset({"selfLink", "id", "deviceName"}),
        frozenset({"false", "1"}),
    ),
    "kept of a disk": Read(kept_of, example("Disk"), frozenset({"type"})),
}


@pytest.mark.parametrize("name", READS)
def test_a_reader_survives_every_field(name: str) -> None:
    read = READS[name]
    whole = _values(read.reader(read.example))
    assert not {"", "None"} & (leaves(whole) - read.told)
    known = leaves(whole) | read.told | {None, *PUT}
    for entries in product((0, 1), repeat=2):  # any entry of a list may become the only one
        known |= leaves(_values(read.reader(narrowed(read.example, entries))))
    changes = list(mutations(read.example))
    problems = [(path, how, _problem(read, path, how, changed)) for path, how, changed in changes]
    assert [one for one in problems if isinstance(one[2], str)] == []
    invented = {
        (path, how): unknown
        for path, how, values in problems
        if values is not None and (unknown := leaves(values) - known - _sent(path, how))
    }
    assert invented == {}
    assert len(changes) > 50


def _sent(path: Path, how: str) -> set[str]:
    """Return what a change itself sends: an empty label, and a number in place of a text."""
    if how == "empty text" and "labels" in path:
        return {""}
    return {"7", f"{ZONE}/instance-name/7"} if (path, how) == (("id",), "other type") else set()


def _problem(read: Read, path: Path, how: str, changed: Json) -> Any:
    """Return what a record holds, None where there need not be one, else what went wrong."""
    is_absent = how in ABSENT and isinstance(path[-1], str) and path[-1] not in read.needed
    try:
        values = _values(read.reader(changed))
    except UnexpectedAnswer as error:
        return f"cannot be read: {error}" if is_absent or error.provider != "gcp" else None
    except Exception as error:  # what is looked for
        return f"raises {type(error).__name__}: {error}"
    return [values]


def _values(record: Any) -> Any:
    if isinstance(record, BaseModel):
        return record.model_dump()
    return record if isinstance(record, (dict, list, type(None))) else vars(record)


@pytest.mark.parametrize("schema", WHERE)
def test_the_examples_have_all_that_the_document_has(schema: str) -> None:
    made = example(schema)
    assert made["selfLink"].startswith(LINK)
    assert all(len(one) == 2 for one in made.values() if isinstance(one, list))


def test_an_odd_item_is_named_and_hides_no_other() -> None:
    whole = example("Instance")
    for path, how, changed in mutations(whole):
        if len(path) > 1:
            continue
        reader = ItemReader("gcp", "instances")
        made = reader.read(
            [changed, whole], lambda one: instances.to_resource(REGION, one), region=REGION
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


def _listed(answer: Json) -> tuple[set[str], set[str]]:
    page = to_aggregated_page("instances", answer, "list instance")
    assert all(isinstance(error, SkyClustError) for error in page.unread.values())
    names = {str(one.get("name")) if isinstance(one, dict) else "?" for _, one in page.things}
    return names, set(page.unread)


def _lost(path: Path, how: str, changed: Json) -> str | None:
    """Return what a changed list lacks silently: a machine, or the region of one."""
    try:
        names, unread = _listed(changed)
    except SkyClustError:
        return None
    regions = {"a": REGION, "b": REGION, "c": "us-east1"}
    # An item is looked at by its reader; a scope that is not in the answer is not told, and an
    # empty list is a list.
    gone = path[0] == "items" and (len(path) != 3 or how in {"empty list", "list of null"})
    gone = gone and len(path) > 1
    lost = {one for one, region in regions.items() if one not in names and region not in unread}
    return f"lost {lost}" if lost and not gone else None


def test_a_list_of_all_places_loses_nothing_silently() -> None:
    assert _listed(SCOPES) == ({"a", "b", "c"}, {"us-west1", "us-west2"})
    wrong = [
        f"{how} {path}: {lost}"
        for path, how, changed in mutations(SCOPES)
        if (lost := _lost(path, how, changed))
    ]
    assert wrong == []
