"""The errors of changes that the state of an instance does not allow."""

from __future__ import annotations

import pytest

from providers.aws.compute import AwsCompute
from providers.aws.state_errors import state_error
from skyclust.errors import Conflict, InvalidRequest, SkyClustError
from skyclust.model.instance import Instance, InstanceState


def instance(state: InstanceState) -> Instance:
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
    ("state", "required", "expected"),
    [
        (InstanceState.PENDING, InstanceState.RUNNING, Conflict),
        (InstanceState.STOPPING, InstanceState.STOPPED, Conflict),
        (InstanceState.UPDATING, InstanceState.STOPPED, Conflict),
        # The instance reached the required state after EC2 refused the change.
        (InstanceState.STOPPED, InstanceState.STOPPED, Conflict),
        (InstanceState.RUNNING, InstanceState.STOPPED, InvalidRequest),
        (InstanceState.STOPPED, InstanceState.RUNNING, InvalidRequest),
        (InstanceState.DELETING, InstanceState.RUNNING, InvalidRequest),
        (InstanceState.DELETED, InstanceState.STOPPED, InvalidRequest),
    ],
)
def test_a_refused_change_is_retried_only_while_the_state_is_transitional(
    state: InstanceState, required: InstanceState, expected: type[SkyClustError]
) -> None:
    error = state_error(instance(state), "resize", required)
    assert type(error) is expected
    assert "resize instance i-1 in eu-west-1" in str(error)
    assert state.value in str(error)


@pytest.mark.parametrize(
    ("state", "instance_type", "expected"),
    [
        (InstanceState.RUNNING, "t3.large", True),
        (InstanceState.STOPPING, "t3.large", True),
        (InstanceState.STOPPED, "t3.large", False),
        (InstanceState.RUNNING, "t3.small", False),
    ],
)
def test_an_instance_is_stopped_to_get_another_type(
    state: InstanceState, instance_type: str, expected: bool
) -> None:
    assert AwsCompute().must_stop_to_resize(instance(state), instance_type) is expected
