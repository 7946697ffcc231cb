"""Finding the instance, the snapshot and the disk that a request names."""

from __future__ import annotations

from prefect import task

from skyclust.inventory.instance_lookup import (
    InstanceLocation,
    InstanceQuery,
    find_in_cloud,
    find_in_inventory,
    location_of,
    not_found,
    with_unique_id,
)
from skyclust.model.change_request import ChangeRequest
from skyclust.model.credential_key import CredentialKey
from skyclust.model.resource import ResourceKind
from skyclust.operations.instance.name_lookup import find_disk_id, find_snapshot_id
from skyclust.orchestration.credentials import open_provider
from skyclust.providerkit.provider_errors import provider_errors
from skyclust.store import resources
from skyclust.store.engine import open_store
from tasks.retry_policy import RETRIED


@task(name="find instance", task_run_name="find {request.instance}", **RETRIED)
def find_instance(request: ChangeRequest) -> InstanceLocation:
    """Return the instance that the request names: from the inventory, else from the cloud.

    The cloud is read only when the request names credential and region. Raises NotFound when
    there is none, InvalidRequest when several have the name.
    """
    store = open_store()
    query = InstanceQuery(request.workspace, request.instance, request.credential, request.region)
    stored = find_in_inventory(store, query)
    if stored is not None:
        location = location_of(stored.credential, stored)
        if location.unique_id:
            return location
        return with_unique_id(
            open_provider(store, request.workspace, location.credential), location
        )
    if not (request.credential and request.region):
        raise not_found(query)
    provider = open_provider(store, request.workspace, request.credential)
    location = find_in_cloud(provider, query, request.credential, request.region)
    return location if location.unique_id else with_unique_id(provider, location)


@task(name="find disk", task_run_name="find disk {name}", **RETRIED)
def find_disk(credential: CredentialKey, instance: InstanceLocation, name: str) -> str:
    """Return the id of the disk that has this id at the cloud, else this name in the inventory.

    Raises NotFound when there is none, InvalidRequest when several have the name.
    """
    store = open_store()
    with store.reading() as connection:
        known = resources.find(
            connection,
            credential.workspace_id,
            kinds=[ResourceKind.DISK],
            credentials=[credential.name],
            regions=[instance.region],
            names=[name],
        )
    provider = open_provider(store, credential.workspace_id, credential.name)
    with provider_errors(provider.name, f"read disk {name!r} in {instance.region}"):
        return find_disk_id(provider, instance.region, name, known)


@task(name="find snapshot", task_run_name="find snapshot {name} of {instance.name}", **RETRIED)
def find_snapshot(credential: CredentialKey, instance: InstanceLocation, name: str) -> str:
    """Return the id of the instance's snapshot that has this id or name.

    Raises NotFound when there is none, InvalidRequest when several have the name.
    """
    provider = open_provider(open_store(), credential.workspace_id, credential.name)
    with provider_errors(provider.name, f"list the snapshots of instance {instance.id}"):
        return find_snapshot_id(
            provider, instance.region, instance.id, name, instance_name=instance.name
        )
