"""The method getSerialPortOutput of instances."""

from __future__ import annotations

from skyclust_sandbox.gcp.request_context import RequestContext
from skyclust_sandbox.gcp.responses import Resource, not_ready, timestamp
from skyclust_sandbox.gcp.state import State


def get_serial_port_output(context: RequestContext) -> Resource:
    """Return the serial port output of an instance from the byte position `start`.

    A negative `start` counts from the end.
    """
    reference = context.reference("instances", context.path["instance"])
    instance = context.state.get(reference)
    if instance["status"] not in ("STAGING", "RUNNING", "PROVISIONING"):
        raise not_ready(reference.path)
    output = _output(context.state, instance)
    start = int(context.query.get("start", "0"))
    start = min(max(start if start >= 0 else len(output) + start, 0), len(output))
    return {
        "kind": "compute#serialPortOutput",
        "selfLink": f"{reference.link}/serialPort",
        "contents": output[start:],
        "start": str(start),
        "next": str(len(output)),
    }


def record_reset(state: State, instance: Resource) -> None:
    """Record the time of a reset, which the output of the instance shows."""
    state.reset_times[instance["id"]] = timestamp()


def _output(state: State, instance: Resource) -> str:
    """Return all output of an instance; there is none in the status PROVISIONING."""
    if instance["status"] == "PROVISIONING":
        return ""
    name, started = instance["name"], instance.get("lastStartTimestamp")
    lines = [
        "SeaBIOS (version 1.8.2-google)",
        "Booting from Hard Disk 0...",
        f"[    0.000000] Linux version 6.8.0-gcp ({name})",
    ]
    if started is not None:
        lines += [f"[    4.210331] cloud-init[411]: started at {started}", f"{name} login: "]
    reset_time = state.reset_times.get(instance["id"])
    if reset_time is not None:
        lines += [f"[    0.000000] Linux version 6.8.0-gcp ({name}), reset at {reset_time}"]
    return "\r\n".join(lines) + "\r\n"
