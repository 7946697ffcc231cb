"""Google's own SDK drives the sandbox GCP."""

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
    """Makes the SDK's clients, and waits for their operations."""

    sandbox: GcpSandbox
    credential: Any
    project: str = "sandbox-project"

    def client(self, kind: Any) -> Any:
        """Return a client of the SDK that asks the sandbox."""
        options = {"api_endpoint": self.sandbox.endpoint}
        return kind(credentials=self.credential, client_options=options, transport="rest")

    def wait(self, operation: Any) -> Any:
        """Wait for a zonal operation and return it."""
        ended = self.client(compute_v1.ZoneOperationsClient).wait(
            project=self.project, zone=ZONE, operation=operation.name
        )
        assert ended.status == compute_v1.Operation.Status.DONE
        return ended


def sdk(sandbox: GcpSandbox) -> Sdk:
    made: Any = Credentials  # its constructor is not typed
    return Sdk(sandbox, made(sandbox.token()))


def wanted(name: str) -> compute_v1.Instance:
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


def test_the_life_of_a_machine(gcp_sandbox: GcpSandbox) -> None:
    made = sdk(gcp_sandbox)
    instances = made.client(compute_v1.InstancesClient)
    where = {"project": made.project, "zone": ZONE}
    request_id = str(uuid.uuid4())
    request = compute_v1.InsertInstanceRequest(
        **where, instance_resource=wanted("web"), request_id=request_id
    )
    operation = instances.insert_unary(request=request)
    assert instances.insert_unary(request=request).name == operation.name
    assert not made.wait(operation).error.errors
    found = instances.get(**where, instance="web")
    assert found.status == "RUNNING"
    assert found.disks[0].disk_size_gb == 30
    assert found.metadata.items[0].key == "ssh-keys"
    labels = compute_v1.InstancesSetLabelsRequest(
        labels={"team": "ops"}, label_fingerprint=found.label_fingerprint
    )
    made.wait(
        instances.set_labels_unary(
            **where, instance="web", instances_set_labels_request_resource=labels
        )
    )
    made.wait(instances.stop_unary(**where, instance="web"))
    found = instances.get(**where, instance="web")
    assert (found.status, dict(found.labels)) == ("TERMINATED", {"team": "ops"})
    made.wait(instances.start_unary(**where, instance="web"))
    console = instances.get_serial_port_output(**where, instance="web")
    assert "web login:" in console.contents
    made.wait(instances.delete_unary(**where, instance="web"))
    with pytest.raises(exceptions.NotFound):
        instances.get(**where, instance="web")


def _is_not_ready(made: Sdk, name: str) -> bool:
    """Return whether a stop is refused while the machine is made.

    Where this machine is busy, it is made before the next call is there.
    """
    instances = made.client(compute_v1.InstancesClient)
    where = {"project": made.project, "zone": ZONE}
    instances.insert_unary(**where, instance_resource=wanted(name))
    try:
        instances.stop_unary(**where, instance=name)
    except exceptions.BadRequest as busy:
        return bool(busy.errors[0]["reason"] == "resourceNotReady")
    return False


def test_errors_are_those_of_google(gcp_sandbox: GcpSandbox) -> None:
    made = sdk(gcp_sandbox)
    instances = made.client(compute_v1.InstancesClient)
    where = {"project": made.project, "zone": ZONE}
    instances.insert_unary(**where, instance_resource=wanted("web"))
    with pytest.raises(exceptions.Conflict) as taken:
        instances.insert_unary(**where, instance_resource=wanted("web"))
    assert taken.value.errors[0]["reason"] == "alreadyExists"
    assert any(_is_not_ready(made, f"web-{number}") for number in range(20))
    with pytest.raises(exceptions.Forbidden):
        instances.list(project="other-project", zone=ZONE)


def test_the_estate_is_read_to_the_end(gcp_estate: GcpSandbox) -> None:
    made = sdk(gcp_estate)
    gcp_estate.limit_pages(90)
    request = compute_v1.AggregatedListInstancesRequest(project=made.project)
    pager = made.client(compute_v1.InstancesClient).aggregated_list(request=request)
    found = [one for _, part in pager for one in part.instances]
    assert len(found) == len({one.id for one in found}) >= 300
    disks = made.client(compute_v1.DisksClient).aggregated_list(project=made.project)
    assert sum(len(part.disks) for _, part in disks) > len(found)
    rules = made.client(compute_v1.ForwardingRulesClient).aggregated_list(project=made.project)
    assert {scope for scope, part in rules if part.forwarding_rules} >= {"global"}
    image = made.client(compute_v1.ImagesClient).get_from_family(
        project="ubuntu-os-cloud", family="ubuntu-2404-lts-amd64"
    )
    assert image.status == "READY"
    regions = made.client(compute_v1.RegionsClient).list(project=made.project)
    assert "europe-west3" in [one.name for one in regions]
