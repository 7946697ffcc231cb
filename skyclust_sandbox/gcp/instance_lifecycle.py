"""What changes a machine's state or its settings.

States: https://cloud.google.com/compute/docs/instances/instance-lifecycle.
"""

from __future__ import annotations

from collections.abc import Callable

from skyclust_sandbox.gcp.instances import machine_type_of, metadata_of, tags_of
from skyclust_sandbox.gcp.links import Reference
from skyclust_sandbox.gcp.machine_types import series_of
from skyclust_sandbox.gcp.network_interfaces import connect, release
from skyclust_sandbox.gcp.operations import begin, require_idle
from skyclust_sandbox.gcp.quotas import start_excess
from skyclust_sandbox.gcp.resources import require_fingerprint
from skyclust_sandbox.gcp.resources import set_labels as set_labels_of
from skyclust_sandbox.gcp.responses import Resource, not_ready, refused
from skyclust_sandbox.gcp.state import OperationFailure, Work, timestamp


def start(work: Work) -> Resource:
    """Start a stopped machine; one that runs is left as it is."""
    where, instance = _machine(work)
    if instance["status"] == "RUNNING":
        return begin(work, "start", where, instance["id"], at_once=True)
    if instance["status"] != "TERMINATED":
        raise not_ready(where.path)
    if not any(one["boot"] for one in instance["disks"]):
        raise refused(400, "invalid", "Invalid resource usage: 'The instance has no boot disk.'.")
    failure = work.failure or start_excess(work.project, instance)
    return _wake(work, "start", where, instance, before="TERMINATED", failure=failure)


def resume(work: Work) -> Resource:
    """Wake a suspended machine."""
    where, instance = _machine(work)
    if instance["status"] != "SUSPENDED":
        raise not_ready(where.path)
    return _wake(work, "resume", where, instance, before="SUSPENDED", failure=work.failure)


def stop(work: Work) -> Resource:
    """Stop a machine; one that is stopped is left as it is."""
    where, instance = _machine(work)
    if instance["status"] == "TERMINATED":
        return begin(work, "stop", where, instance["id"], at_once=True)
    return _rest(work, "stop", "STOPPING", "TERMINATED", "lastStopTimestamp")


def suspend(work: Work) -> Resource:
    """Suspend a running machine."""
    where, instance = _machine(work)
    if instance["status"] != "RUNNING":
        raise not_ready(where.path)
    return _rest(work, "suspend", "SUSPENDING", "SUSPENDED", "lastSuspendedTimestamp")


def reset(work: Work) -> Resource:
    """Reset a running machine; it stays RUNNING all the while."""
    where, instance = _machine(work)
    if instance["status"] != "RUNNING":
        raise not_ready(where.path)

    def finish() -> None:
        work.world.contents[f"boots of {instance['id']}"] = timestamp()

    return begin(work, "reset", where, instance["id"], finish=finish)


def set_machine_type(work: Work) -> Resource:
    """Give a stopped machine another type."""
    where, instance = _machine(work)
    found = machine_type_of(work, work.body.get("machineType", ""), "machineType")
    if instance["status"] != "TERMINATED":
        message = "Invalid resource usage: 'The machine type of a running instance is fixed.'."
        raise refused(400, "invalidUsage", message)
    series = series_of(found["name"])
    before = series_of(instance["machineType"].rpartition("/")[2])
    if series.architecture != before.architecture or series.disk_type != before.disk_type:
        message = (
            f"[{instance['machineType'].rpartition('/')[2]}] disks and [{found['name']}] "
            "features are not compatible."
        )
        raise refused(400, "invalid", message)

    def finish() -> None:
        instance["machineType"] = found["selfLink"]

    return begin(work, "setMachineType", where, instance["id"], finish=finish)


def set_labels(work: Work) -> Resource:
    """Replace the labels of a machine."""
    return set_labels_of(work, work.reference("instances", work.path["instance"]))


def set_metadata(work: Work) -> Resource:
    """Replace the metadata of a machine, if the caller saw what there is."""
    return _replace(work, "setMetadata", "metadata", metadata_of)


def set_tags(work: Work) -> Resource:
    """Replace the network tags of a machine, if the caller saw what there is."""
    return _replace(work, "setTags", "tags", tags_of)


def set_deletion_protection(work: Work) -> Resource:
    """Protect a machine from deletion, or no longer."""
    where = work.reference("instances", work.path["resource"])
    instance = work.world.get(where)
    protected = work.query.get("deletionProtection", "true").lower() == "true"

    def finish() -> None:
        instance["deletionProtection"] = protected

    return begin(work, "setDeletionProtection", where, instance["id"], finish=finish)


def serial_port_output(work: Work) -> Resource:
    """Return what a machine wrote to its serial port, from a position on."""
    where = work.reference("instances", work.path["instance"])
    instance = work.world.get(where)
    if instance["status"] not in ("STAGING", "RUNNING", "PROVISIONING"):
        raise not_ready(where.path)
    written = _console(work, instance)
    begins = int(work.query.get("start", "0"))
    begins = min(max(begins if begins >= 0 else len(written) + begins, 0), len(written))
    return {
        "kind": "compute#serialPortOutput",
        "selfLink": f"{where.link}/serialPort",
        "contents": written[begins:],
        "start": str(begins),
        "next": str(len(written)),
    }


def _machine(work: Work) -> tuple[Reference, Resource]:
    """Return a machine that nothing else is changing."""
    where = work.reference("instances", work.path["instance"])
    instance = work.world.get(where)
    require_idle(work, where)
    return where, instance


def _wake(
    work: Work,
    kind: str,
    where: Reference,
    instance: Resource,
    *,
    before: str,
    failure: OperationFailure | None,
) -> Resource:
    instance["status"] = "PROVISIONING"

    def stage() -> None:
        instance["status"] = "STAGING"
        connect(work.project, instance)

    def finish() -> None:
        instance.update(status="RUNNING", lastStartTimestamp=timestamp())

    def undo() -> None:
        instance["status"] = before
        release(work.project, instance)

    return begin(
        work,
        kind,
        where,
        instance["id"],
        steps=[(0.4, stage)],
        finish=finish,
        undo=undo,
        failure=failure,
    )


def _rest(work: Work, kind: str, passing: str, target: str, noted: str) -> Resource:
    where, instance = _machine(work)
    before = instance["status"]
    instance["status"] = passing

    def finish() -> None:
        instance.update({"status": target, noted: timestamp()})
        release(work.project, instance)

    def undo() -> None:
        instance["status"] = before

    return begin(work, kind, where, instance["id"], finish=finish, undo=undo)


def _replace(
    work: Work, kind: str, named: str, made: Callable[[dict[str, object]], Resource]
) -> Resource:
    where, instance = _machine(work)
    changed = f"Supplied fingerprint does not match current {named} fingerprint."
    require_fingerprint(
        work.body.get("fingerprint"), instance[named]["fingerprint"], "fingerprint", changed
    )

    def finish() -> None:
        instance[named] = made(work.body)

    return begin(work, kind, where, instance["id"], finish=finish)


def _console(work: Work, instance: Resource) -> str:
    """Return the console of a machine: nothing before it was staged."""
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
    again = work.world.contents.get(f"boots of {instance['id']}")
    if again is not None:
        lines += [f"[    0.000000] Linux version 6.8.0-gcp ({name}), reset at {again}"]
    return "\r\n".join(lines) + "\r\n"
