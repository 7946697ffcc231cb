"""Surveying the places of a placement, each by a task of its own."""

from __future__ import annotations

from collections.abc import Callable

from prefect import task

from skyclust.errors import InvalidRequest, SkyClustError
from skyclust.inventory.placement import (
    MOST_PLACES,
    Offer,
    PassedOver,
    places_allowed,
    rank,
    regions_allowed,
    survey,
)
from skyclust.inventory.read_liveness import ReadLiveness, results_while_alive
from skyclust.model.placement import InstanceNeeds, Place, Ranked
from skyclust.operations.instance.user_data import plain_user_data
from skyclust.orchestration import artifacts
from skyclust.orchestration.credentials import adopt_blocks, open_provider
from skyclust.orchestration.default_region import own_region
from skyclust.orchestration.placement_rows import placement_rows
from skyclust.providerkit.provider_errors import provider_errors
from skyclust.store import credentials
from skyclust.store.engine import open_store
from tasks.prices import prices_of_offers
from tasks.retry_policy import UNCACHED


@task(name="discover places", task_run_name="discover the regions of {place}", **UNCACHED)
def discover_places(
    workspace_id: str, place: Place, provider: str, needs: InstanceNeeds
) -> list[str] | PassedOver:
    """Return the regions of a place to survey, or why they could not be discovered.

    A cloud that does not answer is passed over as in a sync.
    """
    if place.region is not None:
        return [place.region]

    def call(emit: Callable[[list[str]], None]) -> None:
        opened = open_provider(open_store(), workspace_id, place.credential)
        with provider_errors(provider, f"list the regions of {place}"):
            emit(regions_allowed(needs, opened.instance_regions()))

    what = f"Credential {place.credential}"
    try:
        [regions] = results_while_alive(call, ReadLiveness(), what)
    except SkyClustError as error:
        return PassedOver(place, provider, "", f"{type(error).__name__}: {error}")
    return regions


@task(name="survey place", task_run_name="survey {region} of {place}", **UNCACHED)
def survey_place(
    workspace_id: str, place: Place, provider: str, region: str, needs: InstanceNeeds
) -> Offer | PassedOver:
    """Return the smallest type that fits and the newest image there, or why there is no offer.

    A cloud that does not answer is passed over as in a sync.
    """

    def call(emit: Callable[[Offer | PassedOver], None]) -> None:
        opened = open_provider(open_store(), workspace_id, place.credential)
        with provider_errors(provider, f"survey {region} of {place}"):
            user_data = plain_user_data(needs.user_data, workspace_id)
            emit(survey(opened, needs, place, region, user_data))

    what = f"Region {region} of {place.credential}"
    try:
        [result] = results_while_alive(call, ReadLiveness(), what)
    except SkyClustError as error:
        return PassedOver(place, provider, region, f"{type(error).__name__}: {error}")
    return result


def rank_places(workspace_id: str, needs: InstanceNeeds) -> list[Ranked]:
    """Survey every place that the needs allow, show the ranking as a table, and return it.

    Raises NotFound for a credential that the workspace does not have, InvalidRequest when the
    needs allow more places than one run may survey.
    """
    store = open_store()
    adopt_blocks(store, workspace_id, [place.credential for place in needs.places])
    with store.reading() as connection:
        records = credentials.list_all(connection, workspace_id)
    places = places_allowed(needs, {record.name: record.provider for record in records})
    discoveries = [
        (place, provider, discover_places.submit(workspace_id, place, provider, needs))
        for place, provider in places
    ]
    discovered = [(place, provider, future.result()) for place, provider, future in discoveries]
    passed_over = [result for _, _, result in discovered if isinstance(result, PassedOver)]
    regions = [
        (place, provider, region)
        for place, provider, result in discovered
        if not isinstance(result, PassedOver)
        for region in result
    ]
    if len(regions) > MOST_PLACES:
        raise InvalidRequest(
            f"The needs of {needs.name!r} allow {len(regions)} places, more than {MOST_PLACES}.",
            hint="Name the places, providers or regions to use.",
        )
    surveys = [
        survey_place.submit(workspace_id, place, provider, region, needs)
        for place, provider, region in regions
    ]
    own_regions = {
        place.credential: own_region(store, workspace_id, place.credential) for place, _ in places
    }
    surveyed = [*(survey.result() for survey in surveys), *passed_over]
    offers = [result for result in surveyed if isinstance(result, Offer)]
    ranking = rank(surveyed, needs, own_regions, prices_of_offers(workspace_id, offers))
    rows = placement_rows(ranking)
    artifacts.show_table(
        f"placement-{workspace_id}", rows, "Where it can be created", total=len(ranking)
    )
    return ranking
