"""Starting flow runs and following them: through a deployment, or in this process."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.context import FlowRunContext
from prefect.exceptions import ObjectNotFound, ParameterTypeError
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.settings import PREFECT_API_URL, PREFECT_UI_URL
from prefect.states import Cancelled

from skyclust.errors import ConfigurationError, InvalidRequest, NotFound, Timeout
from skyclust.orchestration.client import prefect_client, server_errors
from skyclust.orchestration.crash_message import message_of
from skyclust.orchestration.flow_parameters import form_of
from skyclust.orchestration.parameter_checks import check_parameters
from skyclust.orchestration.requester import request_labels
from skyclust.orchestration.results import Progress, progress_of, tables_of

ENTRYPOINTS: Final = {
    "sync-inventory": "flows.sync_inventory.sync_inventory",
    "collect-costs": "flows.collect_costs.collect_costs",
    "check-budgets": "flows.check_budgets.check_budgets",
    "report-costs": "flows.report_costs.report_costs",
    "provision-instances": "flows.provision_instances.provision_instances",
    "place-instances": "flows.place_instances.place_instances",
    "change-instance": "flows.change_instance.change_instance",
    "delete-resource": "flows.delete_resource.delete_resource",
    "recover-operations": "flows.recover_operations.recover_operations",
    "seal-credentials": "flows.seal_credentials.seal_credentials",
}
"""Where each flow's code is, as prefect.yaml has it."""

POLL_SECONDS: Final = 0.5

PROGRESS_SECONDS: Final = 2.0
"""Between two looks at how far a run is; its state is looked at more often."""

PARTIAL: Final = "Partial"
"""Name of the state of a run that did a part of what was requested."""


@dataclass(frozen=True)
class RunUpdate:
    """How far a flow run is; `progress` is None while there is nothing to count.

    `created_at` is when it was triggered, and `due_at` when it was to begin.
    """

    run_id: str
    name: str
    state_type: str
    state_name: str
    message: str
    progress: Progress | None
    created_at: datetime | None = None
    due_at: datetime | None = None


@dataclass(frozen=True)
class RunOutcome:
    """How a flow run ended; `tables` holds the rows of its table artifacts by their key.

    `left_out` says how many rows a table leaves out, by the same key, where it does. A run that
    never `began` has done nothing.
    """

    run_id: str
    name: str
    state_type: str
    state_name: str
    message: str
    url: str
    began: bool = True
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)

    @property
    def succeeded(self) -> bool:
        """Return whether everything that was requested was done."""
        return self.state_type == StateType.COMPLETED.value and not self.partial

    @property
    def partial(self) -> bool:
        """Return whether some was done, but not all."""
        return self.state_name == PARTIAL


def trigger(
    deployment: str,
    parameters: Mapping[str, Any],
    *,
    name: str | None = None,
    tags: Iterable[str] = (),
    idempotency_key: str | None = None,
) -> str:
    """Start a run of a deployment (`flow/deployment`) and return the flow run's id.

    `name` is the run's title until the flow begins and names it; Prefect makes one up otherwise.

    Raises NotFound when there is no such deployment, InvalidRequest when the parameters do
    not fit its form (Prefect itself takes unknown ones and crashes later), and the errors of
    `prefect_client` when the server does not answer.
    """
    with prefect_client() as client:
        found = _read_deployment(client, deployment)
        check_parameters(deployment, found.parameter_openapi_schema or {}, parameters)
        run = client.create_flow_run_from_deployment(
            found.id,
            parameters=dict(parameters),
            name=name,
            tags=sorted(tags),
            idempotency_key=idempotency_key,
            labels=dict(request_labels()),
        )
    return str(run.id)


