"""Creating, starting, stopping, rebooting, resizing and deleting VMs.

A change is requested and not awaited: its outcome is read from the VM. Azure identifies a VM in
a request by its name alone, so the VM is read before each change and its vmId is compared. A
resize is conditional on the VM as it was read (`If-Match`); for the other changes Azure has no
condition.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from providers.azure import api_versions, creation, leftovers, write_requests
from providers.azure.errors import azure_errors
from providers.azure.fields import text
from providers.azure.instances import (
    EXPANDED,
    VIRTUAL_MACHINES,
    find_same_vm,
    read_addresses,
    read_same_vm,
    read_vm,
    size_of,
    state_of,
    to_instance,
    vm_id,
)
from providers.azure.interfaces import read_network_index, read_unless_deleted
from providers.azure.replaced_disks import delete_unattached_disks
from providers.azure.resources import id_of, location_of, tags_of
from providers.azure.state_errors import state_error
from providers.azure.states import VmState
from providers.azure.tags import TOKEN_TAG, to_tag
from skyclust.contract import ComputeProvider
from skyclust.errors import NotFound, Timeout
from skyclust.model.instance import Instance, InstanceReference, InstanceSpec, InstanceState
from skyclust.providerkit.polling import polls
from skyclust.providerkit.timeouts import WAIT_SECONDS

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document

_OFF: Final = frozenset({"stopping", "stopped", "deallocating", "deallocated"})
_UNSETTLED: Final = frozenset({InstanceState.ERROR, InstanceState.SUSPENDED})
"""States in which a VM may be deallocated without being stopped as a stop leaves it."""


class AzureCompute(ComputeProvider):
    """Creates, changes and deletes VMs (Microsoft.Compute/virtualMachines)."""

    _clients: AzureClients

    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        """Create a VM, or return the VM that the same spec and token already created."""
        return creation.create_instance(self._clients, spec, token)

    def find_instances(self, region: str, token: str) -> Sequence[Instance]:
        """Return the VMs of the region that have the token's tag.

        All resource groups are searched, because the credential may name another group by now.
        """
        tag, instances = to_tag(token), []
        with azure_errors(f"look for the instance with token {tag} in {region}"):
            path = self._clients.subscription + VIRTUAL_MACHINES
            for listed in self._clients.list_all(path, api_versions.COMPUTE):
                if tags_of(listed).get(TOKEN_TAG) != tag or location_of(listed) != region:
                    continue
                vm = read_unless_deleted(
                    self._clients, id_of(listed), api_versions.COMPUTE, **EXPANDED
                )
                if vm is not None:
                    instances.append(to_instance(vm, read_network_index(self._clients, vm)))
        return instances

    def get_instance(self, region: str, instance_id: str) -> Instance:
        """Return a VM as it is now; raises NotFound if Azure has none with the id."""
        return read_addresses(self._clients, read_vm(self._clients, region, instance_id))

    def start_instance(self, instance: InstanceReference) -> None:
        """Request a start; a VM that is running or starting is left unchanged."""
        vm, state = self._read_changeable(instance, "start")
        if state.state is InstanceState.RUNNING or state.power == "starting":
            return
        with azure_errors(_doing("start", instance)):
            write_requests.start(self._clients, vm)

    def stop_instance(self, instance: InstanceReference, *, power_off_only: bool = False) -> None:
        """Request a stop: the VM is deallocated, or only powered off.

        A VM that is only powered off is billed as if it were running. A VM that is deallocated,
        and whose last change did not fail, is left unchanged. A hibernated VM is stopped too,
        and the content of its memory is lost.
        """
        vm, state = self._read_changeable(instance, "stop")
        off = _OFF if power_off_only else _OFF - {"stopping", "stopped"}
        if state.power in off and state.state not in _UNSETTLED:
            return
        with azure_errors(_doing("stop", instance)):
            if power_off_only:
                write_requests.power_off(self._clients, vm)
            else:
                write_requests.deallocate(self._clients, vm)

    def reboot_instance(self, instance: InstanceReference) -> None:
        """Request a reboot of a running VM, once and without retries."""
        vm, state = self._read_changeable(instance, "reboot")
        if state.state is not InstanceState.RUNNING:
            raise state_error(instance, state, "reboot", "It has to run for this.")
        with azure_errors(_doing("reboot", instance)):
            write_requests.restart(self._clients, vm)

    def must_stop_to_resize(self, instance: Instance, instance_type: str) -> bool:
        """Return whether the VM has to be deallocated before it is resized.

        If the hardware that the VM runs on offers the size, Azure resizes with a reboot instead.
        Source: https://learn.microsoft.com/en-us/rest/api/compute/virtual-machines/list-available-sizes
        """
        if _is_same_size(instance.type, instance_type):
            return False
        if instance.attributes.get("billed") is False:
            return instance.state is InstanceState.SUSPENDED
        resource_id = vm_id(self._clients, instance.region, instance.id)
        with azure_errors(f"list the sizes that instance {instance.id} can have as it runs"):
            sizes = self._clients.list_all(f"{resource_id}/vmSizes", api_versions.COMPUTE)
        return not any(_is_same_size(text(size, "name"), instance_type) for size in sizes)

    def resize_instance(self, instance: InstanceReference, instance_type: str) -> None:
        """Change the size of a VM; Azure reboots a VM that is running.

        A VM that already has the size is left unchanged. A VM that is off has the new size when
        this returns, and can be started. This includes a VM that failed to start because Azure
        lacks capacity for its present size.
        """
        vm, state = self._read_changeable(instance, "resize")
        if _is_same_size(size_of(vm), instance_type):
            return
        if state.state is InstanceState.SUSPENDED:
            hint = "Stop it first: the content of its memory cannot move to another size."
            raise state_error(instance, state, "resize", hint)
        with azure_errors(_doing("resize", instance)):
            size = {"hardwareProfile": {"vmSize": instance_type}}
            write_requests.update_vm(self._clients, vm, size)
        if state.power not in {"stopped", "deallocated"}:
            return
        for _ in polls(WAIT_SECONDS):
            vm = read_same_vm(self._clients, instance)
            if state_of(vm).state is not InstanceState.UPDATING:
                return
        raise Timeout(
            f"Instance {instance.id} in {instance.region} is still being resized after"
            f" {WAIT_SECONDS:.0f} s.",
            provider="azure",
        )

    def delete_instance(self, instance: InstanceReference) -> None:
        """Request the deletion of a VM and of the resources that were created for it.

        Azure deletes the interface, public address and disks together with the VM. Before that,
        they are tagged with the VM's vmId, so that `remove_leftovers` can find those that Azure
        fails to delete, and the unattached disks of an interrupted restore are deleted. A VM
        that does not exist is no error; raises NotFound if another VM has its name by now.
        """
        vm = find_same_vm(self._clients, instance)
        if vm is None or state_of(vm).state is InstanceState.DELETING:
            return
        leftovers.tag_network_resources(self._clients, vm)
        delete_unattached_disks(self._clients, vm)
        try:
            with azure_errors(_doing("delete", instance)):
                write_requests.delete_vm(self._clients, vm)
        except NotFound:
            return

    def remove_leftovers(self, instance: InstanceReference) -> None:
        """Delete unused resources that are tagged with the vmId of a VM that is gone.

        Nothing is deleted while the VM exists.
        """
        try:
            if find_same_vm(self._clients, instance) is not None:
                return
        except NotFound:
            pass  # another VM has its name
        group = vm_id(self._clients, instance.region, instance.id).group
        leftovers.delete_leftovers(self._clients, group, instance)

    def _read_changeable(
        self, instance: InstanceReference, change: str
    ) -> tuple[Document, VmState]:
        """Return a VM and its state; raises InvalidRequest if it is being deleted."""
        vm = read_same_vm(self._clients, instance)
        state = state_of(vm)
        if state.state is InstanceState.DELETING:
            raise state_error(instance, state, change, "It is being deleted.")
        return vm, state


def _is_same_size(present: str | None, requested: str) -> bool:
    return (present or "").lower() == requested.lower()


def _doing(change: str, instance: InstanceReference) -> str:
    return f"{change} instance {instance.id} in {instance.region}"
