"""Requests of the provider and replies of the sandbox match the official schema."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from providers.proxmox.provider import ProxmoxProvider
from skyclust.model.instance import InstanceState
from skyclust.model.resource import ResourceKind
from skyclust_sandbox.proxmox.routes import ROUTES
from skyclust_sandbox.proxmox.seed import CLUSTER
from tests.fixtures.proxmox import ProxmoxSandbox
from tests.integration.proxmox.conftest import Spec, becomes
from tests.unit.proxmox.official import breaches, operation

pytestmark = pytest.mark.integration

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEb0 ops@example.com"


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Record every call of requests, and collect violations of the schema."""
    collected: set[str] = set()
    send = requests.Session.send

    def watched(session: requests.Session, request: requests.PreparedRequest, **how: Any) -> Any:
        response = send(session, request, **how)
        parts = urlsplit(str(request.url))
        text = request.body or b""
        body = text.decode() if isinstance(text, bytes) else str(text)
        given = dict([*parse_qsl(parts.query), *parse_qsl(body, keep_blank_values=True)])
        if response.ok:
            answer = response.json()["data"]
            collected.update(breaches(str(request.method), parts.path, given, answer))
        return response

    monkeypatch.setattr(requests.Session, "send", watched)
    return collected


def test_every_route_of_the_sandbox_is_documented() -> None:
    unknown = [
        route.action
        for route in ROUTES
        if operation(route.method, route.path.format_map(_Filled())) is None
    ]
    assert unknown == []


class _Filled(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "x"


def test_the_lifecycle_of_a_vm_matches_the_schema(
    provider: ProxmoxProvider, proxmox_sandbox: ProxmoxSandbox, spec: Spec, found: set[str]
) -> None:
    instance_spec = spec(
        network="vmbr1",
        zone="pve2",
        user="ops",
        ssh_keys=[KEY],
        private_address="10.0.0.5/24,10.0.0.1",
        tags={"team": "shop"},
        boot_disk={"size_gib": 10},
        disks=[{"size_gib": 2}, {"size_gib": 3, "type": "local-lvm"}],
    )
    created = provider.create_instance(instance_spec, "t-1")
    provider.reboot_instance(created.reference)
    becomes(provider, created.id, InstanceState.RUNNING)
    taken = provider.create_snapshot(created.reference, "nightly", "t-2")
    provider.stop_instance(created.reference)
    becomes(provider, created.id, InstanceState.STOPPED)
    provider.resize_instance(created.reference, "2c4g")
    assert provider.restore_snapshot(created.reference, taken.id, "t-3")
    provider.set_tags(created.reference, {"stage": "test"}, ["team"])
    provider.detach_disk(created.reference, str(created.attributes["disks"][1]))  # type: ignore[index]  # JSON
    provider.delete_snapshot(created.reference, taken.id)
    provider.delete_instance(created.reference)
    assert found == set()


def test_the_lifecycle_of_a_container_matches_the_schema(
    provider: ProxmoxProvider, spec: Spec, found: set[str]
) -> None:
    image = "nas:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst"
    instance_spec = spec(image=image, ssh_keys=[KEY], disks=[{"size_gib": 2}], network="vmbr1")
    created = provider.create_instance(instance_spec, "t-1")
    provider.resize_instance(created.reference, "2c4g")
    provider.stop_instance(created.reference)
    becomes(provider, created.id, InstanceState.STOPPED)
    provider.delete_instance(created.reference)
    assert found == set()


def test_guests_from_files_match_the_schema(
    provider: ProxmoxProvider, spec: Spec, found: set[str]
) -> None:
    image = "nas:import/debian-12-genericcloud-amd64.qcow2"
    provider.create_instance(spec(image=image, boot_disk={"size_gib": 8}), "t-1")
    assert found == set()


def test_the_inventory_matches_the_schema(proxmox_estate: ProxmoxSandbox, found: set[str]) -> None:
    provider = ProxmoxProvider(proxmox_estate.credential())
    for kind in sorted(provider.kinds):
        assert any(list(provider.list_resources(CLUSTER, ResourceKind(kind))))
    provider.verify()
    list(provider.list_instance_types(CLUSTER))
    assert provider.list_images(CLUSTER, "debian-12")
    assert found == set()
