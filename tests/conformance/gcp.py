"""The harness of the conformance suite for the sandbox GCP: seeding, counting and faults."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Final

import requests

from providers.gcp.credential import GcpCredential
from skyclust.conformance import Failure
from skyclust.model.instance import InstanceReference, InstanceSpec
from skyclust.model.resource import ResourceKind
from skyclust_sandbox.faults import Fault, FaultKind
from skyclust_sandbox.gcp.bigquery.names import FULL_NAME
from tests.conformance.gcp_seeds import (
    COLLECTIONS,
    IDS,
    IMAGE,
    IMAGE_NAME,
    NAMES,
    REGION,
    STEPS,
    ZONE,
    Json,
)
from tests.fixtures.gcp import GcpSandbox
from tests.unit.gcp.documented_codes import unmapped_classes, unmapped_codes

SUBNET_NAME: Final = "default"

CHANGES: Final = (
    "addresses.delete",
    "disks.delete",
    "disks.insert",
    "disks.setLabels",
    "instances.attachDisk",
    "instances.delete",
    "instances.detachDisk",
    "instances.reset",
    "instances.setLabels",
    "instances.setMachineType",
    "instances.start",
    "instances.stop",
    "snapshots.delete",
    "snapshots.insert",
)
"""The methods by which a provider makes changes, except instances.insert."""


def faults_of(failure: Failure, who: str, denied: str | None) -> list[Fault]:
    """Return the faults of a failure for the calls of an account.

    `denied` is the region that DENIED applies to, None for all regions.
    """
    insert, lists = "compute.instances.insert", "compute.*ist"
    no_capacity = Fault(
        kind=FaultKind.ERROR, access_key=who, action=insert, code="ZONE_RESOURCE_POOL_EXHAUSTED"
    )
    lost = Fault(kind=FaultKind.DROP_REPLY, access_key=who, action=insert, times=1)
    faults = {
        Failure.THROTTLED: Fault(kind=FaultKind.THROTTLE, access_key=who),
        Failure.BROKEN: Fault(kind=FaultKind.ERROR, access_key=who),
        Failure.DENIED: Fault(kind=FaultKind.DENY, access_key=who, region=denied),
        Failure.EXPIRED: Fault(kind=FaultKind.EXPIRE, access_key=who),
        Failure.LOST_REPLY: lost,
        Failure.HTML: Fault(kind=FaultKind.HTML, access_key=who),
        Failure.NULL: Fault(kind=FaultKind.NULL, access_key=who),
        Failure.NO_LIST: Fault(kind=FaultKind.EMPTY, access_key=who, action=lists),
        Failure.ENDLESS: Fault(kind=FaultKind.REPEAT, access_key=who, action=lists),
        Failure.NO_CAPACITY: no_capacity,
        Failure.NO_QUOTA: no_capacity.model_copy(update={"code": "QUOTA_EXCEEDED"}),
    }
    if failure is Failure.LOST_CHANGE:
        # The first reply of each method is lost: more than the suite requires.
        return [lost.model_copy(update={"action": f"compute.{method}"}) for method in CHANGES]
    return [faults[failure]]


class GcpHarness:
    """Works in one region of the sandbox's main project.

    The suite's credential belongs to one service account, and only the calls of this account
    fail. The harness itself calls with a token of another account of the project, so that it can
    seed and count at any time.
    """

    region = REGION
    smallest_page = 1
    deadline_seconds = 20.0
    poll_seconds = 0.02
    other_type = "e2-medium"
    unknown_instance_id = f"{ZONE}/nobody/1234567890123456789"
    unknown_disk_id = f"{ZONE}/no-such-disk"
    image_family = "ubuntu-24.04"
    console_text = "login:"
    unknown: Mapping[str, str] = {
        "image": "projects/debian-cloud/global/images/no-such-image",
        "type": "e2-humongous",
        "network": "projects/sandbox-project/global/networks/no-such-network",
    }

    def __init__(self, sandbox: GcpSandbox) -> None:
        self._sandbox = sandbox
        self._numbers = count(1)
        self._seeded = 0
        self._key = sandbox.service_account_key()
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {sandbox.token('operator')}"
        self._base = f"{sandbox.endpoint}/compute/v1/projects/{sandbox.account}"

    def credential(self) -> GcpCredential:
        """Return the credential of the project's service account."""
        return self._credential(self._key, self._sandbox.endpoint)

    def wrong_credential(self) -> GcpCredential:
        """Return a credential with the key of an unknown account."""
        email = "nobody@sandbox-project.iam.gserviceaccount.com"
        return self._credential({**self._key, "client_email": email}, self._sandbox.endpoint)

    def unreachable_credential(self) -> GcpCredential:
        """Return a credential for an endpoint where nothing listens: port 1, tcpmux."""
        return self._credential(self._key, "http://127.0.0.1:1")

    def _credential(self, key: Mapping[str, str], endpoint: str) -> GcpCredential:
        return GcpCredential.model_validate(
            {
                "service_account_info": key,
                "endpoint": endpoint,
                "billing_export_table": FULL_NAME,
            }
        )

    def fail(self, failure: Failure) -> None:
        """Make the calls of the service account fail."""
        self._sandbox.inject(*faults_of(failure, self._sandbox.access_key, self.denied))

    def corrupt(self, kind: ResourceKind) -> str:
        """Make the lists return a resource without its `selfLink`; return its name."""
        name = NAMES[kind].format(self._seeded)
        collection = COLLECTIONS[kind]
        self._sandbox.inject(
            Fault(
                kind=FaultKind.OMIT,
                access_key=self._sandbox.access_key,
                action=f"compute.{collection}.*ist",
                field="selfLink",
                item=name,
            )
        )
        return name

    def reuse_id(self, instance: InstanceReference) -> None:
        """Do nothing: the numeric id is part of an instance's id, so ids are not reused."""

    def reboots(self) -> int:
        """Return the number of reset requests."""
        return self._sandbox.calls().get("compute.instances.reset", 0)

    @property
    def denied(self) -> str | None:
        """The region that is denied; None for all."""
        return self.region

    def interrupt_after(self, calls: int) -> None:
        """Drop the reply of the call after the given number of calls, and fail all later calls."""
        who = self._sandbox.access_key
        self._sandbox.inject(
            Fault(kind=FaultKind.DROP_REPLY, access_key=who, after=calls, times=1),
            Fault(kind=FaultKind.ERROR, access_key=who, after=calls),
        )

    def recover(self) -> None:
        """End every failure."""
        self._sandbox.clear()

    def calls(self) -> int:
        """Return the number of calls that the sandbox has received."""
        return sum(self._sandbox.calls().values())

    def unmapped_errors(self) -> Sequence[str]:
        """Return the libraries' classes and Google's documented reasons that are not mapped."""
        return [*unmapped_classes(), *unmapped_codes()]

    def spec(self, name: str) -> InstanceSpec:
        """Return the spec of a small instance with a public address."""
        return InstanceSpec(
            name=name,
            region=REGION,
            zone=ZONE,
            type="e2-small",
            image=IMAGE,
            network=f"{REGION}/{SUBNET_NAME}",
            public_address=True,
            tags={"team": "conformance"},
        )

    def spec_by_names(self, name: str) -> InstanceSpec:
        """Return the same spec with the names of its image and its subnet."""
        names = {"image": IMAGE_NAME, "network": SUBNET_NAME}
        return self.spec(name).model_copy(update=names)

    def instance_count(self) -> int:
        """Return the number of instances."""
        return len(self._listed(f"zones/{ZONE}/instances"))

    def resource_ids(self) -> Sequence[str]:
        """Return the ids of all instances, disks and static addresses of the region."""
        resources = [
            *self._listed(f"zones/{ZONE}/instances"),
            *self._listed(f"zones/{ZONE}/disks"),
            *self._listed(f"regions/{REGION}/addresses"),
        ]
        return sorted(
            "/".join(str(resource["selfLink"]).split("/")[-3::2]) for resource in resources
        )

    def spare_disk(self) -> str:
        """Create a disk in the zone of the instances and return its id."""
        [disk] = self.seed(ResourceKind.DISK, 1)
        return disk

    def write_disks(self, instance_id: str, text: str) -> None:
        """Write a text to every disk of an instance."""
        for disk in self._disks_of(instance_id):
            self._sandbox.write_disk(ZONE, disk, text)

    def read_disks(self, instance_id: str) -> Sequence[str]:
        """Return the text on each disk of an instance."""
        return [self._sandbox.disk_content(ZONE, disk) for disk in self._disks_of(instance_id)]

    def _disks_of(self, instance_id: str) -> list[str]:
        instance = self._read(f"zones/{ZONE}/instances/{instance_id.split('/')[1]}")
        return [str(disk["source"]).rpartition("/")[2] for disk in instance["disks"]]

    def seed(self, kind: ResourceKind, number: int) -> Sequence[str]:
        """Create resources of a kind in parallel and return their ids."""
        numbers = [next(self._numbers) for _ in range(number)]
        self._seeded = numbers[0]
        for step in STEPS[kind]:
            self._wait_until_done([self._post(*step(each)) for each in numbers])
        if kind is ResourceKind.INSTANCE:
            return [self._instance_id(f"seed-{each}") for each in numbers]
        return [IDS[kind].format(each) for each in numbers]

    def _instance_id(self, name: str) -> str:
        return f"{ZONE}/{name}/{self._read(f'zones/{ZONE}/instances/{name}')['id']}"

    def _listed(self, path: str) -> list[Json]:
        items: list[Json] = self._read(path).get("items", [])
        return items

    def _read(self, path: str) -> Json:
        reply = self._session.get(f"{self._base}/{path}", timeout=30)
        reply.raise_for_status()
        content: Json = reply.json()
        return content

    def _post(self, path: str, content: Json) -> Json:
        """Send an insert request and return its operation."""
        reply = self._session.post(f"{self._base}/{path}", json=content, timeout=30)
        assert reply.ok, reply.text
        operation: Json = reply.json()
        return operation

    def _wait_until_done(self, operations: Sequence[Json]) -> None:
        """Wait until all operations are done."""
        end = time.monotonic() + self.deadline_seconds
        for each in operations:
            operation = each
            link = operation["selfLink"].partition("/compute/v1/")[2]
            while operation["status"] != "DONE":
                assert time.monotonic() < end, operation
                time.sleep(self.poll_seconds)
                where = f"{self._sandbox.endpoint}/compute/v1/{link}"
                operation = self._session.get(where, timeout=30).json()
            assert "error" not in operation, operation


class GlobalHarness(GcpHarness):
    """The harness for global resources: DENIED applies to all regions."""

    region = "global"

    @property
    def denied(self) -> str | None:
        """The region that is denied; None for all."""
        return None
