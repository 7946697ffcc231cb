"""What an illegal change means: try again, or act first."""

from __future__ import annotations

import pytest

from providers.aws.compute import must_stop_to_resize, refusal
from skyclust.errors import Conflict, InvalidRequest, SkyClustError
from skyclust.model.instance import Instance, InstanceState


def machine(state: InstanceState) -> Instance:
    return Instance(
        provider="aws",
        region="eu-west-1",
        id="i-1",
        unique_id="i-1",
        name="web",
        state=state,
        native_state=state.value,
        type="t3.small",
    )


@pytest.mark.parametrize(
    ("state", "needed", "expected"),
    [
        (InstanceState.PENDING, InstanceState.RUNNING, Conflict),
        (InstanceState.STOPPING, InstanceState.STOPPED, Conflict),
        (InstanceState.UPDATING, InstanceState.STOPPED, Conflict),
        # By the time of our look it got into the state that EC2 missed.
        (InstanceState.STOPPED, InstanceState.STOPPED, Conflict),
        (InstanceState.RUNNING, InstanceState.STOPPED, InvalidRequest),
        (InstanceState.STOPPED, InstanceState.RUNNING, InvalidRequest),
        (InstanceState.DELETING, InstanceState.RUNNING, InvalidRequest),
        (InstanceState.DELETED, InstanceState.STOPPED, InvalidRequest),
    ],
)
def test_a_refused_change_is_worth_a_repetition_only_while_the_state_passes(
    state: InstanceState, needed: InstanceState, expected: type[SkyClustError]
) -> None:
    error = refusal(machine(state), "resize", needed)
    assert type(error) is expected
    assert "resize instance i-1 in eu-west-1" in str(error)
    assert state.value in str(error)


def test_only_a_stopped_machine_is_resized_as_it_is() -> None:
    assert must_stop_to_resize(machine(InstanceState.RUNNING), "t3.large")
    assert must_stop_to_resize(machine(InstanceState.STOPPING), "t3.large")
    assert not must_stop_to_resize(machine(InstanceState.STOPPED), "t3.large")
    assert not must_stop_to_resize(machine(InstanceState.RUNNING), "t3.small")
