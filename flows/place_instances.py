"""Create instances by what they need: in the best place, or in the next that has capacity."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.task_runners import ThreadPoolTaskRunner

from flows.provision_instances import WORKERS, provision
from skyclust.file_modes import keep_files_private
from skyclust.model.creation_forms import NeedsForm
from skyclust.orchestration.execution import current_run
from skyclust.orchestration.flow_parameters import parameters_of, run_name_of
from skyclust.orchestration.heartbeats import heartbeat


@flow(
    name="place-instances",
    flow_run_name=run_name_of(NeedsForm),
    task_runner=ThreadPoolTaskRunner(max_workers=WORKERS),  # type: ignore[arg-type]  # generic in the result
    persist_result=False,
    validate_parameters=False,
)
@parameters_of(NeedsForm)
def place_instances(form: NeedsForm) -> State[Any]:
    """Rank the places that the needs allow, then create the instances in the best of them.

    Where the best place has no capacity, the next one is tried. The run ends as one of
    `provision-instances` does. A dry run shows the ranking and creates nothing.
    """
    keep_files_private()
    with heartbeat(current_run()):
        return provision(form.request)
