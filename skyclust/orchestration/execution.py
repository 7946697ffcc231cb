"""The execution of the flow run that this process works on."""

from __future__ import annotations

from functools import partial

from prefect import get_run_logger
from prefect.runtime import flow_run

from skyclust.operations.execution import Execution
from skyclust.orchestration.actor import current_actor
from skyclust.orchestration.credentials import open_provider
from skyclust.orchestration.limits import credential_slot
from skyclust.orchestration.requester import current_requester
from skyclust.store.engine import open_store


def current_run() -> str:
    """Return the id of the flow run that this is called in."""
    return str(flow_run.id)


def current_run_name() -> str:
    """Return the name of the flow run that this is called in, for people."""
    return str(flow_run.name)


def current_execution() -> Execution:
    """Return what operations need of the flow run that this is called in."""
    store = open_store()
    return Execution(
        store=store,
        run_id=current_run(),
        actor=current_actor(),
        requested_by=current_requester(),
        open_provider=partial(open_provider, store),
        slot=credential_slot,
        log=get_run_logger(),
    )
