"""Creating, starting, stopping, rebooting, resizing and deleting EC2 instances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from providers.aws import creation, instances, leftovers
from providers.aws.regions import regional_errors
from providers.aws.state_errors import changing, state_error
from skyclust.contract import ComputeProvider
from skyclust.errors import NotFound, Unsupported
from skyclust.model.instance import Instance, InstanceReference, InstanceSpec, InstanceState

if TYPE_CHECKING:
    from providers.aws.client import AwsClients


class AwsCompute(ComputeProvider):
    """EC2 instances."""

    _clients: AwsClients

    keeps_capacity: ClassVar[bool] = False

    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        """Create one instance, or return the instance created earlier with the same token.

        Raises Timeout when EC2 accepts the instance but does not list it in time.
        """
        return creation.create_instance(self._clients, spec, token)

    def find_instances(self, region: str, token: str) -> Sequence[Instance]:
        """Return the instances created with this token that are not terminated.

        EC2 may take seconds to list a new instance: an empty list right after a create call
        whose reply was lost does not prove that there is no instance. Creating again with the
        token does.
        """
        client_token = creation.to_client_token(token)
        return instances.find_instances(self._clients, region, client_token)

    def get_instance(self, region: str, instance_id: str) -> Instance:
        """Return the instance as it is now; EC2 reports a terminated one for about an hour."""
        return instances.get_instance(self._clients, region, instance_id)

    def start_instance(self, instance: InstanceReference) -> None:
        """Request a start and return; EC2 ignores the request when the instance runs already."""
        region, instance_id = instance.region, instance.id
        with changing(self._clients, region, instance_id, "start", InstanceState.STOPPED):
            self._clients.ec2(region).start_instances(InstanceIds=[instance_id])

    def stop_instance(self, instance: InstanceReference, *, power_off_only: bool = False) -> None:
        """Request a stop and return; EC2 ignores the request when the instance is stopped.

        A stopped instance is not billed. Raises Unsupported for `power_off_only`: every stop
        on EC2 releases the instance's capacity.
        """
        if power_off_only:
            raise Unsupported("EC2 has no stop that keeps the place.", provider="aws")
        region, instance_id = instance.region, instance.id
        with changing(self._clients, region, instance_id, "stop", InstanceState.RUNNING):
            self._clients.ec2(region).stop_instances(InstanceIds=[instance_id])

    def reboot_instance(self, instance: InstanceReference) -> None:
        """Request a reboot of a running instance, in one request that is never repeated.

        The state is read first, because EC2 ignores a reboot of a terminated instance
        (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RebootInstances.html).
        """
        region, instance_id = instance.region, instance.id
        current = instances.get_instance(self._clients, region, instance_id)
        if current.state is not InstanceState.RUNNING:
            raise state_error(current, "reboot", InstanceState.RUNNING)
        with changing(self._clients, region, instance_id, "reboot", InstanceState.RUNNING):
            self._clients.ec2_once(region).reboot_instances(InstanceIds=[instance_id])

    def must_stop_to_resize(self, instance: Instance, instance_type: str) -> bool:
        """Return whether the instance has to be stopped first: EC2 resizes stopped ones only."""
        return instance.type != instance_type and instance.state is not InstanceState.STOPPED

    def resize_instance(self, instance: InstanceReference, instance_type: str) -> None:
        """Change the type of a stopped instance; does nothing when it has the type already."""
        region, instance_id = instance.region, instance.id
        current = instances.get_instance(self._clients, region, instance_id)
        if current.type == instance_type and current.state is not InstanceState.DELETED:
            return
        if current.state is not InstanceState.STOPPED:
            raise state_error(current, "resize", InstanceState.STOPPED)
        with changing(self._clients, region, instance_id, "resize", InstanceState.STOPPED):
            self._clients.ec2(region).modify_instance_attribute(
                InstanceId=instance_id, InstanceType={"Value": instance_type}
            )

    def delete_instance(self, instance: InstanceReference) -> None:
        """Request the termination of an instance; EC2 deletes the disks created with it.

        An instance that does not exist is no error.
        """
        region, instance_id = instance.region, instance.id
        try:
            with regional_errors(
                self._clients, region, f"delete instance {instance_id} in {region}"
            ):
                self._clients.ec2(region).terminate_instances(InstanceIds=[instance_id])
        except NotFound as error:
            # A malformed id has never been the id of an instance: that is the caller's mistake.
            if error.code != "InvalidInstanceID.NotFound":
                raise

    def remove_leftovers(self, instance: InstanceReference) -> None:
        """Delete the volumes of an interrupted restore; EC2 removes everything else itself."""
        leftovers.remove_leftovers(self._clients, instance.region, instance.id)
