"""How an accepted server comes to be, or does not."""

from __future__ import annotations

from dataclasses import dataclass

from skyclust_sandbox.openstack.compute import block_devices, server_networks
from skyclust_sandbox.openstack.compute.block_devices import Device
from skyclust_sandbox.openstack.compute.server_networks import Wish
from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.fault_replies import OUTCOMES
from skyclust_sandbox.openstack.network.ports import NoAddress
from skyclust_sandbox.openstack.state import Server
from skyclust_sandbox.openstack.volume.quotas import volumes_fit
from skyclust_sandbox.openstack.wire import now, seconds_time

PLACED = 0.4
"""The share of the time that a server has no host, no ports and no volumes yet."""


@dataclass(frozen=True)
class Plan:
    """A server that was accepted, and what it is to get."""

    context: Context
    server: Server
    wishes: list[Wish]
    devices: list[Device]


def begin(plan: Plan) -> None:
    """Let a server be built in its time."""
    block_devices.reserve(plan.context.region, plan.server, plan.devices)
    plan.context.later(plan.server.id, lambda: _place(plan), PLACED)


def _place(plan: Plan) -> None:
    """Choose a host, and give the server its ports and volumes."""
    context, server = plan.context, plan.server
    region = context.region
    if context.outcome == "NoValidHost":
        block_devices.release(region, plan.devices)
        fail(server, "NoValidHost")
        return
    server.host = f"compute-{int(server.id[:8], 16) % 12:02}"
    server.task_state = "spawning"
    new_volumes = [device for device in plan.devices if device.source != "volume"]
    if not volumes_fit(context, server.project_id, [device.size for device in new_volumes]):
        block_devices.release(region, plan.devices)
        fail(server, "VolumeLimitExceeded")
        return
    try:
        server_networks.allocate(region, server, plan.wishes)
    except NoAddress:
        server_networks.unbind_all(region, server)
        block_devices.release(region, plan.devices)
        fail(server, "MaxRetriesExceeded")
        return
    block_devices.give(region, server, plan.devices)
    server.updated = now()
    context.later(server.id, lambda: _finish(plan), 1.0 - PLACED)


def _finish(plan: Plan) -> None:
    context, server = plan.context, plan.server
    for attachment in server.attachments:
        context.region.volumes[attachment.volume_id].status = "in-use"
    if context.fails:
        server_networks.unbind_all(context.region, server)
        fail(server, context.outcome)
        return
    settle(server, "active")
    server.launched_at = now()
    server.starts += 1


def settle(server: Server, vm_state: str) -> None:
    """Let a server be in a state, with no work under way."""
    powers = {"active": 1, "resized": 1, "paused": 3, "stopped": 4, "suspended": 4}
    server.vm_state, server.task_state = vm_state, None
    server.power_state = powers.get(vm_state, 4 if vm_state.startswith("shelved") else 0)
    server.updated = now()


def fail(server: Server, outcome: str) -> None:
    """Let a server be in ERROR, with the reason in its fault."""
    code, message = OUTCOMES[outcome]
    settle(server, "error")
    server.fault = {
        "code": code,
        "created": seconds_time(now()),
        "message": message.format(id=server.id),
        "details": "Traceback (most recent call last):\n",
    }
