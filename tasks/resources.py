"""Finding the resource that a request names."""

from __future__ import annotations

from prefect import task

from skyclust.inventory import resource_lookup
from skyclust.inventory.resource_lookup import ResourceQuery
from skyclust.model.delete_request import DeleteRequest
from skyclust.model.stored import StoredResource
from skyclust.store.engine import open_store
from tasks.retry_policy import RETRIED


@task(name="find resource", task_run_name="find {request.resource}", **RETRIED)
def find_resource(request: DeleteRequest) -> StoredResource:
    """Return the resource of the inventory that the request names.

    As `skyclust.inventory.resource_lookup.find_resource`.
    """
    query = ResourceQuery(
        request.workspace, (request.kind,), request.resource, request.credential, request.region
    )
    return resource_lookup.find_resource(open_store(), query)
