"""Lists are complete, or report what they lack."""

from __future__ import annotations

from typing import Any

import pytest

from providers.gcp.inventory import READERS
from providers.gcp.paging import KINDS, list_aggregated_pages, list_pages, to_aggregated_page
from skyclust.errors import Unavailable, UnexpectedAnswer
from skyclust_sandbox.gcp.discovery import api

NOTHING = {"code": "NO_RESULTS_ON_PAGE", "message": "There are no results for scope 'x'."}
UNREACHABLE = {"code": "UNREACHABLE", "message": "The zone cannot be reached."}


def _page(**reply: Any) -> tuple[list[tuple[str, str]], dict[str, str]]:
    page = to_aggregated_page("instances", reply, "list instance")
    names = [(region, str(item["name"])) for region, item in page.items]
    return names, {region: error.code for region, error in page.unread.items()}


def test_each_item_has_its_region() -> None:
    items = {
        "zones/europe-west3-a": {"instances": [{"name": "web"}]},
        "zones/europe-west3-b": {"warning": NOTHING},
        "regions/us-east1": {"instances": [{"name": "b"}]},
        "global": {"instances": [{"name": "c"}]},
    }
    assert _page(items=items) == (
        [("europe-west3", "web"), ("us-east1", "b"), ("global", "c")],
        {},
    )


@pytest.mark.parametrize("code", ["UNREACHABLE", "PARTIAL_SUCCESS", "LIST_OVERHEAD_QUOTA_EXCEED"])
def test_a_scope_with_a_warning_makes_its_region_unread(code: str) -> None:
    items = {
        "zones/europe-west3-a": {"instances": [{"name": "web"}]},
        "zones/europe-west3-b": {"warning": {"code": code}},
    }
    assert _page(items=items) == ([("europe-west3", "web")], {"europe-west3": code})


def test_unreachable_scopes_make_their_regions_unread() -> None:
    items = {"zones/us-east1-c": {"warning": NOTHING}}
    reply = {"unreachables": ["zones/us-east1-b", "global"], "warning": UNREACHABLE}
    assert _page(items=items, **reply)[1] == {"us-east1": "UNREACHABLE", "global": "UNREACHABLE"}


def test_a_warning_without_a_scope_fails_the_list() -> None:
    items = {"zones/us-east1-c": {"warning": NOTHING}}
    with pytest.raises(Unavailable, match="cannot be reached"):
        _page(items=items, warning=UNREACHABLE)
    assert _page(items=items, warning=NOTHING) == ([], {})


@pytest.mark.parametrize("content", [{}, {"instances": None}, {"instances": {}}, None, []])
def test_a_scope_without_list_and_warning_makes_its_region_unread(content: object) -> None:
    items = {"zones/us-east1-b": content, "zones/europe-west3-a": {"instances": [{"name": "web"}]}}
    page = to_aggregated_page("instances", {"items": items}, "list instance")
    assert page.items == [("europe-west3", {"name": "web"})]
    assert {region: type(error) for region, error in page.unread.items()} == {
        "us-east1": UnexpectedAnswer
    }


@pytest.mark.parametrize("reply", [{}, {"items": {}}, {"items": None}, {"items": []}])
def test_an_aggregated_list_without_scopes_is_an_unexpected_answer(reply: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedAnswer):
        _page(**reply)


class Cloud:
    """Returns one page after another, as `GcpClients.get` does."""

    project = "acme"

    def __init__(self, *replies: dict[str, Any]) -> None:
        self._replies = [*replies]
        self.kinds: set[str] = set()

    def get(self, _path: str, _doing: str, *, kind: str, **_query: object) -> dict[str, Any]:
        self.kinds.add(kind)
        return self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]


def _list(*replies: dict[str, Any]) -> list[Any]:
    cloud: Any = Cloud(*replies)
    pages = list_pages(cloud, "zones/z/instances", "list instance")
    return [item for page in pages for item in page]


def test_a_list_without_items_is_empty_if_its_kind_matches() -> None:
    cloud: Any = Cloud({})
    assert list(list_pages(cloud, "zones/z/instances", "list instance")) == [[]]
    list(list_pages(cloud, "projects/other/global/images", "list image"))
    assert cloud.kinds == {"instanceList", "imageList"}


@pytest.mark.parametrize("items", [None, {}, "none"])
def test_items_that_are_not_a_list_are_an_unexpected_answer(items: object) -> None:
    with pytest.raises(UnexpectedAnswer):
        _list({"items": items})


def test_a_harmless_warning_does_not_fail_the_list() -> None:
    items = [{"name": "europe-west3"}]
    assert _list({"items": items, "warning": {"code": "QUOTA_INFO_UNAVAILABLE"}}) == items
    with pytest.raises(Unavailable):
        _list({"items": items, "warning": UNREACHABLE})


def test_a_repeated_page_token_raises() -> None:
    first, second = {"nextPageToken": "a"}, {"nextPageToken": "b"}
    with pytest.raises(UnexpectedAnswer, match="never ends"):
        _list(first, second, first)
    cloud: Any = Cloud({"items": {"global": {"warning": NOTHING}}, "nextPageToken": "a"})
    with pytest.raises(UnexpectedAnswer, match="never ends"):
        list(list_aggregated_pages(cloud, "addresses", "list address"))


def test_the_kinds_of_lists_are_those_of_the_discovery_document() -> None:
    schemas = api("compute.v1").schemas
    known = {
        str(schema["properties"]["kind"].get("default"))
        for schema in schemas.values()
        if "kind" in schema.get("properties", {})
    }
    assert {f"compute#{kind}List" for kind in KINDS.values()} <= known
    aggregated = {reader.collection for reader in READERS.values() if len(reader.scopes) > 1}
    assert {
        f"compute#{KINDS[collection]}AggregatedList" for collection in aggregated | {"instances"}
    } <= known
