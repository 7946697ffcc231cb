"""What the forms of the deployments offer to choose from, kept as the store has it.

The server refuses a run with a workspace, a credential or a provider that the form of its
deployment does not offer. So whoever adds or removes one brings the forms up to date before the
command returns; what fails then is done by the next sync and by the next bootstrap.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from typing import Any, Final

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound

from skyclust.errors import SkyClustError
from skyclust.model.choices import CHOICES, Choices
from skyclust.orchestration.client import prefect_client
from skyclust.registry import provider_names
from skyclust.store import credentials, scopes, workspaces
from skyclust.store.engine import Store

Offered = Mapping[Choices, Sequence[str]]
"""The values of each kind of choice, sorted; an empty one leaves a field as it is without."""

NOTHING_OFFERED: Final[Offered] = dict.fromkeys(Choices, ())

MOST_ROUNDS: Final = 5
"""So often the forms are written again because the store has changed meanwhile."""

_PAGE: Final = 100

_logger: Final = logging.getLogger(__name__)


def read_choices(store: Store) -> Offered:
    """Return what there is to choose from, in all workspaces together."""
    found: dict[Choices, set[str]] = {kind: set() for kind in Choices}
    found[Choices.PROVIDERS].update(provider_names())
    with store.reading() as connection:
        for workspace in workspaces.list_all(connection):
            found[Choices.WORKSPACES].add(workspace.id)
            for record in credentials.list_all(connection, workspace.id):
                found[Choices.CREDENTIALS].add(record.name)
            found[Choices.REGIONS].update(scopes.regions(connection, workspace.id))
    return {kind: sorted(values) for kind, values in found.items()}


def with_choices(
    schema: Mapping[str, Any], offered: Offered, used: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Return the schema of a form with these choices in the place of those that it has.

    `used` are parameters that a deployment or its schedules have: what they name stays, or the
    server would refuse every change of the deployment.
    """
    result = deepcopy(dict(schema))
    for name, field in result.get("properties", {}).items():
        _choose(field, offered, [given[name] for given in used if name in given])
    return result


def update_choices(store: Store) -> None:
    """Bring the forms of the server's deployments up to date with the store.

    The store is read again after each write: of two processes that write at the same time, the
    later one has the values of both. Raises what `prefect_client` raises.
    """
    offered = read_choices(store)
    with prefect_client() as client:
        for _ in range(MOST_ROUNDS):
            for deployment in _with_forms_of_ours(client):
                _update(client, deployment, offered)
            before, offered = offered, read_choices(store)
            if offered == before:
                return


def try_to_update_choices(store: Store) -> None:
    """Bring the forms up to date if that is possible: what changed the choices must not fail."""
    try:
        update_choices(store)
    except SkyClustError as error:
        _logger.warning("The forms do not offer the newest choices yet: %s", error)


def used_by_schedules(deployment: DeploymentResponse) -> list[Mapping[str, Any]]:
    """Return the parameters that the schedules of a deployment have."""
    return [schedule.parameters or {} for schedule in deployment.schedules]


def _with_forms_of_ours(client: SyncPrefectClient) -> Iterator[DeploymentResponse]:
    """Yield each deployment with a field that has choices; people's own of our flows too."""
    seen = 0
    while page := client.read_deployments(limit=_PAGE, offset=seen):
        seen += len(page)
        yield from (one for one in page if CHOICES in str(one.parameter_openapi_schema))


def _update(client: SyncPrefectClient, deployment: DeploymentResponse, offered: Offered) -> None:
    schema = deployment.parameter_openapi_schema or {}
    used = [deployment.parameters or {}, *used_by_schedules(deployment)]
    wanted = with_choices(schema, offered, used)
    if wanted != schema:
        update = DeploymentUpdate(parameter_openapi_schema=wanted)
        with suppress(ObjectNotFound):
            client.update_deployment(deployment.id, update)


def _choose(field: dict[str, Any], offered: Offered, used: Sequence[Any]) -> None:
    """Put the choices into a field of a form, and into the fields of the objects in it."""
    kind = field.get(CHOICES)
    items = field.get("items")
    if kind is None:
        for inner in (field, items or {}):
            for name, one in inner.get("properties", {}).items():
                _choose(one, offered, [value[name] for value in _objects(used) if name in value])
        return
    _offer(field if items is None else items, offered[Choices(kind)], used, Choices(kind))


def _offer(
    target: dict[str, Any], values: Sequence[str], used: Sequence[Any], kind: Choices
) -> None:
    """Put values into the schema of one value; without any it takes every text."""
    for keyword in ("enum", "anyOf"):
        target.pop(keyword, None)
    target["type"] = "string"
    if not values:
        return
    enum = sorted({*values, *_texts(used)})
    if kind is Choices.REGIONS:
        # The first sync of a credential, or one of some regions, has not seen all there are.
        del target["type"]
        known = {"title": "Known region", "type": "string", "enum": enum}
        target["anyOf"] = [known, {"title": "Another region", "type": "string", "minLength": 1}]
    else:
        target["enum"] = enum


def _objects(used: Iterable[Any]) -> list[Mapping[str, Any]]:
    flat = [one for value in used for one in (value if isinstance(value, list) else [value])]
    return [one for one in flat if isinstance(one, Mapping)]


def _texts(used: Iterable[Any]) -> list[str]:
    flat = [one for value in used for one in (value if isinstance(value, list) else [value])]
    return [one for one in flat if isinstance(one, str)]
