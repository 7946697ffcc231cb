"""Only leftover disks are deleted, even if the endpoint ignores filters."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from google.cloud.compute_v1.types import Operation

from providers.gcp import leftovers
from providers.gcp.instances import fetch_by_token
from providers.gcp.labels import INSTANCE, TOKEN
from providers.gcp.snapshot_parts import fetch_parts
from skyclust.errors import Conflict, SkyClustError, UnexpectedAnswer
from tests.unit.gcp.examples import SNAPSHOT_PART
from tests.unit.gcp.generated import LINK, REGION, ZONE


def _disk(number: str, label: str | None, **more: object) -> dict[str, Any]:
    return {
        "id": number,
        "selfLink": f"{LINK}/zones/{ZONE}/disks/disk-{number}",
        "labels": None if label is None else {INSTANCE: label},
        "status": "READY",
        **more,
    }


class Cloud:
    """A cloud that ignores filters and records the disks that are deleted."""

    project = "acme"

    def __init__(self, *listed: Any, refusal: SkyClustError | None = None) -> None:
        self._listed = listed
        self._refusal = refusal
        self.deleted: list[str] = []

    def get(self, _path: str, _doing: str, **_query: object) -> dict[str, Any]:
        return {"items": [*self._listed], "zones": [f"{LINK}/zones/{ZONE}"]}

    def disks(self) -> Any:
        def delete(request: dict[str, str], **_: object) -> Operation:
            if self._refusal is not None:
                raise self._refusal
            self.deleted.append(request["disk"])
            return Operation(name="operation-1")

        return SimpleNamespace(delete_unary=delete)


def _deleted(*listed: Any) -> list[str]:
    cloud: Any = Cloud(*listed)
    leftovers.delete_restore_disks(cloud, ZONE, "77")
    return [*cloud.deleted]


def test_only_detached_disks_of_the_instance_are_deleted() -> None:
    used = [f"{LINK}/zones/{ZONE}/instances/web"]
    assert _deleted(
        _disk("1", "77"),
        _disk("2", "78"),
        _disk("3", None),
        _disk("4", "77", users=used),
        _disk("5", "77", status="DELETING"),
    ) == ["1"]


def test_a_disk_that_was_attached_in_the_meantime_is_kept() -> None:
    taken = Conflict("in use", provider="gcp", code="resourceInUseByAnotherResource")
    cloud: Any = Cloud(_disk("1", "77"), refusal=taken)
    assert leftovers.delete_restore_disks(cloud, ZONE, "77") is False
    busy: Any = Cloud(_disk("1", "77"), refusal=Conflict("busy", code="resourceNotReady"))
    with pytest.raises(Conflict):
        leftovers.delete_restore_disks(busy, ZONE, "77")


@pytest.mark.parametrize("odd", [None, "disk", {"labels": "x"}, _disk("1", "77", users="x")])
def test_an_unreadable_disk_raises(odd: Any) -> None:
    with pytest.raises(UnexpectedAnswer):
        _deleted(odd)


@pytest.mark.parametrize(
    "fetch",
    [
        lambda cloud: [*fetch_by_token(cloud, REGION, "t-1")],
        lambda cloud: fetch_parts(cloud, "77"),
        lambda cloud: fetch_parts(cloud, "4518372463289470163", "other"),
    ],
)
def test_items_are_filtered_even_if_the_endpoint_ignores_the_filter(
    fetch: Callable[[Any], Any],
) -> None:
    assert fetch(Cloud({"labels": {TOKEN: "t-2"}}, {"labels": None}, SNAPSHOT_PART)) == []
    matching = [{**SNAPSHOT_PART, "labels": {**SNAPSHOT_PART["labels"], TOKEN: "t-1"}}]
    cloud: Any = Cloud(*matching)
    assert [*fetch_by_token(cloud, REGION, "t-1")] == matching
