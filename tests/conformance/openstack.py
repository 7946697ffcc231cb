"""The harness of the OpenStack sandbox for the conformance suite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from providers.openstack.credential import OpenStackCredential
from skyclust.conformance import Failure
from skyclust.contract import BillingPeriod, CostMetric
from skyclust.model.instance import InstanceReference, InstanceSpec
from skyclust.model.resource import ResourceKind
from skyclust_sandbox.faults import Fault, FaultKind
from skyclust_sandbox.openstack.directory import REGIONS
from skyclust_sandbox.openstack.rating.points import CORE_HOUR
from tests.conformance.openstack_operator import Json, OpenStackOperator
from tests.conformance.openstack_seeds import OpenStackSeeds, list_call_of
from tests.fixtures.openstack import OpenStackSandbox
from tests.unit.openstack.documented_codes import unmapped_classes, unmapped_codes

IMAGE_NAME: Final = "ubuntu-24.04"
NETWORK_NAME: Final = "private"
CREATE: Final = "compute.servers.create"
CHANGES: Final = "[!i]*.*.[!lg]*"
"""Every action that changes something, except those of images and tokens."""


class OpenStackHarness:
    """Seeds, counts and injects failures in one region of the sandbox's main project.

    The suite uses the credential of the project's member, and only that user's calls fail. The
    harness itself uses an administrator of the same project, whose calls always work.
    """

    smallest_page = 1
    deadline_seconds = 20.0
    poll_seconds = 0.03
    other_type = "m1.medium"
    image_family = "ubuntu-24.04"
    console_text = "login:"
    unknown_instance_id = "0c9a4b7e-0000-4c1b-9d53-2f4f3a1f7e10"
    unknown_disk_id = "0c9a4b7e-0000-4c1b-9d53-2f4f3a1f7e11"
    unknown: Mapping[str, str] = {
        "image": "0c9a4b7e-0000-4c1b-9d53-2f4f3a1f7e12",
        "type": "m1.humongous",
        "network": "0c9a4b7e-0000-4c1b-9d53-2f4f3a1f7e13",
    }

    def __init__(self, sandbox: OpenStackSandbox) -> None:
        self._sandbox = sandbox
        self.region = sandbox.region
        self._operator = OpenStackOperator(sandbox)
        [self._image] = self._operator.get("image/v2/images", "images", name=IMAGE_NAME)
        [self._network] = self._operator.own("networks", name=NETWORK_NAME)
        [public] = self._operator.get("network/v2.0/networks", "networks", name="public")
        self._seeds = OpenStackSeeds(
            self._operator, image=self._image, network=self._network, public=public
        )

    def credential(self) -> OpenStackCredential:
        """Return the credential of the project's member."""
        return self._credential(self._sandbox.password, self._sandbox.auth_url)

    def wrong_credential(self) -> OpenStackCredential:
        """Return a credential with a wrong password."""
        return self._credential("canary-no-such-password", self._sandbox.auth_url)

    def unreachable_credential(self) -> OpenStackCredential:
        """Return a credential for an endpoint where nothing listens: port 1, tcpmux."""
        return self._credential(self._sandbox.password, "http://127.0.0.1:1/v3")

    def _credential(self, password: str, auth_url: str) -> OpenStackCredential:
        return OpenStackCredential.model_validate(
            {
                "endpoint": auth_url,
                "username": self._sandbox.user,
                "password": password,
                "user_domain_name": self._sandbox.domain,
                "project_name": self._sandbox.project,
                "project_domain_name": self._sandbox.domain,
                "rating_currency": "EUR",
            }
        )

    def fail(self, failure: Failure) -> None:
        """Make the calls of the project's member fail."""
        user = self._sandbox.user
        full = Fault(kind=FaultKind.ERROR, access_key=user, action=CREATE, code="NoValidHost")
        lost = Fault(kind=FaultKind.DROP_REPLY, access_key=user, action=CREATE, times=1)
        self._sandbox.inject(
            {
                Failure.THROTTLED: Fault(kind=FaultKind.THROTTLE, access_key=user),
                Failure.BROKEN: Fault(kind=FaultKind.ERROR, access_key=user),
                Failure.DENIED: Fault(kind=FaultKind.DENY, access_key=user, region=self.region),
                Failure.EXPIRED: Fault(kind=FaultKind.EXPIRE, access_key=user),
                Failure.LOST_REPLY: lost,
                Failure.LOST_CHANGE: lost.model_copy(update={"action": CHANGES}),
                Failure.HTML: Fault(kind=FaultKind.HTML, access_key=user),
                Failure.NULL: Fault(kind=FaultKind.NULL, access_key=user),
                Failure.NO_LIST: Fault(kind=FaultKind.EMPTY, access_key=user, action="*.list"),
                Failure.ENDLESS: Fault(kind=FaultKind.REPEAT, access_key=user, action="*.list"),
                Failure.NO_CAPACITY: full,
                Failure.NO_QUOTA: full.model_copy(update={"code": "QuotaExceeded"}),
            }[failure]
        )

    def corrupt(self, kind: ResourceKind) -> str:
        """Leave out the status of a server in lists, and the id of anything else."""
        corrupted = self._seeds.made[kind][-1]
        action, path, key = list_call_of(self._operator, kind)
        shown = self._operator.call("GET", f"{path}/{corrupted}")
        thing = shown[key] if key else shown
        field = "status" if kind is ResourceKind.INSTANCE else "id"
        self._sandbox.inject(
            Fault(
                kind=FaultKind.OMIT,
                access_key=self._sandbox.user,
                action=action,
                item=corrupted,
                field=field,
            )
        )
        if field == "status":
            return corrupted
        return str(thing.get("name") or thing["floating_ip_address"])

    def reuse_id(self, instance: InstanceReference) -> None:
        """Do nothing: Nova never uses an id again."""

    def reboots(self) -> int:
        """Return how many reboots the member has requested."""
        return self._sandbox.calls().get("compute.servers.reboot", 0)

    def interrupt_after(self, calls: int) -> None:
        """Drop the reply of the call after a number of calls, and fail all later calls."""
        user = self._sandbox.user
        self._sandbox.inject(
            Fault(kind=FaultKind.DROP_REPLY, access_key=user, after=calls, times=1),
            Fault(kind=FaultKind.ERROR, access_key=user, after=calls),
        )

    @property
    def cost_days(self) -> tuple[date, date]:
        """Return the last day of a month and the first of the next, both past; one is billed."""
        self._sandbox.bill_sample(1)
        first = (datetime.now(UTC).date() - timedelta(days=1)).replace(day=1)
        return first - timedelta(days=1), first + timedelta(days=1)

    def cost_total(
        self, period: BillingPeriod, start: date, end: date, metric: CostMetric
    ) -> Decimal:
        """Return what the rated hours of the sample of each region cost; the metrics are equal."""
        del period, metric
        begin, last = (datetime.combine(day, time(), UTC) for day in (start, end))
        hours = (min(last, datetime.now(UTC)) - begin) // timedelta(hours=1)
        return hours * CORE_HOUR * len(REGIONS)

    def limit_cost_pages(self, largest: int) -> None:
        """Limit every page to so many rated hours."""
        self._sandbox.limit_pages(largest)

    def recover(self) -> None:
        """Remove all injected failures."""
        self._sandbox.clear()

    def calls(self) -> int:
        """Return the number of calls that the sandbox has received."""
        return sum(self._sandbox.calls().values())

    def unmapped_errors(self) -> Sequence[str]:
        """Return the SDK's classes and OpenStack's documented codes without a mapping."""
        return [*unmapped_classes(), *unmapped_codes()]

    def spec(self, name: str) -> InstanceSpec:
        """Return the spec of a small instance with a public address."""
        return InstanceSpec(
            name=name,
            region=self.region,
            type="m1.small",
            image=self._image["id"],
            network=self._network["id"],
            public_address=True,
            tags={"team": "conformance"},
        )

    def spec_by_names(self, name: str) -> InstanceSpec:
        """Return the same spec with the names of its image and network."""
        names = {"image": IMAGE_NAME, "network": NETWORK_NAME}
        return self.spec(name).model_copy(update=names)

    def instance_count(self) -> int:
        """Return the number of servers in the project."""
        return len(self._operator.get("compute/v2.1/servers", "servers"))

    def resource_ids(self) -> Sequence[str]:
        """Return the ids of servers, volumes, ports of servers and floating IPs."""
        ports = self._operator.own("ports")
        items = [
            *self._operator.get("compute/v2.1/servers", "servers"),
            *self._operator.get(self._operator.volumes("volumes"), "volumes"),
            *(port for port in ports if port["device_owner"].startswith("compute:")),
            *(port for port in ports if not port["device_owner"]),
            *self._operator.own("floatingips"),
        ]
        return sorted(item["id"] for item in items)

    def write_disks(self, instance_id: str, text: str) -> None:
        """Write a text to the local disk of a server and to its volumes."""
        for disk in self._disks(instance_id):
            self._sandbox.write(disk, text)

    def read_disks(self, instance_id: str) -> Sequence[str]:
        """Return the text on the local disk of a server and on its volumes."""
        return [self._sandbox.content(disk) for disk in self._disks(instance_id)]

    def _disks(self, instance_id: str) -> list[str]:
        server = self._operator.call("GET", f"compute/v2.1/servers/{instance_id}")["server"]
        volumes = server["os-extended-volumes:volumes_attached"]
        return [instance_id, *(volume["id"] for volume in volumes)]

    def act(self, instance_id: str, body: Json) -> None:
        """Request an action of a server as the administrator."""
        self._operator.call("POST", f"compute/v2.1/servers/{instance_id}/action", body)

    def delete_server(self, instance_id: str) -> None:
        """Delete a server as the administrator."""
        self._operator.call("DELETE", f"compute/v2.1/servers/{instance_id}")

    def made(self, path: str, key: str, body: Json) -> str:
        """Create an object by a POST in the region as the administrator; return its id."""
        return self._operator.made(path, key, body)

    def image(self, body: Json) -> str:
        """Create an image as the administrator; return its id."""
        return str(self._operator.call("POST", "image/v2/images", body)["id"])

    def change(self, path: str, body: Json | None) -> None:
        """Send a PUT to a path of the region as the administrator."""
        self._operator.call("PUT", path, body)

    def remove(self, path: str) -> None:
        """Send a DELETE to a path of the region as the administrator."""
        self._operator.call("DELETE", path)

    def spare_disk(self) -> str:
        """Create a volume that is not attached."""
        return self.seed(ResourceKind.DISK, 1)[0]

    def seed(self, kind: ResourceKind, number: int) -> Sequence[str]:
        """Create resources of a kind and return their ids."""
        return self._seeds.make(kind, number)
