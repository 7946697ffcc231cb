"""The asynchronous build of an accepted server: scheduling, ports, volumes, and spawning."""

from __future__ import annotations

from dataclasses import dataclass

from skyclust_sandbox.openstack.compute import block_devices, server_networks
from skyclust_sandbox.openstack.compute.block_devices import Device
from skyclust_sandbox.openstack.compute.server_networks import NetworkRequest
from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.fault_replies import OUTCOMES
from skyclust_sandbox.openstack.network.ports import NoAddress
from skyclust_sandbox.openstack.state import Server
from skyclust_sandbox.openstack.volume.quotas import volumes_fit
from skyclust_sandbox.openstack.wire import now, seconds_time

SCHEDULING_SHARE = 0.4
"""The share of the build time in which the server has no host, ports and volumes yet."""


@dataclass(frozen=True)
class Build:
    """An accepted server, with the networks and volumes that its build attaches."""

    context: Context
    server: Server
    network_requests: list[NetworkRequest]
    devices: list[Device]


def start_build(build: Build) -> None:
    """Reserve the server's volumes and schedule its build."""
    block_devices.reserve_volumes(build.context.region, build.server, build.devices)
    build.context.schedule(build.server.id, lambda: _place(build), SCHEDULING_SHARE)


def _place(build: Build) -> None:
    """Choose a host, and attach the server's ports and volumes."""
    context, server = build.context, build.server
    region = context.region
    if context.outcome == "NoValidHost":
        block_devices.release_volumes(region, build.devices)
        set_error(server, "NoValidHost")
        return
    server.host = f"compute-{int(server.id[:8], 16) % 12:02}"
    server.task_state = "spawning"
    new_volumes = [device for device in build.devices if device.source != "volume"]
    if not volumes_fit(context, server.project_id, [device.size for device in new_volumes]):
        block_devices.release_volumes(region, build.devices)
        set_error(server, "VolumeLimitExceeded")
        return
    try:
        server_networks.allocate(region, server, build.network_requests)
    except NoAddress:
        server_networks.detach_ports(region, server)
        block_devices.release_volumes(region, build.devices)
        set_error(server, "MaxRetriesExceeded")
        return
    block_devices.attach_devices(region, server, build.devices)
    server.updated = now()
    context.schedule(server.id, lambda: _finish(build), 1.0 - SCHEDULING_SHARE)


def _finish(build: Build) -> None:
    context, server = build.context, build.server
    for attachment in server.attachments:
        context.region.volumes[attachment.volume_id].status = "in-use"
    if context.fails:
        server_networks.detach_ports(context.region, server)
        set_error(server, context.outcome)
        return
    set_state(server, "active")
    server.launched_at = now()
    server.starts += 1


def set_state(server: Server, vm_state: str) -> None:
    """Set the VM state of a server, without a task, and the power state that belongs to it."""
    powers = {"active": 1, "resized": 1, "paused": 3, "stopped": 4, "suspended": 4}
    server.vm_state, server.task_state = vm_state, None
    server.power_state = powers.get(vm_state, 4 if vm_state.startswith("shelved") else 0)
    server.updated = now()


def set_error(server: Server, outcome: str) -> None:
    """Set a server to ERROR, with the reason in its fault."""
    code, message = OUTCOMES[outcome]
    set_state(server, "error")
    server.fault = {
        "code": code,
        "created": seconds_time(now()),
        "message": message.format(id=server.id),
        "details": "Traceback (most recent call last):\n",
    }
