"""Placement: the type, image and place with which an instance is created for its needs.

`survey` reads one place's catalog through the contract, `rank` sorts the offers. The order is
that of the requested places, and of a credential without a region its own region comes first;
without requested places the own regions of all credentials come before all others. In a region the
smallest type that fits is taken: fewest cores, then least memory, of equal ones a burstable one,
then the name, so that the ranking is always the same. Of places that are preferred alike the one
with the lower price comes first, and those without a known price come last; the caller knows the
prices. A dry run shows the ranking, and provisioning tries it from top to bottom.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from skyclust.contract import CatalogProvider, ComputeProvider, PlacementProvider, Provider
from skyclust.errors import CapacityExhausted, NotFound, SkyClustError
from skyclust.model.catalog import MIB_PER_GIB, Image, InstanceType
from skyclust.model.instance import SealedInstanceSpec
from skyclust.model.placement import InstanceNeeds, Place, PlacePrice, Ranked, Standing
from skyclust.registry import capability

MOST_PLACES: Final = 200
"""Regions that one placement surveys; each has some hundred types."""


@dataclass(frozen=True)
class Offer:
    """The type and the image that one region of a credential has for the needs."""

    place: Place
    provider: str
    region: str
    type: InstanceType
    image: Image


@dataclass(frozen=True)
class PassedOver:
    """A region of a credential where no instance can be created, and why, for people."""

    place: Place
    provider: str
    region: str
    reason: str


def survey(
    provider: Provider,
    needs: InstanceNeeds,
    place: Place,
    region: str,
    user_data: str | None = None,
) -> Offer | PassedOver:
    """Read one region's catalog and return the smallest type that fits and the newest image.

    Where the provider can check a placement, the spec is checked too, with its user data in
    plain text. An error of the cloud is a reason to pass the place over: a place that does not
    answer keeps no other from being used.
    """
    try:
        capability(provider, ComputeProvider)
        catalog = capability(provider, CatalogProvider)
        types = [type_ for page in catalog.list_instance_types(region) for type_ in page]
        images = catalog.list_images(region, needs.image_family, needs.architecture)
    except SkyClustError as error:
        return PassedOver(place, provider.name, region, f"{type(error).__name__}: {error}")
    fitting = smallest_fitting(types, needs, place.zone)
    if fitting is None:
        return PassedOver(place, provider.name, region, _nothing_fits(needs, place))
    if not images:
        reason = f"no {needs.architecture} image of the family {needs.image_family}"
        return PassedOver(place, provider.name, region, reason)
    offer = Offer(place, provider.name, region, fitting, images[0])
    if isinstance(provider, PlacementProvider):
        try:
            provider.check_placement(_spec(offer, needs).opened(user_data))
        except SkyClustError as error:
            return PassedOver(place, provider.name, region, f"{type(error).__name__}: {error}")
    return offer


def smallest_fitting(
    types: Iterable[InstanceType], needs: InstanceNeeds, zone: str | None = None
) -> InstanceType | None:
    """Return the smallest type that satisfies the needs, None when there is none.

    A type with GPUs is not used for an instance that needs none.
    """
    fitting = [
        type_
        for type_ in types
        if type_.cores >= needs.cores
        and type_.memory_mib >= needs.memory_gib * MIB_PER_GIB
        and type_.architecture is needs.architecture
        and (type_.gpus >= needs.gpus if needs.gpus else type_.gpus == 0)
        and (zone is None or not type_.zones or zone in type_.zones)
    ]
    return min(
        fitting,
        key=lambda type_: (type_.cores, type_.memory_mib, not type_.burstable, type_.name),
        default=None,
    )


def rank(
    surveyed: Sequence[Offer | PassedOver],
    needs: InstanceNeeds,
    own_regions: Mapping[str, str | None],
    prices: Mapping[tuple[Place, str], PlacePrice] | None = None,
) -> list[Ranked]:
    """Return every place: those with an offer, the preferred first, then those passed over.

    `own_regions` are the regions in which the credentials work by default, None where a credential
    names none. `prices` are those of the offers by place and region. Places that are preferred
    alike are in the order of their prices, and else stay in the order given; prices in several
    currencies are shown and not compared. With no prices at all none is mentioned.
    """
    known = prices or {}
    offers = [result for result in surveyed if isinstance(result, Offer)]
    order = {place: number for number, place in enumerate(needs.places)}
    offers.sort(
        key=lambda offer: (
            order.get(offer.place, 0),
            own_regions.get(offer.place.credential) != offer.region,
            *_price_order(offer, known),
        )
    )
    ranked = [
        _ranked(
            offer,
            needs,
            Standing.FALLBACK if number else Standing.FIRST,
            own_regions.get(offer.place.credential),
            known,
        )
        for number, offer in enumerate(offers)
    ]
    return ranked + [
        Ranked(
            place=result.place,
            provider=result.provider,
            region=result.region,
            standing=Standing.PASSED_OVER,
            reason=result.reason,
        )
        for result in surveyed
        if isinstance(result, PassedOver)
    ]


def candidates(ranking: Sequence[Ranked]) -> list[Ranked]:
    """Return the places to try, in order; raises CapacityExhausted when there is none.

    The error gives the reason for each place that was passed over.
    """
    usable = [ranked for ranked in ranking if ranked.spec is not None]
    if not usable:
        reasons = "; ".join(
            f"{ranked.place.credential}/{ranked.region}: {ranked.reason.rstrip('.')}"
            for ranked in ranking
        )
        raise CapacityExhausted(
            f"No place has what the instance needs: {reasons or 'no place was surveyed'}.",
            hint="Request less, another image family, or more places.",
        )
    return usable


def places_allowed(needs: InstanceNeeds, credentials: Mapping[str, str]) -> list[tuple[Place, str]]:
    """Return the places that the needs allow, in order, each with its provider.

    `credentials` has the workspace's credentials and the provider of each. Raises NotFound
    for a place whose credential the workspace does not have.
    """
    for place in needs.places:
        if place.credential not in credentials:
            raise NotFound(
                f"There is no credential {place.credential!r}.",
                hint=f"The workspace has: {', '.join(sorted(credentials)) or 'none'}.",
            )
    places = needs.places or tuple(Place(credential=name) for name in sorted(credentials))
    return [
        (place, credentials[place.credential])
        for place in places
        if (not needs.providers or credentials[place.credential] in needs.providers)
        and (not needs.regions or place.region is None or place.region in needs.regions)
    ]


def regions_allowed(needs: InstanceNeeds, regions: Sequence[str]) -> list[str]:
    """Return the regions that the needs allow, of those that a credential may use."""
    return [region for region in regions if not needs.regions or region in needs.regions]


def _price_order(
    offer: Offer, prices: Mapping[tuple[Place, str], PlacePrice]
) -> tuple[bool, Decimal]:
    price = prices.get((offer.place, offer.region))
    if price is None:
        return (True, Decimal(0))
    return (False, price.hourly if _are_comparable(prices) else Decimal(0))


def _are_comparable(prices: Mapping[tuple[Place, str], PlacePrice]) -> bool:
    return len({price.currency for price in prices.values()}) == 1


def _reason_of_price(offer: Offer, prices: Mapping[tuple[Place, str], PlacePrice]) -> list[str]:
    if not prices:
        return []
    price = prices.get((offer.place, offer.region))
    if price is None:
        return ["price unknown"]
    text = f"{price.hourly.normalize():f} {price.currency} an hour ({price.source})"
    return [
        text if _are_comparable(prices) else f"{text}, not compared: no rate between currencies"
    ]


def _ranked(
    offer: Offer,
    needs: InstanceNeeds,
    standing: Standing,
    own_region: str | None,
    prices: Mapping[tuple[Place, str], PlacePrice],
) -> Ranked:
    return Ranked(
        place=offer.place,
        provider=offer.provider,
        region=offer.region,
        standing=standing,
        reason="; ".join(
            [
                *_reasons_of_place(offer, needs, own_region),
                _reason_of_type(offer.type, needs),
                *_reason_of_price(offer, prices),
            ]
        ),
        spec=_spec(offer, needs),
        cores=offer.type.cores,
        memory_gib=offer.type.memory_mib / MIB_PER_GIB,
        image_name=offer.image.name,
        price=prices.get((offer.place, offer.region)),
    )


def _reasons_of_place(offer: Offer, needs: InstanceNeeds, own_region: str | None) -> list[str]:
    """Return why an offer is where it is in the ranking, in words."""
    reasons = []
    if len(needs.places) > 1:
        reasons.append(f"place {needs.places.index(offer.place) + 1} of the request")
    if offer.region == own_region:
        reasons.append("own region of the credential")
    elif offer.place.region is None and own_region is not None:
        reasons.append(f"not the credential's own region, {own_region}")
    return reasons


def _reason_of_type(type_: InstanceType, needs: InstanceNeeds) -> str:
    burstable = ", burstable" if type_.burstable else ""
    return f"smallest type that fits {needs.cores} cores and {needs.memory_gib:g} GiB{burstable}"


def _spec(offer: Offer, needs: InstanceNeeds) -> SealedInstanceSpec:
    return needs.spec(
        offer.place, region=offer.region, instance_type=offer.type.name, image=offer.image.id
    )


def _nothing_fits(needs: InstanceNeeds, place: Place) -> str:
    gpus = f" and {needs.gpus} GPUs" if needs.gpus else ""
    where = f" in zone {place.zone}" if place.zone else ""
    return (
        f"no {needs.architecture} type has {needs.cores} cores, {needs.memory_gib:g} GiB"
        f"{gpus}{where}"
    )
