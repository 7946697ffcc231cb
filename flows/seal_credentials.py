"""Seal the secrets of credential blocks that were made or edited by hand."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from skyclust.file_modes import keep_files_private
from skyclust.model.request import SealRequest
from skyclust.orchestration.flow_parameters import parameters_of, run_name_of
from skyclust.orchestration.partial_runs import ended, partial_state
from skyclust.orchestration.run_views import IN_VIEW
from skyclust.orchestration.runs import tag_this_run
from skyclust.orchestration.superseded_runs import supersede_waiting_runs
from tasks.sealing import seal_blocks


@flow(
    name="seal-credentials",
    flow_run_name=run_name_of(SealRequest),
    persist_result=False,
    validate_parameters=False,
)
@parameters_of(SealRequest)
def seal_credentials(request: SealRequest) -> State[Any]:
    """Seal every credential block whose secrets are plain, and register new ones.

    A block that cannot be sealed does not stop the others; the run's message names it.
    """
    keep_files_private()
    supersede_waiting_runs()
    walk = seal_blocks(request.workspace)
    if walk.sealed or walk.problems:
        tag_this_run({IN_VIEW})
    sealed = f"Sealed: {', '.join(walk.sealed)}." if walk.sealed else "No block had to be sealed."
    if not walk.problems:
        return ended(Completed(message=sealed))
    message = " ".join([sealed, *walk.problems])
    return ended(partial_state(message) if walk.sealed else Failed(message=message))
