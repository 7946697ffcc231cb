"""Changes apply to the referenced instance only, not to a later instance of the same name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from providers.gcp import attachments, compute, instance_tags, snapshot_restore
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
    "start": lambda gcp, instance: gcp.start_instance(instance),
    "stop": lambda gcp, instance: gcp.stop_instance(instance),
    "reboot": lambda gcp, instance: gcp.reboot_instance(instance),
    "resize": lambda gcp, instance: gcp.resize_instance(instance, "e2-medium"),
    "tag": lambda gcp, instance: gcp.set_tags(instance, {"stage": "test"}),
    "snapshot": lambda gcp, instance: gcp.create_snapshot(instance, "nightly", OTHER_TOKEN),
    "restore": lambda gcp, instance: gcp.restore_snapshot(instance, "abc", OTHER_TOKEN),
}


@pytest.fixture
def successor(gcp: GcpProvider, instance: Instance, spec: InstanceSpec, wait: Wait) -> Instance:
    """A later instance with the name and the zone of a deleted one."""
    gcp.delete_instance(instance.reference)
    wait(instance, InstanceState.DELETED)
    same_zone = spec.model_copy(update={"zone": instance.zone})
    made = wait(gcp.create_instance(same_zone, OTHER_TOKEN), InstanceState.RUNNING)
    assert made is not None
    assert (made.name, made.zone) == (instance.name, instance.zone)
    assert made.unique_id != instance.unique_id
    return made


def _patch_reads(
    monkeypatch: pytest.MonkeyPatch, instance: Instance, successor: dict[str, Any]
) -> None:
    """Make every read of the instance return it as it was before it was replaced."""
    before = {**successor, "id": instance.unique_id}
    for module in (attachments, compute, snapshot_restore, instance_tags):
        monkeypatch.setattr(module, "fetch_same_instance", lambda *_: before)
    monkeypatch.setattr(compute, "fetch_instance", lambda *_: before)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_a_deleted_instance_is_not_found(
    gcp: GcpProvider, instance: Instance, successor: Instance, change: str
) -> None:
    with pytest.raises(NotFound):
        CHANGES[change](gcp, instance.reference)
    assert gcp.get_instance(REGION, successor.id) == successor


@pytest.mark.parametrize("change", ["stop", "reboot", "tag"])
def test_a_change_of_an_instance_replaced_after_the_read_is_not_found(
    gcp: GcpProvider,
    gcp_sandbox: GcpSandbox,
    instance: Instance,
    successor: Instance,
    monkeypatch: pytest.MonkeyPatch,
    change: str,
) -> None:
    """The URL of the request has the numeric id, so that the API checks the identity."""
    clients = GcpClients(credential_of(gcp_sandbox))
    path = f"zones/{successor.zone}/instances/{successor.name}"
    current = clients.get(path, "read the successor", kind="instance")
    with monkeypatch.context() as patched:
        _patch_reads(patched, instance, current)
        with pytest.raises(NotFound):
            CHANGES[change](gcp, instance.reference)
        gcp.delete_instance(instance.reference)
    assert gcp.get_instance(REGION, successor.id) == successor


def test_a_reference_with_another_unique_id_is_not_found(
    gcp: GcpProvider, instance: Instance
) -> None:
    other = instance.reference.model_copy(update={"unique_id": "1234567890"})
    for change in CHANGES.values():
        with pytest.raises(NotFound):
            change(gcp, other)
    with pytest.raises(NotFound):
        gcp.delete_instance(other)
    assert gcp.get_instance(REGION, instance.id) == instance


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
def test_a_reboot_is_one_request_whatever_the_reply(
    gcp: GcpProvider,
    gcp_sandbox: GcpSandbox,
    instance: Instance,
    fault: Fault,
    expected: type[SkyClustError],
) -> None:
    action = "compute.instances.reset"
    gcp_sandbox.inject(fault.model_copy(update={"action": action}))
    with pytest.raises(expected):
        gcp.reboot_instance(instance.reference)
    assert gcp_sandbox.calls()[action] == 1


@pytest.mark.parametrize("kind", [FaultKind.HTML, FaultKind.NULL, FaultKind.EMPTY])
def test_an_unreadable_reply_to_a_change_is_an_unexpected_answer(
    gcp: GcpProvider,
    gcp_sandbox: GcpSandbox,
    spec: InstanceSpec,
    instance: Instance,
    kind: FaultKind,
) -> None:
    """The outcome of the change is unknown; a repeated call completes it."""
    gcp_sandbox.inject(
        *(Fault(kind=kind, action=f"compute.instances.{method}") for method in ("insert", "stop"))
    )
    for call in (
        lambda: gcp.create_instance(spec.model_copy(update={"name": "odd"}), OTHER_TOKEN),
        lambda: gcp.stop_instance(instance.reference),
    ):
        with pytest.raises(SkyClustError) as raised:
            call()
        assert type(raised.value).__name__ == "UnexpectedAnswer"
    gcp_sandbox.clear()
    made = gcp.create_instance(spec.model_copy(update={"name": "odd"}), OTHER_TOKEN)
    assert [existing.id for existing in gcp.find_instances(REGION, OTHER_TOKEN)] == [made.id]
    assert [existing.id for existing in gcp.find_instances(REGION, TOKEN)] == [instance.id]
