"""Running the flow `change-instance`, for every command that changes one instance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skyclust.cli.flow_runs import run_flow
from skyclust.cli.instance_lookup import NamedInstance, find_instance, with_whole_id
from skyclust.cli.requests import checked
from skyclust.cli.run_outcome import finish
from skyclust.cli.run_tables import OPERATIONS
from skyclust.cli.short_ids import whole_resource_id

if TYPE_CHECKING:
    from skyclust.model.instance_action import InstanceAction


def change_instance(
    action: InstanceAction,
    named: NamedInstance,
    *,
    wait: float,
    local: bool,
    no_wait: bool,
    as_json: bool,
    **fields: Any,
) -> None:
    """Run the flow to its end, print how it ended and exit with the code that says so.

    With `no_wait` the command ends once the run is triggered.

    `fields` are those of the request that belong to the action. Raises NotFound for an instance
    that the inventory does not have, unless credential and region are given, and InvalidRequest
    for a request that is not valid and for a short id that may mean several.
    """
    from skyclust.model.change_request import ChangeRequest
    from skyclust.model.resource import ResourceKind

    named = with_whole_id(named)
    if fields.get("disk"):
        fields["disk"] = whole_resource_id(
            named.workspace,
            fields["disk"],
            ResourceKind.DISK,
            credential=named.credential,
            region=named.region,
        )
    request = checked(
        ChangeRequest,
        workspace=named.workspace,
        action=action,
        instance=named.name,
        credential=named.credential,
        region=named.region,
        wait_minutes=wait,
        **fields,
    )
    if not (named.credential and named.region):
        # The flow would report the same some seconds later; with both it looks in the cloud.
        instance = find_instance(named)
        if request.power_off_only:
            from skyclust.inventory.credential_selection import require_power_off_only

            require_power_off_only(instance.provider, instance.name or instance.id)
    outcome = run_flow("change-instance", request, local=local, no_wait=no_wait, as_json=as_json)
    finish(outcome, as_json=as_json, tables=OPERATIONS)
