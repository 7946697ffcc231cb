"""Asking the places of a placement what they have, each a task of its own."""

from __future__ import annotations

from collections.abc import Callable

from prefect import task
from prefect.cache_policies import NO_CACHE

from skyclust.errors import InvalidRequest, SkyClustError
from skyclust.model.placement import InstanceNeeds, Place, Ranked
from skyclust.orchestration import artifacts
from skyclust.orchestration.credentials import find_credential, open_provider
from skyclust.placement import (
    MOST_PLACES,
    Offer,
    PassedOver,
    places_asked,
    rank,
    regions_allowed,
    survey,
)
from skyclust.provider_errors import provider_errors
from skyclust.store import credentials
from skyclust.store.engine import open_store
from tasks.silence import Watch, hear
from tasks.user_data import plain_user_data


@task(
    name="discover places",
    task_run_name="discover the regions of {place}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def discover_places(
    workspace_id: str, place: Place, provider: str, needs: InstanceNeeds
) -> list[str] | PassedOver:
    """Return the regions of a place to look at, or why its account tells none.

    An account that does not answer is passed over as a sync leaves it behind.
    """
    if place.region is not None:
        return [place.region]

    def ask(tell: Callable[[list[str]], None]) -> None:
        opened = open_provider(open_store(), workspace_id, place.credential)
        with provider_errors(provider, f"list the regions of {place}"):
            tell(regions_allowed(needs, opened.regions()))

    try:
        [told] = hear(ask, Watch(), f"Account {place.credential}")
    except SkyClustError as error:
        return PassedOver(place, provider, "", f"{type(error).__name__}: {error}")
    return told


@task(
    name="survey place",
    task_run_name="survey {region} of {place}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def survey_place(
    workspace_id: str, place: Place, provider: str, region: str, needs: InstanceNeeds
) -> Offer | PassedOver:
    """Return the smallest type that fits and the newest image there, or why nothing can be made.

    A place that does not answer is passed over as a sync leaves it behind.
    """

    def ask(tell: Callable[[Offer | PassedOver], None]) -> None:
        opened = open_provider(open_store(), workspace_id, place.credential)
        with provider_errors(provider, f"survey {region} of {place}"):
            user_data = plain_user_data(needs.user_data, workspace_id)
            tell(survey(opened, needs, place, region, user_data))

    try:
        [found] = hear(ask, Watch(), f"Region {region} of {place.credential}")
    except SkyClustError as error:
        return PassedOver(place, provider, region, f"{type(error).__name__}: {error}")
    return found


def rank_places(workspace_id: str, needs: InstanceNeeds) -> list[Ranked]:
    """Ask every place that the needs allow, show the ranking as a table, and return it.

    Raises NotFound for a credential that the workspace does not have, InvalidRequest when the
    needs allow more places than one run may ask.
    """
    store = open_store()
    for place in needs.places:  # one that so far is only a block by hand becomes known
        find_credential(store, workspace_id, place.credential)
    with store.reading() as connection:
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
    rows = artifacts.placement_rows(ranking)
    artifacts.show_table("placement", rows, "Where it can be made", total=len(ranking))
    return ranking
