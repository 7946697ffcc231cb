"""Creating, starting, stopping, rebooting, resizing and deleting VMs and containers.

Proxmox VE runs one task on a guest at a time, and a second one fails after some seconds. So the
current task and state are read before each change, and a change that has to wait raises Conflict.
Changes of the configuration carry its digest: Proxmox VE refuses them when the configuration
changed since it was read, also when another guest got the VMID. Starts and stops have no such
precondition; the guest is read immediately before them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from providers.proxmox import creation, deletion, instances, leftovers
from providers.proxmox.instances import to_type
from providers.proxmox.regions import check_region, get_nodes
from providers.proxmox.sizes import to_size
from providers.proxmox.state_errors import TRANSITIONAL, state_error
from providers.proxmox.states import to_state
from providers.proxmox.tasks import complete_task, wait_for_task
from providers.proxmox.unique_id import get_same_guest
from skyclust.contract import ComputeProvider
from skyclust.errors import InvalidRequest
from skyclust.model.instance import Instance, InstanceReference, InstanceSpec, InstanceState

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients

SHUTDOWN_SECONDS: Final = 60
"""How long a guest may take to shut down before it is powered off; a guest without ACPI or an
agent never reacts to a shutdown."""

WATCHED_SECONDS: Final = 5.0
"""How long the task of a stop or reboot is watched, to report an immediate failure."""


class ProxmoxCompute(ComputeProvider):
    """VMs and containers of a cluster."""

    _clients: ProxmoxClients

    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        """Create and start one guest, or continue the creation begun with the same token.

        Raises Timeout after a minute while disks are still being copied.
        """
        check_region(self._clients, spec.region)
        return creation.create_instance(self._clients, spec, token)

    def find_instances(self, region: str, token: str) -> Sequence[Instance]:
        """Return the guest created with this token, if it exists."""
        check_region(self._clients, region)
        return creation.find_instances(self._clients, region, token)

    def get_instance(self, region: str, instance_id: str) -> Instance:
        """Return the guest as it is now; raises NotFound for a template, or when it is gone."""
        check_region(self._clients, region)
        return instances.get_instance(self._clients, region, instance_id)

    def start_instance(self, instance: InstanceReference) -> None:
        """Start a guest, or resume a paused VM; does nothing when it runs."""
        check_region(self._clients, instance.region)
        doing = f"start guest {instance.id} in {instance.region}"
        guest = get_same_guest(self._clients, instance, doing)
        state, native_state = to_state(guest)
        if state is InstanceState.RUNNING or guest.task in {"qmstart", "vzstart"}:
            return
        if state in TRANSITIONAL and not guest.metadata.incomplete:
            raise state_error(guest, doing, native_state)
        command = "resume" if guest.runs and guest.location.kind == "qemu" else "start"
        upid = self._clients.post(f"{guest.location.path}/status/{command}", doing)
        complete_task(self._clients, upid, doing)

    def stop_instance(self, instance: InstanceReference, *, power_off_only: bool = False) -> None:
        """Request a shutdown, after which the node powers the guest off if it still runs.

        The node does both in one task, which does not depend on this process. A stopped guest
        always keeps its resources, so `power_off_only` makes no difference.
        """
        del power_off_only
        check_region(self._clients, instance.region)
        doing = f"stop guest {instance.id} in {instance.region}"
        guest = get_same_guest(self._clients, instance, doing)
        state, native_state = to_state(guest)
        if state in {InstanceState.STOPPED, InstanceState.STOPPING}:
            return
        if state in TRANSITIONAL:
            raise state_error(guest, doing, native_state)
        path = f"{guest.location.path}/status"
        if state is InstanceState.RUNNING:
            parameters = {"forceStop": 1, "timeout": SHUTDOWN_SECONDS}
            upid = self._clients.post(f"{path}/shutdown", doing, **parameters)
        else:  # a paused VM cannot shut down, and a VM in an error state does not
            upid = self._clients.post(f"{path}/stop", doing)
        wait_for_task(self._clients, upid, doing, seconds=WATCHED_SECONDS)

    def reboot_instance(self, instance: InstanceReference) -> None:
        """Request that a running guest be shut down and started again."""
        check_region(self._clients, instance.region)
        doing = f"reboot guest {instance.id} in {instance.region}"
        guest = get_same_guest(self._clients, instance, doing)
        state, native_state = to_state(guest)
        if state is not InstanceState.RUNNING:
            raise state_error(guest, doing, native_state)
        path = f"{guest.location.path}/status/reboot"
        upid = self._clients.post(path, doing, timeout=SHUTDOWN_SECONDS)
        wait_for_task(self._clients, upid, doing, seconds=WATCHED_SECONDS)

    def must_stop_to_resize(self, instance: Instance, instance_type: str) -> bool:
        """Return whether the guest has to be stopped first: VMs have to, containers do not."""
        if instance.type == instance_type or instance.attributes.get("virtualization") == "lxc":
            return False
        return instance.state is not InstanceState.STOPPED

    def resize_instance(self, instance: InstanceReference, instance_type: str) -> None:
        """Change the cores and memory of a guest; does nothing when it has that size.

        Raises InvalidRequest when the node is too small.
        """
        check_region(self._clients, instance.region)
        doing = f"resize guest {instance.id} in {instance.region} to {instance_type}"
        size = to_size(instance_type)
        guest = get_same_guest(self._clients, instance, doing)
        if to_type(guest) == instance_type:
            return
        state, native_state = to_state(guest)
        is_vm = guest.location.kind == "qemu"
        if state in TRANSITIONAL or (is_vm and state is not InstanceState.STOPPED):
            raise state_error(guest, doing, native_state)
        nodes = {node.name: node for node in get_nodes(self._clients, doing)}
        node = nodes.get(guest.location.node)
        if node is not None and not node.can_hold(size):
            raise InvalidRequest(
                f"Could not {doing}: node {node.name} has {node.cores} cores and"
                f" {node.memory_mib} MiB.",
                provider="proxmox",
            )
        changes: dict[str, object] = {"cores": size.cores, "memory": size.memory_mib}
        changes |= guest.precondition
        if is_vm:
            changes["sockets"] = 1
        self._clients.put(f"{guest.location.path}/config", doing, **changes)

    def delete_instance(self, instance: InstanceReference) -> None:
        """Power a guest off and delete it with its disks; does nothing when it does not exist."""
        check_region(self._clients, instance.region)
        deletion.delete_instance(self._clients, instance)

    def remove_leftovers(self, instance: InstanceReference) -> None:
        """Delete the volumes that a deleted guest of SkyClust left, while its VMID is free."""
        check_region(self._clients, instance.region)
        leftovers.remove_leftovers(self._clients, instance)
