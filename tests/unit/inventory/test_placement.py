"""Which type, image and place a machine gets that is asked for by what it needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from skyclust.conformance.memory import MemoryProvider
from skyclust.conformance.memory_access import CLOUDS, MemoryCredential
from skyclust.conformance.memory_cloud import MemoryCloud
from skyclust.errors import CapacityExhausted, NotFound
from skyclust.inventory.placement import (
    Offer,
    PassedOver,
    candidates,
    places_allowed,
    rank,
    regions_allowed,
    smallest_fitting,
    survey,
)
from skyclust.model.catalog import Architecture, Image, InstanceType
from skyclust.model.placement import InstanceNeeds, Place, PlacePrice, Standing

ENDPOINT = "http://placement.memory"
REGION = "east-1"


def needs(**changes: Any) -> InstanceNeeds:
    values = {"name": "web", "cores": 2, "memory_gib": 4, "image_family": "debian-13"}
    return InstanceNeeds.model_validate(values | changes)


def size(name: str, cores: int, memory_mib: int, **more: Any) -> InstanceType:
    return InstanceType(
        provider="memory", region=REGION, name=name, cores=cores, memory_mib=memory_mib, **more
    )


def offer(credential: str, region: str = REGION) -> Offer:
    image = Image(provider="memory", region=region, id="image-1", name="d13", family="debian-13")
    place = Place(credential=credential, network="default")
    return Offer(place, "memory", region, size("medium", 2, 4096), image)


@pytest.fixture
def provider() -> Iterator[MemoryProvider]:
    cloud = CLOUDS[ENDPOINT] = MemoryCloud()
    cloud.add(REGION, "image", "debian-13")
    cloud.add(REGION, "network", "default")
    yield MemoryProvider(
        MemoryCredential.model_validate({"endpoint": ENDPOINT, "key": "memory-key"})
    )
    del CLOUDS[ENDPOINT]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, "a-two"),
        ({"memory_gib": 4.5}, "b-two-more"),
        ({"cores": 3}, "four"),
        ({"architecture": "arm64"}, "arm"),
        ({"gpus": 1}, "gpu"),
        ({"cores": 64}, None),
    ],
)
def test_the_smallest_type_that_fits_is_taken(wanted: dict[str, Any], expected: str | None) -> None:
    types = [
        size("four", 4, 8192),
        size("b-two-more", 2, 8192),
        size("b-two", 2, 4096),
        size("a-two", 2, 4096),
        size("one", 1, 65536),
        size("arm", 2, 4096, architecture=Architecture.ARM64),
        size("gpu", 2, 4096, gpus=1),
    ]
    found = smallest_fitting(types, needs(**wanted))
    assert (found.name if found else None) == expected


def test_of_types_alike_a_burstable_one_is_taken_and_a_smaller_one_before_it() -> None:
    types = [
        size("a-steady", 2, 4096),
        size("b-burstable", 2, 4096, burstable=True),
        size("c-burstable", 2, 8192, burstable=True),
    ]
    taken = smallest_fitting(types, needs())
    larger = smallest_fitting([types[0], types[2]], needs())
    assert taken is not None
    assert larger is not None
    assert (taken.name, larger.name) == ("b-burstable", "a-steady")


def test_without_places_the_own_regions_of_all_credentials_come_first() -> None:
    def anywhere(credential: str, region: str) -> Offer:
        return replace(offer(credential, region), place=Place(credential=credential))

    surveyed = [anywhere(name, region) for name in ("a", "b") for region in ("r1", "r2")]
    ranking = rank(surveyed, needs(), {"a": "r2", "b": "r2"})
    assert [(one.place.credential, one.region) for one in ranking] == [
        ("a", "r2"),
        ("b", "r2"),
        ("a", "r1"),
        ("b", "r1"),
    ]
    fits = "smallest type that fits 2 cores and 4 GiB"
    assert ranking[0].reason == f"own region of the credential; {fits}"
    assert ranking[2].reason == f"not the credential's own region, r2; {fits}"


def price_of(amount: str, currency: str = "USD") -> PlacePrice:
    return PlacePrice(hourly=Decimal(amount), currency=currency, source="list price, read today")


def test_of_places_alike_the_cheaper_comes_first_and_an_unknown_price_last() -> None:
    offers = [offer("unknown"), offer("dear"), offer("cheap")]
    own = {"unknown": REGION, "dear": REGION, "cheap": REGION}
    prices = {
        (offers[1].place, REGION): price_of("0.20"),
        (offers[2].place, REGION): price_of("0.10"),
    }
    ranking = rank(offers, needs(), own, prices)
    assert [one.place.credential for one in ranking] == ["cheap", "dear", "unknown"]
    assert ranking[0].reason.endswith("; 0.1 USD an hour (list price, read today)")
    assert ranking[2].reason.endswith("; price unknown")
    assert [one.price and one.price.hourly for one in ranking] == [
        Decimal("0.10"),
        Decimal("0.20"),
        None,
    ]


def test_a_price_does_not_change_the_order_of_the_request_or_the_own_region() -> None:
    first, second = offer("first"), offer("second")
    prices = {(first.place, REGION): price_of("9"), (second.place, REGION): price_of("1")}
    wanted = needs(places=[first.place, second.place])
    ranking = rank([first, second], wanted, {}, prices)
    assert [one.place.credential for one in ranking] == ["first", "second"]
    ranking = rank([second, first], needs(), {"first": REGION}, prices)
    assert [one.place.credential for one in ranking] == ["first", "second"]


def test_prices_of_two_currencies_are_shown_and_not_compared() -> None:
    offers = [offer("euro"), offer("dollar")]
    prices = {
        (offers[0].place, REGION): price_of("2", "EUR"),
        (offers[1].place, REGION): price_of("1"),
    }
    ranking = rank(offers, needs(), {}, prices)
    assert [one.place.credential for one in ranking] == ["euro", "dollar"]
    assert all("not compared: no rate" in one.reason for one in ranking)


def test_without_any_price_none_is_mentioned() -> None:
    assert "price" not in rank([offer("a")], needs(), {})[0].reason


def test_the_order_of_the_request_comes_before_the_own_region() -> None:
    first, second = Place(credential="b"), Place(credential="a", region="r2")
    wanted = needs(places=[first, second])
    surveyed = [
        replace(offer("b", "r1"), place=first),
        replace(offer("b", "r2"), place=first),
        replace(offer("a", "r2"), place=second, type=size("t", 2, 4096, burstable=True)),
    ]
    ranking = rank(surveyed, wanted, {"a": "r2", "b": "r2"})
    assert [(one.place.credential, one.region) for one in ranking] == [
        ("b", "r2"),
        ("b", "r1"),
        ("a", "r2"),
    ]
    assert ranking[2].reason == (
        "place 2 of the request; own region of the credential;"
        " smallest type that fits 2 cores and 4 GiB, burstable"
    )


def test_a_type_has_to_be_offered_in_the_zone() -> None:
    types = [size("small", 2, 4096, zones=("a", "b")), size("large", 4, 8192, zones=("c",))]
    found = smallest_fitting(types, needs(), "c")
    assert found is not None
    assert found.name == "large"


def test_a_place_is_surveyed_through_the_contract(provider: MemoryProvider) -> None:
    found = survey(provider, needs(), Place(credential="lab"), REGION)
    assert isinstance(found, Offer)
    assert (found.type.name, found.image.name) == ("medium", "debian-13")


@pytest.mark.parametrize(
    ("wanted", "region", "reason"),
    [
        ({"cores": 512}, REGION, "no x86_64 type has 512 cores"),
        ({"image_family": "plan9-4"}, REGION, "no x86_64 image of the family plan9-4"),
        ({}, "nowhere-1", "InvalidRequest: The cloud in memory refused"),
    ],
)
def test_a_place_that_cannot_do_is_passed_over_with_the_reason(
    provider: MemoryProvider, wanted: dict[str, Any], region: str, reason: str
) -> None:
    found = survey(provider, needs(**wanted), Place(credential="lab"), region)
    assert isinstance(found, PassedOver)
    assert found.reason.startswith(reason)


def test_a_place_that_the_check_refuses_is_passed_over_with_what_it_lacks(
    provider: MemoryProvider,
) -> None:
    place = Place(credential="lab", network="office")
    found = survey(provider, needs(), place, REGION)
    assert isinstance(found, PassedOver)
    assert found.reason == f"NotFound: There is no network 'office' in {REGION}."


def test_a_ranking_keeps_the_order_and_ends_with_those_passed_over() -> None:
    lost = PassedOver(Place(credential="b"), "memory", REGION, "it is closed")
    ranking = rank([offer("c"), lost, offer("a")], needs(), {})
    assert [(one.place.credential, one.standing) for one in ranking] == [
        ("c", Standing.FIRST),
        ("a", Standing.FALLBACK),
        ("b", Standing.PASSED_OVER),
    ]
    first = candidates(ranking)[0].spec
    assert first is not None
    assert (first.type, first.image, first.network) == ("medium", "image-1", "default")


def test_no_place_at_all_says_why_of_each() -> None:
    lost = PassedOver(Place(credential="b"), "memory", REGION, "it is closed")
    with pytest.raises(CapacityExhausted, match=f"b/{REGION}: it is closed"):
        candidates(rank([lost], needs(), {}))


def test_places_are_those_asked_for_and_allowed() -> None:
    known = {"lab": "memory", "work": "aws"}
    lab, work = Place(credential="lab"), Place(credential="work", region="west-1")
    assert places_allowed(needs(), known) == [
        (Place(credential="lab"), "memory"),
        (Place(credential="work"), "aws"),
    ]
    assert places_allowed(needs(places=[work, lab]), known) == [(work, "aws"), (lab, "memory")]
    assert places_allowed(needs(places=[work, lab], providers=["memory"]), known) == [
        (lab, "memory")
    ]
    assert places_allowed(needs(places=[work, lab], regions=["east-1"]), known) == [(lab, "memory")]
    assert regions_allowed(needs(regions=["b"]), ["a", "b"]) == ["b"]
    assert regions_allowed(needs(), ["a", "b"]) == ["a", "b"]
    with pytest.raises(NotFound, match="no credential 'home'"):
        places_allowed(needs(places=[{"credential": "home"}]), known)


@pytest.mark.parametrize(
    "wrong",
    [
        {"cores": 0},
        {"memory_gib": 0},
        {"places": [{"credential": "lab"}, {"credential": "lab"}]},
        {"typo": 1},
    ],
)
def test_needs_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        needs(**wrong)
