"""Disks and addresses list all their users, by ids that exist."""

from __future__ import annotations

from typing import Any

import pytest

from providers.gcp.resource_users import ResourceUsers, user_ids_of
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


def _instance(name: str, number: str | None) -> dict[str, Any]:
    return {"selfLink": f"{LINK}/zones/{ZONE}/instances/{name}", "id": number, "name": name}


class Cloud:
    """A project with listed instances, and with instances that only a single get returns."""

    project = "acme"

    def __init__(self, listed: list[Any], single: dict[str, Any] | None = None) -> None:
        self._listed = listed
        self._single = single or {}
        self.paths: list[str] = []

    def get(self, path: str, doing: str, *, kind: str, **_query: object) -> dict[str, Any]:
        self.paths.append(path)
        if kind == "instanceAggregatedList":
            scopes = {
                f"zones/{ZONE}": {"instances": self._listed},
                "zones/us-east1-b": {"warning": {"code": "UNREACHABLE"}},
            }
            return {"items": scopes}
        if path.rpartition("/")[2] not in self._single:
            raise NotFound(doing)
        instance: dict[str, Any] = self._single[path.rpartition("/")[2]]
        return instance


def _user_ids(cloud: Any, resource: dict[str, Any]) -> list[str]:
    users = ResourceUsers(cloud, None)
    users.load([resource])
    return users.ids_of(resource)


def test_user_ids_list_instances_before_other_users() -> None:
    expected = [f"{ZONE}/web/7", f"{REGION}/tcp", f"{REGION}/udp"]
    assert _user_ids(Cloud([_instance("web", "7")]), ADDRESS) == expected
    single: Any = Cloud([], {"web": _instance("web", "7")})
    assert user_ids_of(single, ADDRESS) == expected


def test_an_instance_missing_from_the_list_is_fetched_individually() -> None:
    cloud = Cloud([], {"web": _instance("web", "7")})
    assert _user_ids(cloud, ADDRESS)[0] == f"{ZONE}/web/7"
    assert cloud.paths[-1] == f"zones/{ZONE}/instances/web"


def test_a_deleted_instance_is_left_out_of_the_users() -> None:
    assert _user_ids(Cloud([]), ADDRESS) == [f"{REGION}/tcp", f"{REGION}/udp"]


def test_an_instance_of_an_unreachable_region_is_not_fetched() -> None:
    cloud: Any = Cloud([])
    there = {**ADDRESS, "users": [f"{LINK}/zones/us-east1-b/instances/web"]}
    users = ResourceUsers(cloud, None)
    users.load([there])
    assert users.ids_of(there) == []
    assert set(users.unread) == {"us-east1"}
    assert len(cloud.paths) == 1


def test_an_unreadable_instance_affects_only_the_resources_it_uses() -> None:
    odd = _instance("web", None)
    cloud: Any = Cloud([odd, "text", None, _instance("db", "8")], {"web": odd})
    other = {**ADDRESS, "users": [f"{LINK}/zones/{ZONE}/instances/db"]}
    users = ResourceUsers(cloud, None)
    users.load([ADDRESS, other, None, {"users": 7}])
    assert users.ids_of(other) == [f"{ZONE}/db/8"]
    with pytest.raises(UnexpectedAnswer):
        users.ids_of(ADDRESS)


def test_no_instances_are_read_for_resources_without_users() -> None:
    cloud = Cloud([])
    assert _user_ids(cloud, {**ADDRESS, "users": None}) == []
    assert cloud.paths == []
