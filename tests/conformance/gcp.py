"""The sandbox GCP as the conformance suite wants it: seeded, counted, and failing on demand."""

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
from tests.unit.gcp.documented_codes import unplaced_classes, unplaced_codes

SUBNET_NAME: Final = "default"

CHANGES: Final = (
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
"""What a provider changes by, but for the insert of an instance."""


def faults_of(failure: Failure, who: str, denied: str | None) -> list[Fault]:
    """Return how the calls of an account fail; in one region, or in all, when it is denied."""
    insert, lists = "compute.instances.insert", "compute.*ist"
    full = Fault(
        kind=FaultKind.ERROR, access_key=who, action=insert, code="ZONE_RESOURCE_POOL_EXHAUSTED"
    )
    lost = Fault(kind=FaultKind.DROP_REPLY, access_key=who, action=insert, times=1)
    made = {
        Failure.THROTTLED: Fault(kind=FaultKind.THROTTLE, access_key=who),
        Failure.BROKEN: Fault(kind=FaultKind.ERROR, access_key=who),
        Failure.DENIED: Fault(kind=FaultKind.DENY, access_key=who, region=denied),
        Failure.EXPIRED: Fault(kind=FaultKind.EXPIRE, access_key=who),
        Failure.LOST_REPLY: lost,
        Failure.HTML: Fault(kind=FaultKind.HTML, access_key=who),
        Failure.NULL: Fault(kind=FaultKind.NULL, access_key=who),
        Failure.NO_LIST: Fault(kind=FaultKind.EMPTY, access_key=who, action=lists),
        Failure.ENDLESS: Fault(kind=FaultKind.REPEAT, access_key=who, action=lists),
        Failure.NO_CAPACITY: full,
        Failure.NO_QUOTA: full.model_copy(update={"code": "QUOTA_EXCEEDED"}),
    }
    if failure is Failure.LOST_CHANGE:
        # The first of each kind: more is lost than the suite asks for.
        return [lost.model_copy(update={"action": f"compute.{one}"}) for one in CHANGES]
    return [made[failure]]


class GcpHarness:
    """Works in one region of the sandbox's main project.

    The suite's credential is that of one service account, and only that account's calls fail.
    The harness itself calls with a token of another of the project, so that it can seed and
    count at any time.
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
        """Return the key of an account that Google does not know."""
        email = "nobody@sandbox-project.iam.gserviceaccount.com"
        return self._credential({**self._key, "client_email": email}, self._sandbox.endpoint)

    def unreachable_credential(self) -> GcpCredential:
        """Return a credential for an endpoint where nothing listens: port 1, tcpmux."""
        return self._credential(self._key, "http://127.0.0.1:1")

    def _credential(self, key: Mapping[str, str], endpoint: str) -> GcpCredential:
        return GcpCredential.model_validate({"service_account_info": key, "endpoint": endpoint})

    def fail(self, failure: Failure) -> None:
        """Let the calls of the service account fail."""
        self._sandbox.inject(*faults_of(failure, self._sandbox.access_key, self.denied))

    def spoil(self, kind: ResourceKind) -> str:
        """Let one resource be listed without its own link, which is what names it."""
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

    def reuse(self, instance: InstanceReference) -> None:
        """No later instance has the id of one that is gone: its number is part of it."""

    def reboots(self) -> int:
        """Return how many requests for a reset have come."""
        return self._sandbox.calls().get("compute.instances.reset", 0)

    @property
    def denied(self) -> str | None:
        """The region that is denied; None for all."""
        return self.region

    def break_after(self, calls: int) -> None:
        """Lose the reply of the call after so many, and answer none that follows."""
        who = self._sandbox.access_key
        self._sandbox.inject(
            Fault(kind=FaultKind.DROP_REPLY, access_key=who, after=calls, times=1),
            Fault(kind=FaultKind.ERROR, access_key=who, after=calls),
        )

    def recover(self) -> None:
        """End every failure."""
        self._sandbox.clear()

    def calls(self) -> int:
        """Return the sandbox's count of calls."""
        return sum(self._sandbox.calls().values())

    def unmapped_errors(self) -> Sequence[str]:
        """Return the libraries' classes and Google's documented reasons that have no place."""
        return [*unplaced_classes(), *unplaced_codes()]

    def spec(self, name: str) -> InstanceSpec:
        """Return a small machine with a public address."""
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
        """Return the same machine by the names of its image and subnet."""
        names = {"image": IMAGE_NAME, "network": SUBNET_NAME}
        return self.spec(name).model_copy(update=names)

    def machines(self) -> int:
        """Return how many instances there are."""
        return len(self._listed(f"zones/{ZONE}/instances"))

    def belongings(self) -> Sequence[str]:
        """Return the ids of all instances, disks and static addresses of the region."""
        found = [
            *self._listed(f"zones/{ZONE}/instances"),
            *self._listed(f"zones/{ZONE}/disks"),
            *self._listed(f"regions/{REGION}/addresses"),
        ]
        return sorted("/".join(str(one["selfLink"]).split("/")[-3::2]) for one in found)

    def spare_disk(self) -> str:
        """Make a disk in the zone of the machines."""
        [disk] = self.seed(ResourceKind.DISK, 1)
        return disk

    def write(self, instance_id: str, text: str) -> None:
        """Write a text to every disk of a machine."""
        for disk in self._disks_of(instance_id):
            self._sandbox.write_disk(ZONE, disk, text)

    def read(self, instance_id: str) -> Sequence[str]:
        """Return the text on each disk of a machine."""
        return [self._sandbox.disk_content(ZONE, disk) for disk in self._disks_of(instance_id)]

    def _disks_of(self, instance_id: str) -> list[str]:
        machine = self._read(f"zones/{ZONE}/instances/{instance_id.split('/')[1]}")
        return [str(disk["source"]).rpartition("/")[2] for disk in machine["disks"]]

    def seed(self, kind: ResourceKind, number: int) -> Sequence[str]:
        """Make resources of a kind, all at once, and return their ids."""
        numbers = [next(self._numbers) for _ in range(number)]
        self._seeded = numbers[0]
        for step in STEPS[kind]:
            self._done([self._asked(*step(each)) for each in numbers])
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

    def _asked(self, path: str, content: Json) -> Json:
        """Ask for something to be made and return its operation."""
        reply = self._session.post(f"{self._base}/{path}", json=content, timeout=30)
        assert reply.ok, reply.text
        operation: Json = reply.json()
        return operation

    def _done(self, operations: Sequence[Json]) -> None:
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
    """The same for what belongs to no region: it is denied by denying everything."""

    region = "global"

    @property
    def denied(self) -> str | None:
        """The region that is denied; None for all."""
        return None