def idempotency_key(deployment: str, parameters: Mapping[str, Any], *, nonce: str = "") -> str:
    """Return a key that is the same for the same request, and another for any other.

    Prefect answers a repeated key with the first run even when the parameters differ, so the
    key has to carry them. `nonce` tells apart requests that are alike on purpose.
    """
    canonical = json.dumps([deployment, dict(parameters), nonce], sort_keys=True, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def follow(
    run_id: str, *, on_update: Callable[[RunUpdate], None], timeout: float | None = None
) -> RunOutcome:
    """Watch a flow run to its end and return how it ended.

    `on_update` is called at each look, every POLL_SECONDS, whether or not something changed.
    Raises Timeout after `timeout` seconds, which leaves the run as it is, and NotFound when there
    is no such run.
    """
    end = None if timeout is None else time.monotonic() + timeout
    progress: Progress | None = None
    look_at = 0.0
    with prefect_client() as client:
        while True:
            run = read_run(client, run_id)
            if time.monotonic() >= look_at:
                progress = progress_of(client, run)
                look_at = time.monotonic() + PROGRESS_SECONDS
            update = update_of(run, progress)
            on_update(update)
            if run.state is not None and run.state.is_final():
                return outcome_of(client, run)
            if end is not None and time.monotonic() >= end:
                raise Timeout(
                    f"Flow run {run.name!r} is still {update.state_name} after {timeout:.0f} s.",
                    hint=f"It goes on: {run_url(run_id)}",
                )
            time.sleep(POLL_SECONDS)


def run_here(flow_name: str, parameters: Mapping[str, Any]) -> RunOutcome:
    """Run a flow in this process, loaded as a worker would load it; return how it ended.

    Raises NotFound for an unknown flow and InvalidRequest for parameters that do not fit.
    """
    entrypoint = ENTRYPOINTS.get(flow_name)
    if entrypoint is None:
        raise NotFound(f"There is no flow {flow_name!r}.", hint=f"Flows: {', '.join(ENTRYPOINTS)}.")
    with prefect_client() as client:
        client.hello()
    flow: Flow[..., Any] = load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False)
    check_parameters(flow_name, form_of(flow), parameters)
    try:
        with server_errors():
            state = cast(State[Any], flow(**parameters, return_state=True))
    except ParameterTypeError as error:
        raise InvalidRequest(f"Flow {flow_name!r} refuses its parameters: {error}") from error
    with prefect_client() as client:
        return outcome_of(client, read_run(client, str(state.state_details.flow_run_id)))


def run_url(run_id: str) -> str:
    """Return the address of a flow run in the Prefect UI, the one that its start page opens."""
    ui = PREFECT_UI_URL.value() or (PREFECT_API_URL.value() or "").removesuffix("/api")
    return f"{ui}/v2/runs/flow-run/{run_id}"


def tag_this_run(tags: Iterable[str], *, without: Collection[str] = ()) -> None:
    """Add tags to the flow run that this is called in, and remove those in `without`."""
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        raise ConfigurationError("Only a flow run can be tagged, and this is none.")
    with prefect_client() as client:
        # The context has the tags of the run's start; others were added since.
        tagged = {*client.read_flow_run(context.flow_run.id).tags, *tags}
        client.update_flow_run(context.flow_run.id, tags=sorted(tagged.difference(without)))


def report_end_of_cancelled(run_id: str, message: str) -> None:
    """Set the message of a cancelled run's state to how its operations ended.

    A run that was started again meanwhile, or that Prefect no longer has, is not changed.
    """
    with prefect_client() as client, suppress(ObjectNotFound):
        state = client.read_flow_run(UUID(run_id)).state
        if state is None or state.type is StateType.CANCELLING or state.is_final():
            client.set_flow_run_state(UUID(run_id), Cancelled(message=message), force=True)


def _read_deployment(client: SyncPrefectClient, name: str) -> DeploymentResponse:
    try:
        return client.read_deployment_by_name(name)
    except ObjectNotFound as error:
        raise NotFound(
            f"The Prefect server has no deployment {name!r}.",
            hint="Apply the deployments: `python -m deployments.bootstrap`.",
        ) from error


def read_run(client: SyncPrefectClient, run_id: str) -> FlowRun:
    """Return a flow run; raises NotFound when there is none, and for what is no id."""
    try:
        return client.read_flow_run(UUID(run_id))
    except (ObjectNotFound, ValueError) as error:
        raise NotFound(f"The Prefect server has no flow run {run_id!r}.") from error


def update_of(run: FlowRun, progress: Progress | None) -> RunUpdate:
    """Return how far a run is."""
    state = run.state
    return RunUpdate(
        run_id=str(run.id),
        name=run.name,
        state_type=state.type.value if state else "",
        state_name=(state.name or "") if state else "",
        message=(state.message or "") if state else "",
        progress=progress if state is not None and state.is_running() else None,
        created_at=run.created,
        due_at=run.expected_start_time,
    )


def outcome_of(client: SyncPrefectClient, run: FlowRun) -> RunOutcome:
    """Return how a run that has ended did, with its tables."""
    state = run.state
    if state is None:
        raise NotFound(f"Flow run {run.id} has no state.")
    tables = tables_of(client, run)
    return RunOutcome(
        run_id=str(run.id),
        name=run.name,
        state_type=state.type.value,
        state_name=state.name or "",
        message=message_of(state, began=run.run_count > 0),
        began=run.run_count > 0,
        url=run_url(str(run.id)),
        tables={key: table.rows for key, table in tables.items()},
        left_out={key: table.left_out for key, table in tables.items() if table.left_out},
    )
