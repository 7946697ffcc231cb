"""Lists that are complete, or say what they lack."""

from __future__ import annotations

from typing import Any

import pytest

from providers.gcp.inventory import READERS
from providers.gcp.paging import NOUNS, aggregated_pages, pages, to_aggregated_page
from skyclust.errors import Unavailable, UnexpectedAnswer
from skyclust_sandbox.gcp.discovery import api

NOTHING = {"code": "NO_RESULTS_ON_PAGE", "message": "There are no results for scope 'x'."}
UNREACHABLE = {"code": "UNREACHABLE", "message": "The zone cannot be reached."}


def _page(**answer: Any) -> tuple[list[tuple[str, str]], dict[str, str]]:
    page = to_aggregated_page("instances", answer, "list instance")
    things = [(region, str(thing["name"])) for region, thing in page.things]
    return things, {region: error.code for region, error in page.unread.items()}


def test_each_thing_comes_with_its_region() -> None:
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
def test_a_place_with_a_warning_makes_its_region_unread(code: str) -> None:
    items = {
        "zones/europe-west3-a": {"instances": [{"name": "web"}]},
        "zones/europe-west3-b": {"warning": {"code": code}},
    }
    assert _page(items=items) == ([("europe-west3", "web")], {"europe-west3": code})


def test_places_that_are_only_named_are_unread_too() -> None:
    items = {"zones/us-east1-c": {"warning": NOTHING}}
    answer = {"unreachables": ["zones/us-east1-b", "global"], "warning": UNREACHABLE}
    assert _page(items=items, **answer)[1] == {"us-east1": "UNREACHABLE", "global": "UNREACHABLE"}


def test_a_warning_that_names_no_place_fails_the_list() -> None:
    items = {"zones/us-east1-c": {"warning": NOTHING}}
    with pytest.raises(Unavailable, match="cannot be reached"):
        _page(items=items, warning=UNREACHABLE)
    assert _page(items=items, warning=NOTHING) == ([], {})


@pytest.mark.parametrize("content", [{}, {"instances": None}, {"instances": {}}, None, []])
def test_a_place_with_neither_list_nor_warning_was_not_read(content: object) -> None:
    items = {"zones/us-east1-b": content, "zones/europe-west3-a": {"instances": [{"name": "web"}]}}
    page = to_aggregated_page("instances", {"items": items}, "list instance")
    assert page.things == [("europe-west3", {"name": "web"})]
    assert {region: type(error) for region, error in page.unread.items()} == {
        "us-east1": UnexpectedAnswer
    }


@pytest.mark.parametrize("answer", [{}, {"items": {}}, {"items": None}, {"items": []}])
def test_a_list_of_all_places_without_places_is_none(answer: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedAnswer):
        _page(**answer)


class Cloud:
    """Answers each read with the next of some pages, as `GcpClients.read` does."""

    project = "acme"

    def __init__(self, *answers: dict[str, Any]) -> None:
        self._answers = [*answers]
        self.kinds: set[str] = set()

    def read(self, _path: str, _doing: str, *, kind: str, **_query: object) -> dict[str, Any]:
        self.kinds.add(kind)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def _list(*answers: dict[str, Any]) -> list[Any]:
    cloud: Any = Cloud(*answers)
    return [one for page in pages(cloud, "zones/z/instances", "list instance") for one in page]


def test_a_list_without_items_is_empty_and_is_known_by_its_kind() -> None:
    cloud: Any = Cloud({})
    assert list(pages(cloud, "zones/z/instances", "list instance")) == [[]]
    list(pages(cloud, "projects/other/global/images", "list image"))
    assert cloud.kinds == {"instanceList", "imageList"}


@pytest.mark.parametrize("items", [None, {}, "none"])
def test_what_stands_in_the_place_of_a_list_is_none(items: object) -> None:
    with pytest.raises(UnexpectedAnswer):
        _list({"items": items})


def test_a_warning_that_takes_nothing_away_is_no_failure() -> None:
    items = [{"name": "europe-west3"}]
    assert _list({"items": items, "warning": {"code": "QUOTA_INFO_UNAVAILABLE"}}) == items
    with pytest.raises(Unavailable):
        _list({"items": items, "warning": UNREACHABLE})


def test_a_list_that_leads_back_is_noticed() -> None:
    first, second = {"nextPageToken": "a"}, {"nextPageToken": "b"}
    with pytest.raises(UnexpectedAnswer, match="never ends"):
        _list(first, second, first)
    cloud: Any = Cloud({"items": {"global": {"warning": NOTHING}}, "nextPageToken": "a"})
    with pytest.raises(UnexpectedAnswer, match="never ends"):
        list(aggregated_pages(cloud, "addresses", "list address"))


def test_the_kinds_of_lists_are_the_documents() -> None:
    schemas = api("compute.v1").schemas
    known = {
        str(schema["properties"]["kind"].get("default"))
        for schema in schemas.values()
        if "kind" in schema.get("properties", {})
    }
    assert {f"compute#{noun}List" for noun in NOUNS.values()} <= known
    at_once = {reader.collection for reader in READERS.values() if len(reader.places) > 1}
    assert {f"compute#{NOUNS[one]}AggregatedList" for one in at_once | {"instances"}} <= known
