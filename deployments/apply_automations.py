"""Applying the automations, without undoing what people changed at the server."""

from __future__ import annotations

from typing import Any, Final

from prefect.client.orchestration import SyncPrefectClient
from prefect.events.schemas.automations import Automation, AutomationCore

from deployments.automations import RECOVERY, SEALING, automations
from deployments.bootstrap_result import Applied
from deployments.last_applied import AppliedObject, AppliedObjects, read_applied, write_applied
from deployments.three_way_merge import merge, pairs
from skyclust.orchestration.client import prefect_client

RECORD: Final = "automations"

_DECLARED: Final = ("description", "trigger", "actions")

_OTHERS: Final = ("tags", "actions_on_trigger", "actions_on_resolve")
"""What an automation has besides, of which nothing is declared."""


def apply_automations(*, reset: bool = False) -> Applied:
    """Bring the server's automations of our names in line with ours and return their names.

    One that somebody disabled stays disabled, one that they deleted stays deleted, and what they
    changed of one stays, until a reset.
    """
    outcome = Applied()
    with prefect_client() as client:
        before = read_applied(client, RECORD, AppliedObjects).objects
        after = {
            wanted.name: _apply(client, wanted, before.get(wanted.name), outcome, reset=reset)
            for wanted in automations(
                client.read_deployment_by_name(RECOVERY).id,
                client.read_deployment_by_name(SEALING).id,
            )
        }
        write_applied(client, RECORD, AppliedObjects(objects=after))
    return outcome


def _apply(
    client: SyncPrefectClient,
    wanted: AutomationCore,
    before: AppliedObject | None,
    outcome: Applied,
    *,
    reset: bool,
) -> AppliedObject:
    what = f"automation {wanted.name!r}"
    found = _find(client, wanted.name, before)
    outcome.names.append(wanted.name)
    if found is None and before is not None and not reset:
        outcome.changed.append(f"{what}: stays deleted")
        return before
    if found is None:
        found = client.read_automation(client.create_automation(wanted))
    if found is None:
        return AppliedObject()
    applied = before if before is not None and before.id == found.id else AppliedObject()
    declared, present = _fields(wanted), _fields(found)
    result = merge(declared, present, applied.fields, reset=reset)
    # Writing an automation drops what its trigger is counting: only when there is a reason.
    if result.changes:
        theirs = [field for field in (*_DECLARED, *_OTHERS) if field not in result.changes]
        enabled = result.changes.get("enabled", found.enabled)
        values = {field: getattr(found, field) for field in theirs} | {"enabled": enabled}
        client.update_automation(found.id, wanted.model_copy(update=values))
        found = client.read_automation(found.id) or found
    outcome.tell(what, result, reset=reset)
    return AppliedObject(
        id=found.id, fields=pairs(declared, _fields(found), applied.fields, result.kept)
    )


def _find(client: SyncPrefectClient, name: str, before: AppliedObject | None) -> Automation | None:
    """Return the automation that was applied last, else one of this name."""
    found = client.read_automations_by_name(name)
    ours = [one for one in found if before is not None and one.id == before.id]
    return next(iter([*ours, *found]), None)


def _fields(automation: AutomationCore) -> dict[str, Any]:
    # Not as JSON: there the events of a trigger, which are sets, have no certain order.
    return automation.model_dump(include={*_DECLARED}) | {"enabled": automation.enabled}
