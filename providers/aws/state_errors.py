"""The error for a change that the state of an instance does not allow.

EC2 refuses such a change with one code, IncorrectInstanceState. Whether to try again depends on
the state: Conflict while the instance is changing to another state, InvalidRequest when it would
have to be started or stopped first.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from providers.aws.instances import get_instance
from providers.aws.regions import regional_errors
from skyclust.errors import Conflict, InvalidRequest, SkyClustError
from skyclust.model.instance import Instance, InstanceState

if TYPE_CHECKING:
    from providers.aws.client import AwsClients

_TRANSITIONAL: Final = frozenset(
    {InstanceState.PENDING, InstanceState.STOPPING, InstanceState.UPDATING}
)


def state_error(instance: Instance, change: str, required: InstanceState) -> SkyClustError:
    """Return the error for a change that requires another state than the instance has.

    `change` completes "Could not ... instance".
    """
    message = (
        f"Could not {change} instance {instance.id} in {instance.region}:"
        f" it is {instance.native_state}"
    )
    if instance.state in _TRANSITIONAL or instance.state is required:
        # The required state: the instance has it now, but did not when EC2 refused the change.
        return Conflict(f"{message} just now.", provider="aws", code="IncorrectInstanceState")
    return InvalidRequest(
        f"{message}.",
        hint=f"An instance has to be {required} for this.",
        provider="aws",
        code="IncorrectInstanceState",
    )


@contextmanager
def changing(
    clients: AwsClients, region: str, instance_id: str, change: str, required: InstanceState
) -> Iterator[None]:
    """Raise errors of a call that changes an instance as errors of our tree.

    IncorrectInstanceState becomes the `state_error` of the state that the instance has now.
    """
    try:
        with regional_errors(clients, region, f"{change} instance {instance_id} in {region}"):
            yield
    except Conflict as error:
        if error.code != "IncorrectInstanceState":
            raise
        instance = get_instance(clients, region, instance_id)
        raise state_error(instance, change, required) from error
