"""Who requested a flow run: a person, a schedule, an automation or another system.

The command line and the API put the requester's name on the run as a label. Whoever can use
Prefect's own API can set this label too: Prefect's auth string gives all of its access.
"""

from __future__ import annotations

from typing import Final

from prefect.context import FlowRunContext

from skyclust.orchestration.actor import current_actor, process_user

REQUESTED_BY: Final = "skyclust.requested-by"
"""The label of a flow run that names its requester."""

UNNAMED: Final = "prefect"
"""The requester of a run that somebody started in the Prefect UI or by its API: it keeps no
names."""


def request_labels() -> dict[str, str]:
    """Return the label that makes whoever runs this process the requester of a new run."""
    return {REQUESTED_BY: current_actor()}


def current_requester() -> str:
    """Return who requested the flow run that this is called in, for example `user:1000`.

    `schedule` or `automation` when Prefect started it by itself, `prefect` when Prefect does not
    know who did, and the user of this process for a run in the process itself.
    """
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    if run is None:
        return current_actor()
    label = run.labels.get(REQUESTED_BY)
    if label:
        return str(label)
    if run.auto_scheduled:
        return "schedule"
    if run.created_by is not None and run.created_by.type:
        name = run.created_by.display_value or run.created_by.id
        kind = run.created_by.type.lower()
        return f"{kind}:{name}" if name else kind
    return process_user() if run.deployment_id is None else UNNAMED
