"""Reading fields that Proxmox VE writes in several JSON types."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from providers.proxmox.fields import to_flag, to_integer, to_number, to_text, to_time
from providers.proxmox.guest_lists import to_location
from providers.proxmox.networks import to_ranges
from providers.proxmox.regions import to_node, to_region
from providers.proxmox.storages import to_storage
from skyclust.errors import UnexpectedAnswer

NOTHING: list[Any] = [None, "", [], {}, True, "x", float("nan"), float("inf"), "NaN", "1e400"]


@pytest.mark.parametrize(
    ("value", "number", "integer"),
    [
        (7, 7.0, 7),
        ("7", 7.0, 7),
        (" 7 ", 7.0, 7),
        (7.0, 7.0, 7),
        ("0.5", 0.5, None),
        (0.5, 0.5, None),
    ],
)
def test_numbers(value: object, number: float, integer: int | None) -> None:
    assert to_number(value) == number
    assert to_integer(value) == integer


@pytest.mark.parametrize("value", NOTHING)
def test_other_values_are_not_numbers(value: object) -> None:
    assert to_number(value) is None
    assert to_integer(value) is None
    assert to_time(value) is None


def test_flags() -> None:
    assert all(map(to_flag, [1, "1", True, "on", "Yes", "true"]))
    assert not any(map(to_flag, [0, "0", False, "off", "", None, [], {}, 2]))


def test_texts() -> None:
    assert [to_text(value) for value in ("web", 7, 0.5)] == ["web", "7", "0.5"]
    assert set(map(to_text, [None, "", True, [], {}, ["web"]])) == {None}


def test_times() -> None:
    assert to_time("1757930400") == datetime(2025, 9, 15, 10, tzinfo=UTC)
    assert to_time(0) is None
    assert to_time(10**17) is None


def test_flags_and_numbers_are_read_from_strings() -> None:
    """The string "0", which is true in Python, means no template and no shared storage."""
    item: dict[str, Any] = {
        "vmid": "101",
        "type": "lxc",
        "node": "pve1",
        "template": "0",
        "status": "running",
    }
    location = to_location(item)
    assert (location.vmid, location.template, location.pool) == (101, False, None)
    assert to_location({**item, "template": "1"}).template
    storage = to_storage(
        {"storage": "a", "node": "pve1", "content": "images", "shared": "0", "maxdisk": "9"}
    )
    assert storage is not None
    assert (storage.shared, storage.free, storage.type, storage.status) == (False, 0, None, "")
    node = to_node({"node": "pve1", "status": "online", "maxcpu": "8", "maxmem": str(2**30)})
    assert (node.cores, node.memory_mib, node.free_mib) == (8, 1024, None)


@pytest.mark.parametrize(
    "status",
    [
        [],
        [{"type": "cluster"}, {"type": "node", "name": "pve1"}],
        [{"type": "cluster", "name": None}],
        [{"type": "node", "name": "pve1"}, {"type": "node", "name": "pve2"}],
        [{"type": "node"}],
        [None, {"type": "node", "name": "pve1"}],
    ],
)
def test_a_cluster_without_a_name_is_refused(status: list[Any]) -> None:
    """With the name of a node, all resources would appear to move to another region."""
    with pytest.raises(UnexpectedAnswer):
        to_region(status)


def test_a_region_is_the_cluster_or_the_single_node() -> None:
    node = {"type": "node", "name": "pve1"}
    assert to_region([node]) == "pve1"
    assert to_region([node, {"type": "cluster", "name": "rack"}]) == "rack"


def test_networks_of_both_families_are_returned() -> None:
    addresses: list[Any] = [
        "fd00::1/64",
        "10.0.0.1/24",
        "10.0.0.2/24",
        None,
        "",
        "manual",
        [],
        "10.0.0.0/99",
    ]
    assert to_ranges(addresses) == ["10.0.0.0/24", "fd00::/64"]
