"""Changes strike the machine that is meant and no later one of its name, and a reboot is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from providers.gcp import attachments, compute, snapshot_restore
from providers.gcp import tags as tag_changes
from providers.gcp.client import GcpClients
from providers.gcp.provider import GcpProvider
from skyclust.errors import NotFound, SkyClustError, Throttled, Unavailable
from skyclust.model.instance import Instance, InstanceReference, InstanceSpec, InstanceState
from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.gcp import GcpSandbox
from tests.integration.gcp.conftest import REGION, TOKEN, Wait, credential_of

pytestmark = pytest.mark.integration

OTHER_TOKEN = "f7b0a5a1-6b3e-4f0e-9a0b-7f0e1d2c3b4a"

Change = Callable[[GcpProvider, InstanceReference], object]
CHANGES: dict[str, Change] = {
    "start": lambda gcp, machine: gcp.start_instance(machine),
    "stop": lambda gcp, machine: gcp.stop_instance(machine),
    "reboot": lambda gcp, machine: gcp.reboot_instance(machine),
    "resize": lambda gcp, machine: gcp.resize_instance(machine, "e2-medium"),
    "tag": lambda gcp, machine: gcp.set_tags(machine, {"stage": "test"}),
    "snapshot": lambda gcp, machine: gcp.create_snapshot(machine, "nightly", OTHER_TOKEN),
    "restore": lambda gcp, machine: gcp.restore_snapshot(machine, "abc", OTHER_TOKEN),
}


@pytest.fixture
def stranger(gcp: GcpProvider, machine: Instance, spec: InstanceSpec, wait: Wait) -> Instance:
    """A later machine of the name and in the zone of one that is gone."""
    gcp.delete_instance(machine.reference)
    wait(machine, InstanceState.DELETED)
    there = spec.model_copy(update={"zone": machine.zone})
    made = wait(gcp.create_instance(there, OTHER_TOKEN), InstanceState.RUNNING)
    assert made is not None
    assert (made.name, made.zone) == (machine.name, machine.zone)
    assert made.unique_id != machine.unique_id
    return made


def _seen_before(monkeypatch: pytest.MonkeyPatch, machine: Instance, found: dict[str, Any]) -> None:
    """Let every look at a machine show it as it was before it was replaced."""
    before = {**found, "id": machine.unique_id}
    for module in (attachments, compute, snapshot_restore, tag_changes):
        monkeypatch.setattr(module, "fetch_same", lambda *_: before)
    monkeypatch.setattr(compute, "fetch_instance", lambda *_: before)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_a_machine_that_is_gone_strikes_nobody(
    gcp: GcpProvider, machine: Instance, stranger: Instance, change: str
) -> None:
    with pytest.raises(NotFound):
        CHANGES[change](gcp, machine.reference)
    assert gcp.get_instance(REGION, stranger.id) == stranger


@pytest.mark.parametrize("change", ["stop", "reboot", "tag"])
def test_a_machine_that_was_replaced_after_the_look_is_refused_by_google(
    gcp: GcpProvider,
    gcp_sandbox: GcpSandbox,
    machine: Instance,
    stranger: Instance,
    monkeypatch: pytest.MonkeyPatch,
    change: str,
) -> None:
    """The number in the address of the request leaves no moment between look and change."""
    clients = GcpClients(credential_of(gcp_sandbox))
    path = f"zones/{stranger.zone}/instances/{stranger.name}"
    _seen_before(monkeypatch, machine, clients.read(path, "look", kind="instance"))
    with pytest.raises(NotFound):
        CHANGES[change](gcp, machine.reference)
    assert gcp.get_instance(REGION, stranger.id) == stranger
    gcp.delete_instance(machine.reference)
    assert gcp.get_instance(REGION, stranger.id) == stranger


def test_an_id_with_another_machines_number_is_not_found(
    gcp: GcpProvider, machine: Instance
) -> None:
    claimed = machine.reference.model_copy(update={"unique_id": "1234567890"})
    for change in CHANGES.values():
        with pytest.raises(NotFound):
            change(gcp, claimed)
    with pytest.raises(NotFound):
        gcp.delete_instance(claimed)
    assert gcp.get_instance(REGION, machine.id) == machine


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(kind=FaultKind.DROP_REPLY), Unavailable),
        (Fault(kind=FaultKind.THROTTLE), Throttled),
        (Fault(kind=FaultKind.ERROR, status=503), Unavailable),
        (Fault(kind=FaultKind.HTML), SkyClustError),
        (Fault(kind=FaultKind.EMPTY), SkyClustError),
    ],
)
def test_a_reboot_is_one_request_whatever_is_answered(
    gcp: GcpProvider,
    gcp_sandbox: GcpSandbox,
    machine: Instance,
    fault: Fault,
    expected: type[SkyClustError],
) -> None:
    action = "compute.instances.reset"
    gcp_sandbox.inject(fault.model_copy(update={"action": action}))
    with pytest.raises(expected):
        gcp.reboot_instance(machine.reference)
    assert gcp_sandbox.calls()[action] == 1


@pytest.mark.parametrize("kind", [FaultKind.HTML, FaultKind.NULL, FaultKind.EMPTY])
def test_a_change_that_is_answered_oddly_says_so(
    gcp: GcpProvider,
    gcp_sandbox: GcpSandbox,
    spec: InstanceSpec,
    machine: Instance,
    kind: FaultKind,
) -> None:
    """What became of it is not known: asking again finds out."""
    gcp_sandbox.inject(
        *(Fault(kind=kind, action=f"compute.instances.{one}") for one in ("insert", "stop"))
    )
    for call in (
        lambda: gcp.create_instance(spec.model_copy(update={"name": "odd"}), OTHER_TOKEN),
        lambda: gcp.stop_instance(machine.reference),
    ):
        with pytest.raises(SkyClustError) as raised:
            call()
        assert type(raised.value).__name__ == "UnexpectedAnswer"
    gcp_sandbox.clear()
    made = gcp.create_instance(spec.model_copy(update={"name": "odd"}), OTHER_TOKEN)
    assert [one.id for one in gcp.find_instances(REGION, OTHER_TOKEN)] == [made.id]
    assert [one.id for one in gcp.find_instances(REGION, TOKEN)] == [machine.id]
