"""How a run ends that did a part of what was requested: as a failure, by name and tag of its own.

The type is FAILED, for the dashboard counts and colours by type. The name is Partial, which
programs and people read. The tag lets the lists of runs, which know no such name, be filtered by
it (docs/decisions/0033-partial-is-a-failure-of-its-own-name.md).
"""

from __future__ import annotations

from typing import Any, Final

from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.states import Failed

from skyclust.orchestration.runs import PARTIAL, tag_this_run

PARTIAL_TAG: Final = "partial"
"""The tag of a run that ended as Partial, and of no other: Prefect repeats a run's tags in each of
its events, so that the frequent runs carry as few as they can."""


def partial_state(message: str) -> State[Any]:
    """Return the state of a run that did a part of what was requested."""
    return Failed(name=PARTIAL, message=message)


def ended(state: State[Any]) -> State[Any]:
    """Return the state that this run ends in, once its tags say whether that is Partial.

    A run that was retried, and is complete now, loses the tag of its first attempt.
    """
    context = FlowRunContext.get()
    run = context.flow_run if context is not None else None
    if state.name == PARTIAL:
        tag_this_run({PARTIAL_TAG})
    elif run is not None and PARTIAL_TAG in run.tags:
        tag_this_run((), without={PARTIAL_TAG})
    return state
