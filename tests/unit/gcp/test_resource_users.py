"""Who has a disk or an address: all of them, by ids that lead to something."""

from __future__ import annotations

from typing import Any

import pytest

from providers.gcp.resource_users import Attachments, users_of
from skyclust.errors import NotFound, UnexpectedAnswer
from tests.unit.gcp.generated import LINK, REGION, ZONE

ADDRESS = {
    "selfLink": f"{LINK}/regions/{REGION}/addresses/front",
    "users": [
        f"{LINK}/regions/{REGION}/forwardingRules/udp",
        f"{LINK}/zones/{ZONE}/instances/web",
        f"{LINK}/regions/{REGION}/forwardingRules/tcp",
    ],
}


def _machine(name: str, number: str | None) -> dict[str, Any]:
    return {"selfLink": f"{LINK}/zones/{ZONE}/instances/{name}", "id": number, "name": name}


class Cloud:
    """A project with some instances, and those that only a look at one shows."""

    project = "acme"

    def __init__(self, listed: list[Any], single: dict[str, Any] | None = None) -> None:
        self._listed = listed
        self._single = single or {}
        self.asked: list[str] = []

    def read(self, path: str, doing: str, *, kind: str, **_query: object) -> dict[str, Any]:
        self.asked.append(path)
        if kind == "instanceAggregatedList":
            scopes = {
                f"zones/{ZONE}": {"instances": self._listed},
                "zones/us-east1-b": {"warning": {"code": "UNREACHABLE"}},
            }
            return {"items": scopes}
        if path.rpartition("/")[2] not in self._single:
            raise NotFound(doing)
        machine: dict[str, Any] = self._single[path.rpartition("/")[2]]
        return machine


def _users(cloud: Any, thing: dict[str, Any]) -> list[str]:
    attachments = Attachments(cloud, None)
    attachments.prepare([thing])
    return attachments.of(thing)


def test_all_users_are_told_instances_first() -> None:
    expected = [f"{ZONE}/web/7", f"{REGION}/tcp", f"{REGION}/udp"]
    assert _users(Cloud([_machine("web", "7")]), ADDRESS) == expected
    single: Any = Cloud([], {"web": _machine("web", "7")})
    assert users_of(single, ADDRESS) == expected


def test_a_machine_that_came_after_the_list_is_looked_up() -> None:
    cloud = Cloud([], {"web": _machine("web", "7")})
    assert _users(cloud, ADDRESS)[0] == f"{ZONE}/web/7"
    assert cloud.asked[-1] == f"zones/{ZONE}/instances/web"


def test_a_machine_that_is_gone_is_no_user_under_an_id_that_nothing_has() -> None:
    assert _users(Cloud([]), ADDRESS) == [f"{REGION}/tcp", f"{REGION}/udp"]


def test_a_zone_out_of_reach_is_not_asked_again() -> None:
    cloud: Any = Cloud([])
    there = {**ADDRESS, "users": [f"{LINK}/zones/us-east1-b/instances/web"]}
    attachments = Attachments(cloud, None)
    attachments.prepare([there])
    assert attachments.of(there) == []
    assert set(attachments.unread) == {"us-east1"}
    assert len(cloud.asked) == 1


def test_an_odd_instance_makes_its_own_disks_unreadable_and_no_other() -> None:
    odd = _machine("web", None)
    cloud: Any = Cloud([odd, "text", None, _machine("db", "8")], {"web": odd})
    other = {**ADDRESS, "users": [f"{LINK}/zones/{ZONE}/instances/db"]}
    attachments = Attachments(cloud, None)
    attachments.prepare([ADDRESS, other, None, {"users": 7}])
    assert attachments.of(other) == [f"{ZONE}/db/8"]
    with pytest.raises(UnexpectedAnswer):
        attachments.of(ADDRESS)


def test_nothing_is_read_for_what_nobody_uses() -> None:
    cloud = Cloud([])
    assert _users(cloud, {**ADDRESS, "users": None}) == []
    assert cloud.asked == []
