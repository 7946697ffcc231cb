"""Creating, finding, starting, stopping, rebooting, resizing and deleting instances.

The state of an instance is read before a change: the replies of Compute Engine to a change that
the state does not allow differ from method to method.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from providers.gcp import creation, fields
from providers.gcp.instance_requests import instance_parameters
from providers.gcp.instances import (
    fetch_by_token,
    fetch_instance,
    fetch_same_instance,
    numeric_id_of,
    state_of,
    status_of,
    to_instance,
    zone_of,
)
from providers.gcp.leftovers import delete_restore_disks
from providers.gcp.links import last_segment_in, parse_instance_id
from providers.gcp.operations import (
    START_SECONDS,
    poll_operation,
    submit,
    submit_once,
    wait_until_done,
)
from providers.gcp.state_errors import state_error
from skyclust.contract import ComputeProvider
from skyclust.errors import Conflict, InvalidRequest, NotFound, Unsupported
from skyclust.model.instance import Instance, InstanceReference, InstanceSpec, InstanceState
from skyclust.providerkit.same_instance import require_same_instance

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients, JsonObject


class GcpCompute(ComputeProvider):
    """Instances of Compute Engine."""

    _clients: GcpClients

    keeps_capacity: ClassVar[bool] = False

    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        """Create an instance, or find the instance that was created with the token; return it.

        Raises CapacityExhausted or QuotaExceeded when Google has no room for it, and Timeout
        when that is not known within a minute; a repeated call continues.
        """
        return creation.create_instance(self._clients, spec, token)

    def find_instances(self, region: str, token: str) -> Sequence[Instance]:
        """Return the existing instances of a region that were created with the token."""
        return [to_instance(region, vm) for vm in fetch_by_token(self._clients, region, token)]

    def get_instance(self, region: str, instance_id: str) -> Instance:
        """Return the current state of an instance; a deleted instance raises NotFound at once."""
        return to_instance(region, fetch_instance(self._clients, region, instance_id))

    def start_instance(self, instance: InstanceReference) -> None:
        """Start a stopped instance or resume a suspended one; do nothing for a running one.

        The operation is watched for some seconds, because Google may have no capacity for it.
        """
        vm = fetch_same_instance(self._clients, instance)
        state = state_of(vm)
        doing = f"start instance {instance.id} in {instance.region}"
        client = self._clients.instances()
        if state in {InstanceState.RUNNING, InstanceState.PENDING}:
            return
        if status_of(vm) == "SUSPENDED":
            method = client.resume_unary
        elif state is InstanceState.STOPPED:
            method = client.start_unary
        else:
            raise state_error(instance.region, vm, "start", InstanceState.STOPPED)
        operation = submit(method, instance_parameters(self._clients, vm), doing)
        poll_operation(self._clients, operation, doing, START_SECONDS)

    def stop_instance(self, instance: InstanceReference, *, power_off_only: bool = False) -> None:
        """Request a stop; do nothing for an instance that is stopped or stopping.

        A stopped instance is billed only for its disks and static addresses. Raises Unsupported
        for `power_off_only`: every stop releases the capacity.
        """
        if power_off_only:
            raise Unsupported("Compute Engine has no stop that keeps the place.", provider="gcp")
        vm = fetch_same_instance(self._clients, instance)
        if state_of(vm) in {InstanceState.STOPPED, InstanceState.STOPPING}:
            return
        if state_of(vm) is not InstanceState.RUNNING:
            raise state_error(instance.region, vm, "stop", InstanceState.RUNNING)
        doing = f"stop instance {instance.id} in {instance.region}"
        submit(self._clients.instances().stop_unary, instance_parameters(self._clients, vm), doing)

    def reboot_instance(self, instance: InstanceReference) -> None:
        """Reset a running instance with one request: Compute Engine has only a hard reboot."""
        vm = fetch_same_instance(self._clients, instance)
        if state_of(vm) is not InstanceState.RUNNING:
            raise state_error(instance.region, vm, "reboot", InstanceState.RUNNING)
        doing = f"reboot instance {instance.id} in {instance.region}"
        parameters = instance_parameters(self._clients, vm)
        submit_once(self._clients.instances().reset_unary, parameters, doing)

    def must_stop_to_resize(self, instance: Instance, instance_type: str) -> bool:
        """Return whether the instance has to be stopped first: only stopped ones are resized.

        https://cloud.google.com/compute/docs/instances/changing-machine-type-of-stopped-instance
        """
        return instance.type != instance_type and instance.state is not InstanceState.STOPPED

    def resize_instance(self, instance: InstanceReference, instance_type: str) -> None:
        """Change the machine type of a stopped instance; do nothing when it has the type."""
        vm = fetch_same_instance(self._clients, instance)
        if last_segment_in(vm, "machineType") == instance_type:
            return
        if state_of(vm) is not InstanceState.STOPPED:
            raise state_error(instance.region, vm, "resize", InstanceState.STOPPED)
        doing = f"resize instance {instance.id} in {instance.region} to {instance_type}"
        body = {"machine_type": f"zones/{zone_of(vm)}/machineTypes/{instance_type}"}
        operation = submit(
            self._clients.instances().set_machine_type_unary,
            {
                **instance_parameters(self._clients, vm),
                "instances_set_machine_type_request_resource": body,
            },
            doing,
        )
        wait_until_done(self._clients, operation, doing)

    def delete_instance(self, instance: InstanceReference) -> None:
        """Request the deletion of an instance and its disks; a deleted instance is no error.

        The disks that were created with it have `autoDelete`. The disks that an interrupted
        restore left detached are deleted here.
        """
        vm = self._fetch_or_none(instance)
        if vm is not None:
            require_same_instance(instance, numeric_id_of(vm), provider="gcp")
            self._delete(instance, vm)
        self._delete_restore_disks(instance)

    def remove_leftovers(self, instance: InstanceReference) -> None:
        """Delete the detached disks that a restore left of a deleted instance.

        Does nothing while the instance exists: its restore may still be in progress.
        """
        if self._fetch_or_none(instance) is None:
            self._delete_restore_disks(instance)

    def _fetch_or_none(self, instance: InstanceReference) -> JsonObject | None:
        try:
            return fetch_instance(self._clients, instance.region, instance.id)
        except NotFound:
            return None

    def _delete(self, instance: InstanceReference, vm: JsonObject) -> None:
        if fields.flag(vm, "deletionProtection"):
            raise InvalidRequest(
                f"Instance {instance.id} in {instance.region} is protected against deletion.",
                hint="Switch its deletion protection off first.",
                provider="gcp",
            )
        doing = f"delete instance {instance.id} in {instance.region}"
        parameters = instance_parameters(self._clients, vm)
        try:
            submit(self._clients.instances().delete_unary, parameters, doing)
        except NotFound:
            return
        except Conflict:
            # An instance that is being deleted refuses a second delete; its status is STOPPING.
            if state_of(vm) is not InstanceState.STOPPING:
                raise

    def _delete_restore_disks(self, instance: InstanceReference) -> None:
        zone, _, number = parse_instance_id(instance.region, instance.id)
        if number == instance.unique_id:
            delete_restore_disks(self._clients, zone, number)
