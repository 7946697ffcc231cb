"""A placement check raises what a create would raise, and creates nothing."""

from __future__ import annotations

import pytest
import requests

from providers.gcp.provider import GcpProvider
from skyclust.errors import InvalidRequest, NotFound, SkyClustError
from skyclust.model.instance import InstanceSpec
from tests.fixtures.gcp import GcpSandbox
from tests.integration.gcp.conftest import REGION, TOKEN, ZONE

pytestmark = pytest.mark.integration

DEFAULT = f"projects/sandbox-project/regions/{REGION}/subnetworks/default"


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"zone": ZONE},
        {"network": "default"},
        {"network": f"{REGION}/default"},
        {"network": DEFAULT},
    ],
)
def test_a_possible_placement_passes_and_creates_nothing(
    gcp: GcpProvider, gcp_sandbox: GcpSandbox, spec: InstanceSpec, given: dict[str, str]
) -> None:
    gcp.check_placement(spec.model_copy(update=given))
    assert not [call for call in gcp_sandbox.calls() if call.endswith(".insert")]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"zone": "us-east1-b"}, InvalidRequest),
        ({"type": "e9-huge"}, NotFound),
        ({"type": "e9-huge", "zone": ZONE}, NotFound),
        ({"image": "no-such-image"}, NotFound),
        ({"network": "no-such-network"}, NotFound),
        ({"network": DEFAULT.replace("default", "none")}, NotFound),
        ({"network": DEFAULT.replace(REGION, "us-east1")}, InvalidRequest),
        ({"name": "Web"}, InvalidRequest),
    ],
)
def test_an_impossible_placement_raises_like_a_create(
    gcp: GcpProvider, spec: InstanceSpec, given: dict[str, str], expected: type[SkyClustError]
) -> None:
    impossible = spec.model_copy(update=given)
    with pytest.raises(expected):
        gcp.check_placement(impossible)
    with pytest.raises((InvalidRequest, NotFound)):
        gcp.create_instance(impossible, TOKEN)


def test_a_missing_default_network_is_not_found(
    gcp: GcpProvider, gcp_sandbox: GcpSandbox, spec: InstanceSpec
) -> None:
    """Many organisations delete it, or prevent its creation."""
    project = f"{gcp_sandbox.endpoint}/compute/v1/projects/{gcp_sandbox.account}/global"
    headers = {"Authorization": f"Bearer {gcp_sandbox.token('operator')}"}
    rules = requests.get(f"{project}/firewalls", headers=headers, timeout=30).json()["items"]
    gone = [f"firewalls/{rule['name']}" for rule in rules] + ["networks/default"]
    for path in gone:
        reply = requests.delete(f"{project}/{path}", headers=headers, timeout=30)
        assert reply.ok, reply.text
        while requests.get(f"{project}/{path}", headers=headers, timeout=30).ok:
            pass
    for call in (gcp.check_placement, lambda spec: gcp.create_instance(spec, TOKEN)):
        with pytest.raises(NotFound, match="no network and no subnet 'default'"):
            call(spec)
