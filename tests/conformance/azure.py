"""The harness of the conformance suite for the Azure sandbox: seeds, counts and faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from providers.azure.credential import AzureCredential
from skyclust.conformance import Failure
from skyclust.model.instance import InstanceReference, InstanceSpec
from skyclust.model.resource import ResourceKind
from skyclust_sandbox.faults import Fault, FaultKind
from tests.conformance.azure_costs import AzureCostHarness
from tests.conformance.azure_operator import COMPUTE, DISKS, NETWORK, AzureOperator
from tests.fixtures.azure import AzureSandbox
from tests.unit.azure.documented_codes import unmapped_classes, unmapped_codes

REGION: Final = "westeurope"
IMAGE: Final = {
    "publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"
}  # fmt: skip
EVERY_CALL_BUT_TOKENS: Final = "[!T]*"
LISTS_BUT_LOCATIONS: Final = ("[!S]*_List*", "Sn*_List*", "Query_Usage")
CHANGES: Final = (
    *("*_CreateOrUpdate*", "*_Update*", "*_Delete*"),
    *("*_Start", "*_PowerOff", "*_Deallocate", "*_Restart"),
)


class AzureHarness(AzureCostHarness):
    """Works in one region of the sandbox's main subscription.

    The suite's credential is a service principal, and only its calls fail. The harness itself
    works as another principal, so that it can seed and count at any time.
    """

    region = REGION
    smallest_page = 1
    deadline_seconds = 20.0
    poll_seconds = 0.02
    other_type = "Standard_D2s_v5"
    image_family = "ubuntu-24.04"
    console_text = "Linux version"

    def __init__(self, sandbox: AzureSandbox) -> None:
        self._sandbox = sandbox
        super().__init__(sandbox)
        sandbox.limit_pages(self.smallest_page)
        self._operator = AzureOperator(sandbox, REGION, IMAGE)
        self._seeded: dict[ResourceKind, str] = {}
        compute = f"/subscriptions/{sandbox.subscription_id}/resourcegroups/skyclust/providers"
        self.unknown_instance_id = f"{compute}/microsoft.compute/virtualmachines/nobody"
        self.unknown_disk_id = f"{compute}/microsoft.compute/disks/nothing"
        self.unknown: Mapping[str, str] = {
            "image": "Canonical:ubuntu-24_04-lts:server:1.2.3",
            "type": "Standard_Humongous",
            "network": self._operator.subnet.replace("subnets/default", "subnets/nowhere"),
        }

    def credential(self) -> AzureCredential:
        """Return the suite's own service principal."""
        return self._credential(self._sandbox.client_secret, self._sandbox.endpoint)

    def wrong_credential(self) -> AzureCredential:
        """Return the service principal with a secret that it does not have."""
        return self._credential("canary-of-a-wrong-secret", self._sandbox.endpoint)

    def unreachable_credential(self) -> AzureCredential:
        """Return a credential for an endpoint where nothing listens: port 1, tcpmux."""
        return self._credential(self._sandbox.client_secret, "http://127.0.0.1:1")

    def _credential(self, secret: str, endpoint: str) -> AzureCredential:
        return AzureCredential.model_validate(
            {
                "subscription_id": self._sandbox.subscription_id,
                "tenant_id": self._sandbox.tenant_id,
                "client_id": self._sandbox.client_id,
                "client_secret": secret,
                "endpoint": endpoint,
                "authority": endpoint,
            }
        )

    def fail(self, failure: Failure) -> None:
        """Make the calls of the suite's principal fail.

        A denied list is denied for the whole subscription: Azure has no list of one region.
        """
        user = self._sandbox.client_id
        fault = partial(Fault, access_key=user)
        create = partial(fault, action="VirtualMachines_CreateOrUpdate")
        lists = [partial(fault, action=action) for action in LISTS_BUT_LOCATIONS]
        faults: dict[Failure, list[Fault]] = {
            Failure.THROTTLED: [fault(kind=FaultKind.THROTTLE)],
            Failure.BROKEN: [fault(kind=FaultKind.ERROR)],
            Failure.DENIED: [fault(kind=FaultKind.DENY, action=EVERY_CALL_BUT_TOKENS)],
            Failure.EXPIRED: [fault(kind=FaultKind.EXPIRE)],
            Failure.LOST_REPLY: [create(kind=FaultKind.DROP_REPLY, times=1)],
            Failure.LOST_CHANGE: [
                fault(kind=FaultKind.DROP_REPLY, action=action, times=1) for action in CHANGES
            ],
            Failure.HTML: [fault(kind=FaultKind.HTML)],
            Failure.NULL: [fault(kind=FaultKind.NULL)],
            Failure.NO_LIST: [each(kind=FaultKind.EMPTY) for each in lists],
            Failure.ENDLESS: [each(kind=FaultKind.REPEAT) for each in lists],
            Failure.NO_CAPACITY: [create(kind=FaultKind.ERROR, code="AllocationFailed")],
            Failure.NO_QUOTA: [create(kind=FaultKind.ERROR, code="QuotaExceeded")],
        }
        self._sandbox.inject(*faults[failure])

    def corrupt(self, kind: ResourceKind) -> str:
        """Make lists return a seeded resource without its id; return its name."""
        name = self._seeded[kind]
        user = self._sandbox.client_id
        omit = partial(Fault, kind=FaultKind.OMIT, access_key=user, field="id", item=name)
        self._sandbox.inject(omit(action="*_List*"))
        return name

    def reuse_id(self, instance: InstanceReference) -> InstanceReference:
        """Create a VM of the same name in the same resource group."""
        parts = instance.id.split("/")
        vm_id = self._operator.ready(self._operator.instance(parts[-1], group=parts[4]))
        assert vm_id == instance.id
        unique = self._operator.vm(vm_id)["properties"]["vmId"]
        return instance.model_copy(update={"unique_id": unique})

    def reboots(self) -> int:
        """Return the number of restarts that reached the sandbox, which refuses none itself."""
        return self._sandbox.calls().get("VirtualMachines_Restart", 0)

    def interrupt_after(self, calls: int) -> None:
        """Drop the reply of the call after this many, and fail all later calls."""
        user = self._sandbox.client_id
        self._sandbox.inject(
            Fault(kind=FaultKind.DROP_REPLY, access_key=user, after=calls, times=1),
            Fault(kind=FaultKind.ERROR, access_key=user, after=calls),
        )

    def recover(self) -> None:
        """End every failure."""
        self._sandbox.clear()

    def calls(self) -> int:
        """Return the sandbox's count of calls."""
        return sum(self._sandbox.calls().values())

    def unmapped_errors(self) -> Sequence[str]:
        """Return the SDK's classes and Azure's documented codes that are in no table."""
        return [*unmapped_classes(), *unmapped_codes()]

    def spec(self, name: str) -> InstanceSpec:
        """Return the spec of a small instance; its image is given by the id that Azure returns."""
        image = (
            f"/Subscriptions/{self._sandbox.subscription_id}/Providers/Microsoft.Compute"
            f"/Locations/{REGION}/Publishers/{IMAGE['publisher']}/ArtifactTypes/VMImage"
            f"/Offers/{IMAGE['offer']}/Skus/{IMAGE['sku']}/Versions/{IMAGE['version']}"
        )
        return InstanceSpec(
            name=name,
            region=REGION,
            type="Standard_B2s",
            image=image,
            network=self._operator.subnet,
            tags={"team": "conformance"},
            public_address=True,
        )

    def spec_by_names(self, name: str) -> InstanceSpec:
        """Return the same spec with the URN of the image and the name of the network."""
        names = {"image": ":".join(IMAGE.values()), "network": f"default-{REGION}"}
        return self.spec(name).model_copy(update=names)

    def instance_count(self) -> int:
        """Return the number of VMs in the region."""
        vms = self._operator.list_all(COMPUTE, "virtualMachines")
        return sum(1 for vm in vms if vm["location"] == REGION)

    def resource_ids(self) -> Sequence[str]:
        """Return the ids of VMs, disks, interfaces and addresses."""
        kinds = (
            (COMPUTE, "virtualMachines"),
            (DISKS, "disks"),
            (NETWORK, "networkInterfaces"),
            (NETWORK, "publicIPAddresses"),
        )
        return sorted(
            str(each["id"]).lower() for kind in kinds for each in self._operator.list_all(*kind)
        )

    def seed(self, kind: ResourceKind, count: int) -> Sequence[str]:
        """Create resources of a kind and return their ids."""
        created = self._operator.create(kind, count)
        self._seeded[kind] = created[0].rpartition("/")[2]
        return created

    def spare_disk(self) -> str:
        """Create a disk that nothing uses."""
        return self._operator.ready(self._operator.disk("spare"))

    def write_disks(self, instance_id: str, text: str) -> None:
        """Write a text to every disk of a VM."""
        for disk in self._disks(instance_id):
            self._sandbox.write(disk, text)

    def read_disks(self, instance_id: str) -> Sequence[str]:
        """Return the text on each disk of a VM."""
        return [self._sandbox.content(disk) for disk in self._disks(instance_id)]

    def _disks(self, instance_id: str) -> list[str]:
        storage = self._operator.vm(instance_id)["properties"]["storageProfile"]
        return [disk["managedDisk"]["id"] for disk in (storage["osDisk"], *storage["dataDisks"])]
