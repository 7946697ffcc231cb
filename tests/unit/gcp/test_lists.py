"""Lists that are complete, or say what they lack."""

from __future__ import annotations

from typing import Any

import pytest

from providers.gcp.lists import to_aggregated_page
from skyclust.errors import Unavailable

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
    answer = {"unreachables": ["zones/us-east1-b", "global"], "warning": UNREACHABLE}
    assert _page(**answer)[1] == {"us-east1": "UNREACHABLE", "global": "UNREACHABLE"}


def test_a_warning_that_names_no_place_fails_the_list() -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        _page(items={}, warning=UNREACHABLE)
    assert _page(items={}, warning=NOTHING) == ([], {})
