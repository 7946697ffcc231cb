"""Asking for a change of one machine: the flow `change-instance`, for every command that does."""

from __future__ import annotations

from typing import Any

from skyclust.cli.machines import OPERATIONS, Place, find_machine
from skyclust.cli.requests import checked
from skyclust.cli.running import finish, run_flow
from skyclust.model.change_request import ChangeRequest, InstanceAction


def change_machine(
    action: InstanceAction,
    name: str,
    place: Place,
    *,
    wait: float,
    local: bool,
    as_json: bool,
    **fields: Any,
) -> None:
    """Run the flow to its end, print how it ended and exit with the code that says so.

    `fields` are those of the request that go with the action. Raises NotFound for a machine
    that the inventory does not know, unless credential and region are given, and
    InvalidRequest for a request that is not valid.
    """
    request = checked(
        ChangeRequest,
        workspace=place.workspace,
        action=action,
        instance=name,
        credential=place.credential,
        region=place.region,
        wait_minutes=wait,
        **fields,
    )
    if not (place.credential and place.region):
        # What the flow would find out after some seconds; with both it asks the cloud.
        find_machine(name, place)
    finish(run_flow("change-instance", request, local=local), as_json=as_json, tables=OPERATIONS)
