"""Placement: from what a machine needs to the type, image and place that it is made with.

`survey` reads one place's catalog through the contract, `rank` puts what was found in order.
The order is that of the places asked for; within a place the smallest type that fits is
taken: fewest cores, then least memory, then the name, so that the answer is always the same.
A ranking is what a dry run shows, and what a provisioning tries from top to bottom.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from skyclust.contract import CatalogProvider, ComputeProvider, PlacementProvider, Provider
from skyclust.errors import CapacityExhausted, NotFound, SkyClustError
from skyclust.model.catalog import MIB_PER_GIB, Image, InstanceType
from skyclust.model.instance import SealedInstanceSpec
from skyclust.model.placement import InstanceNeeds, Place, Ranked, Standing
from skyclust.registry import capability

MOST_PLACES: Final = 200
"""Regions that one placement asks; each answers with some hundred types."""


@dataclass(frozen=True)
class Offer:
    """What one region of one account has for the needs."""

    place: Place
    provider: str
    region: str
    type: InstanceType
    image: Image


@dataclass(frozen=True)
class PassedOver:
    """A region of an account where nothing can be made, and why, for people."""

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

    Where the provider can check a place, the machine that comes of it is checked there too, with
    its user data, which is given in the clear. An error of the cloud is a reason to pass the
    place over: a place that cannot be asked keeps no other from being taken.
    """
    try:
        capability(provider, ComputeProvider)
        catalog = capability(provider, CatalogProvider)
        types = [one for page in catalog.list_instance_types(region) for one in page]
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
    """Return the smallest type that has what is needed, None when there is none.

    A type with GPUs is not taken for a machine that needs none.
    """
    fitting = [
        one
        for one in types
        if one.cores >= needs.cores
        and one.memory_mib >= needs.memory_gib * MIB_PER_GIB
        and one.architecture is needs.architecture
        and (one.gpus >= needs.gpus if needs.gpus else one.gpus == 0)
        and (zone is None or not one.zones or zone in one.zones)
    ]
    return min(fitting, key=lambda one: (one.cores, one.memory_mib, one.name), default=None)


def rank(surveyed: Sequence[Offer | PassedOver], needs: InstanceNeeds) -> list[Ranked]:
    """Return every place: those that will do in the order given, then those passed over."""
    offers = [one for one in surveyed if isinstance(one, Offer)]
    ranked = [
        _ranked(one, needs, Standing.FALLBACK if number else Standing.FIRST)
        for number, one in enumerate(offers)
    ]
    return ranked + [
        Ranked(
            place=one.place,
            provider=one.provider,
            region=one.region,
            standing=Standing.PASSED_OVER,
            reason=one.reason,
        )
        for one in surveyed
        if isinstance(one, PassedOver)
    ]


def candidates(ranking: Sequence[Ranked]) -> list[Ranked]:
    """Return the places to try, in order; raises CapacityExhausted when there is none.

    The error gives the reason for each place that was passed over.
    """
    able = [one for one in ranking if one.spec is not None]
    if not able:
        reasons = "; ".join(
            f"{one.place.credential}/{one.region}: {one.reason.rstrip('.')}" for one in ranking
        )
        raise CapacityExhausted(
            f"No place has what the machine needs: {reasons or 'no place was asked'}.",
            hint="Ask for less, for another image family, or in more places.",
        )
    return able


def places_asked(needs: InstanceNeeds, credentials: Mapping[str, str]) -> list[tuple[Place, str]]:
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


def regions_allowed(needs: InstanceNeeds, told: Sequence[str]) -> list[str]:
    """Return the regions that the needs allow, of those that an account told."""
    return [region for region in told if not needs.regions or region in needs.regions]


def _ranked(one: Offer, needs: InstanceNeeds, standing: Standing) -> Ranked:
    return Ranked(
        place=one.place,
        provider=one.provider,
        region=one.region,
        standing=standing,
        reason=f"{one.type.name} is its smallest type with {needs.cores} cores and"
        f" {needs.memory_gib:g} GiB",
        spec=_spec(one, needs),
        cores=one.type.cores,
        memory_gib=one.type.memory_mib / MIB_PER_GIB,
        image_name=one.image.name,
    )


def _spec(one: Offer, needs: InstanceNeeds) -> SealedInstanceSpec:
    return needs.spec(one.place, region=one.region, instance_type=one.type.name, image=one.image.id)


def _nothing_fits(needs: InstanceNeeds, place: Place) -> str:
    gpus = f" and {needs.gpus} GPUs" if needs.gpus else ""
    where = f" in zone {place.zone}" if place.zone else ""
    return (
        f"no {needs.architecture} type has {needs.cores} cores, {needs.memory_gib:g} GiB"
        f"{gpus}{where}"
    )
