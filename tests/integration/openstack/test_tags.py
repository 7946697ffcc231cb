"""Metadata and server tags of Nova, both of which are tags of an instance."""

from __future__ import annotations

import pytest

from providers.openstack.provider import OpenStackProvider
from providers.openstack.tokens import to_server_tag
from skyclust.errors import InvalidRequest
from skyclust.model.instance import Instance, InstanceState
from skyclust.model.resource import ResourceKind
from skyclust.operations.waiting import wait_for_state
from tests.conformance.openstack import OpenStackHarness

pytestmark = pytest.mark.integration

TOKEN = "0c9a4b7e-5f0d-4c1b-9d53-2f4f3a1f7e10"


@pytest.fixture
def instance(provider: OpenStackProvider, harness: OpenStackHarness) -> Instance:
    """A running server with two server tags that an administrator has set."""
    spec = harness.spec("web").model_copy(update={"public_address": None})
    made = provider.create_instance(spec, TOKEN)
    wait_for_state(
        provider, made.reference, InstanceState.RUNNING, deadline_seconds=20, poll_seconds=0.03
    )
    for tag in ("gold", "v1.2 (old)"):
        harness.change(f"compute/v2.1/servers/{made.id}/tags/{tag}", None)
    return made


def test_server_tags_have_an_empty_value_and_can_be_removed(
    provider: OpenStackProvider, harness: OpenStackHarness, instance: Instance
) -> None:
    def tags() -> dict[str, str]:
        return provider.get_instance(harness.region, instance.id).tags

    assert tags() == {"team": "conformance", "gold": "", "v1.2 (old)": ""}
    pages = provider.list_resources(harness.region, ResourceKind.INSTANCE)
    assert [one.tags for page in pages for one in page] == [tags()]
    provider.set_tags(instance.reference, {"gold": "", "stage": "test"}, ["v1.2 (old)"])
    assert tags() == {"team": "conformance", "gold": "", "stage": "test"}
    provider.set_tags(instance.reference, {"gold": "yes"}, ["team"])
    assert tags() == {"gold": "yes", "stage": "test"}
    provider.set_tags(instance.reference, {}, ["gold"])
    assert tags() == {"stage": "test"}


def test_the_server_tag_of_skyclust_cannot_be_changed(
    provider: OpenStackProvider, harness: OpenStackHarness, instance: Instance
) -> None:
    own = to_server_tag(TOKEN)
    for tags, removed in (({}, [own]), ({own: ""}, [])):
        with pytest.raises(InvalidRequest, match="SkyClust's own"):
            provider.set_tags(instance.reference, tags, removed)
    assert [one.id for one in provider.find_instances(harness.region, TOKEN)] == [instance.id]
