"""Asking the places of a placement what they have, each a task of its own."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from skyclust.errors import InvalidRequest, SkyClustError
from skyclust.model.placement import InstanceNeeds, Place, Ranked
from skyclust.orchestration import artifacts
from skyclust.orchestration.credentials import open_provider
from skyclust.placement import (
    MOST_PLACES,
    Offer,
    PassedOver,
    places_asked,
    rank,
    regions_allowed,
    survey,
)
from skyclust.store import credentials
from skyclust.store.engine import open_store


@task(
    name="discover places",
    task_run_name="discover the regions of {place}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def discover_places(
    workspace_id: str, place: Place, provider: str, needs: InstanceNeeds
) -> list[str] | PassedOver:
    """Return the regions of a place to look at; those of an account that does not tell: none."""
    if place.region is not None:
        return [place.region]
    try:
        told = open_provider(open_store(), workspace_id, place.credential).regions()
    except SkyClustError as error:
        return PassedOver(place, provider, "", f"{type(error).__name__}: {error}")
    return regions_allowed(needs, told)


@task(
    name="survey place",
    task_run_name="survey {region} of {place}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def survey_place(
    workspace_id: str, place: Place, provider: str, region: str, needs: InstanceNeeds
) -> Offer | PassedOver:
    """Return the smallest type that fits and the newest image there, or why there is none."""
    try:
        opened = open_provider(open_store(), workspace_id, place.credential)
    except SkyClustError as error:
        return PassedOver(place, provider, region, f"{type(error).__name__}: {error}")
    return survey(opened, needs, place, region)


def rank_places(workspace_id: str, needs: InstanceNeeds) -> list[Ranked]:
    """Ask every place that the needs allow, show the ranking as a table, and return it.

    Raises NotFound for a credential that the workspace does not have, InvalidRequest when the
    needs allow more places than one run may ask.
    """
    with open_store().reading() as connection:
        known = {one.name: one.provider for one in credentials.list_all(connection, workspace_id)}
    asked = places_asked(needs, known)
    regions = [
        (place, provider, discover_places.submit(workspace_id, place, provider, needs))
        for place, provider in asked
    ]
    told = [(place, provider, future.result()) for place, provider, future in regions]
    silent = [answer for _, _, answer in told if isinstance(answer, PassedOver)]
    spots = [
        (place, provider, region)
        for place, provider, answer in told
        if not isinstance(answer, PassedOver)
        for region in answer
    ]
    if len(spots) > MOST_PLACES:
        raise InvalidRequest(
            f"The needs of {needs.name!r} allow {len(spots)} places, more than {MOST_PLACES}.",
            hint="Name the places, providers or regions that are meant.",
        )
    surveys = [
        survey_place.submit(workspace_id, place, provider, region, needs)
        for place, provider, region in spots
    ]
    ranking = rank([*(one.result() for one in surveys), *silent], needs)
    artifacts.show_table("placement", artifacts.placement_rows(ranking), "Where it can be made")
    return ranking
