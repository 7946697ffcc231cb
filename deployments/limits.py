"""The concurrency limits: of all credentials, before their first operation, and of deployments."""

from __future__ import annotations

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound

from deployments.bootstrap_result import Applied
from skyclust.orchestration.limits import (
    apply_credential_limit,
    remove_former_limits,
    reset_credential_limit,
)
from skyclust.store import credentials, workspaces
from skyclust.store.engine import Store


def apply_limits(store: Store, *, reset: bool = False) -> Applied:
    """Make sure that each credential of each workspace has its limit and return their names.

    A number that somebody set stays, and so does a limit that somebody turned off; with `reset`
    each is as it was made. Limits of a former name pass on what an operator set, and go.
    """
    with store.reading() as connection:
        known = [
            (workspace.id, credential.name)
            for workspace in workspaces.list_all(connection)
            for credential in credentials.list_all(connection, workspace.id)
        ]
    outcome = Applied()
    for workspace_id, name in known:
        outcome.names.append(apply_credential_limit(workspace_id, name))
        if reset and reset_credential_limit(workspace_id, name):
            outcome.changed.append(f"concurrency limit {outcome.names[-1]}")
    remove_former_limits(known)
    return outcome


def deployment_limit_name(deployment: str) -> str:
    """Return the name of the global concurrency limit of one of our deployments."""
    return f"skyclust:deployment:{deployment}"


def name_deployment_limit(client: SyncPrefectClient, found: DeploymentResponse) -> None:
    """Give a deployment's limit the deployment's name, where it has the one that Prefect gave it.

    Prefect names it `deployment:UUID` (server/models/deployments.py), which says nothing to a
    person, and reads it by its id alone. A limit that somebody else named keeps its name, and so
    does one whose new name is taken.
    """
    limit = found.global_concurrency_limit
    if limit is None or limit.name != f"deployment:{found.id}":
        return
    name = deployment_limit_name(found.name)
    try:
        client.read_global_concurrency_limit_by_name(name)
    except ObjectNotFound:
        client.update_global_concurrency_limit(limit.name, GlobalConcurrencyLimitUpdate(name=name))
