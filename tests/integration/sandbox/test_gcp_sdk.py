"""The sandbox GCP with the client library google-cloud-compute."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import compute_v1
from google.oauth2.credentials import Credentials

from tests.fixtures.gcp import GcpSandbox
from tests.integration.sandbox.gcp import DEBIAN, ZONE

pytestmark = pytest.mark.integration


@dataclass(frozen=True)
class Sdk:
    """Makes clients of the SDK, and waits for their operations."""

    sandbox: GcpSandbox
    credential: Any
    project: str = "sandbox-project"

    def client(self, kind: Any) -> Any:
        """Return a client of the SDK for the sandbox."""
        options = {"api_endpoint": self.sandbox.endpoint}
        return kind(credentials=self.credential, client_options=options, transport="rest")

    def wait(self, operation: Any) -> Any:
        """Wait for a zonal operation and return it."""
        completed = self.client(compute_v1.ZoneOperationsClient).wait(
            project=self.project, zone=ZONE, operation=operation.name
        )
        assert completed.status == compute_v1.Operation.Status.DONE
        return completed


def new_sdk(sandbox: GcpSandbox) -> Sdk:
    credentials: Any = Credentials  # the constructor has no type annotations
    return Sdk(sandbox, credentials(sandbox.token()))


def new_instance(name: str) -> compute_v1.Instance:
    return compute_v1.Instance(
        name=name,
        machine_type=f"zones/{ZONE}/machineTypes/e2-medium",
        labels={"team": "web"},
        disks=[
            compute_v1.AttachedDisk(
                boot=True,
                auto_delete=True,
                initialize_params=compute_v1.AttachedDiskInitializeParams(
                    source_image=DEBIAN, disk_size_gb=30
                ),
            )
        ],
        network_interfaces=[
            compute_v1.NetworkInterface(
                access_configs=[compute_v1.AccessConfig(name="External NAT")]
            )
        ],
        metadata=compute_v1.Metadata(items=[compute_v1.Items(key="ssh-keys", value="me:key")]),
    )


def test_the_lifecycle_of_an_instance(gcp_sandbox: GcpSandbox) -> None:
    sdk = new_sdk(gcp_sandbox)
    instances = sdk.client(compute_v1.InstancesClient)
    where = {"project": sdk.project, "zone": ZONE}
    request_id = str(uuid.uuid4())
    request = compute_v1.InsertInstanceRequest(
        **where, instance_resource=new_instance("web"), request_id=request_id
    )
    operation = instances.insert_unary(request=request)
    assert instances.insert_unary(request=request).name == operation.name
    assert not sdk.wait(operation).error.errors
    instance = instances.get(**where, instance="web")
    assert instance.status == "RUNNING"
    assert instance.disks[0].disk_size_gb == 30
    assert instance.metadata.items[0].key == "ssh-keys"
    labels = compute_v1.InstancesSetLabelsRequest(
        labels={"team": "ops"}, label_fingerprint=instance.label_fingerprint
    )
    sdk.wait(
        instances.set_labels_unary(
            **where, instance="web", instances_set_labels_request_resource=labels
        )
    )
    sdk.wait(instances.stop_unary(**where, instance="web"))
    instance = instances.get(**where, instance="web")
    assert (instance.status, dict(instance.labels)) == ("TERMINATED", {"team": "ops"})
    sdk.wait(instances.start_unary(**where, instance="web"))
    console = instances.get_serial_port_output(**where, instance="web")
    assert "web login:" in console.contents
    sdk.wait(instances.delete_unary(**where, instance="web"))
    with pytest.raises(exceptions.NotFound):
        instances.get(**where, instance="web")


def _stop_is_rejected(sdk: Sdk, name: str) -> bool:
    """Return whether stopping an instance is rejected while the instance is being created.

    On a busy computer, the creation may complete before the stop is received.
    """
    instances = sdk.client(compute_v1.InstancesClient)
    where = {"project": sdk.project, "zone": ZONE}
    instances.insert_unary(**where, instance_resource=new_instance(name))
    try:
        instances.stop_unary(**where, instance=name)
    except exceptions.BadRequest as busy:
        return bool(busy.errors[0]["reason"] == "resourceNotReady")
    return False


def test_errors_map_to_the_exceptions_of_the_sdk(gcp_sandbox: GcpSandbox) -> None:
    sdk = new_sdk(gcp_sandbox)
    instances = sdk.client(compute_v1.InstancesClient)
    where = {"project": sdk.project, "zone": ZONE}
    instances.insert_unary(**where, instance_resource=new_instance("web"))
    with pytest.raises(exceptions.Conflict) as taken:
        instances.insert_unary(**where, instance_resource=new_instance("web"))
    assert taken.value.errors[0]["reason"] == "alreadyExists"
    assert any(_stop_is_rejected(sdk, f"web-{number}") for number in range(20))
    with pytest.raises(exceptions.Forbidden):
        instances.list(project="other-project", zone=ZONE)


def test_lists_of_the_estate_are_complete(gcp_estate: GcpSandbox) -> None:
    sdk = new_sdk(gcp_estate)
    gcp_estate.limit_pages(90)
    request = compute_v1.AggregatedListInstancesRequest(project=sdk.project)
    pager = sdk.client(compute_v1.InstancesClient).aggregated_list(request=request)
    ids = [instance.id for _, part in pager for instance in part.instances]
    assert len(ids) == len(set(ids)) >= 300
    disks = sdk.client(compute_v1.DisksClient).aggregated_list(project=sdk.project)
    assert sum(len(part.disks) for _, part in disks) > len(ids)
    rules = sdk.client(compute_v1.ForwardingRulesClient).aggregated_list(project=sdk.project)
    assert {scope for scope, part in rules if part.forwarding_rules} >= {"global"}
    image = sdk.client(compute_v1.ImagesClient).get_from_family(
        project="ubuntu-os-cloud", family="ubuntu-2404-lts-amd64"
    )
    assert image.status == "READY"
    regions = sdk.client(compute_v1.RegionsClient).list(project=sdk.project)
    assert "europe-west3" in [region.name for region in regions]
