"""A second principal at the sandbox Azure, who makes and counts things beside the suite's."""

from __future__ import annotations

import time
from itertools import count
from typing import Any, Final

import requests

from skyclust.model.resource import ResourceKind
from tests.fixtures.azure import AzureSandbox

GROUP: Final = "default"
SUBNET: Final = "seed"
USER: Final = "seed"
SECONDS: Final = 20.0
POLL_SECONDS: Final = 0.01
COMPUTE: Final = ("Microsoft.Compute", "2024-11-01")
GALLERIES: Final = ("Microsoft.Compute", "2023-07-03")
DISKS: Final = ("Microsoft.Compute", "2024-03-02")
NETWORK: Final = ("Microsoft.Network", "2024-05-01")


class AzureOperator:
    """Speaks Resource Manager's wire format."""

    def __init__(self, sandbox: AzureSandbox, region: str, image: dict[str, str]) -> None:
        self._sandbox = sandbox
        self._region = region
        self._image = image
        self._numbers = count(1)
        self._asked_for: list[str] = []
        self._session = requests.Session()
        answer = self._session.post(
            f"{sandbox.endpoint}/{sandbox.tenant_id}/oauth2/v2.0/token",
            data={
                "grant_type": "client_credentials",
                "client_id": sandbox.operator_id,
                "client_secret": sandbox.operator_secret,
                "scope": "https://management.azure.com/.default",
            },
            timeout=10,
        )
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        self._subscription = f"/subscriptions/{sandbox.subscription_id}"
        self.subnet = self._path(NETWORK, "virtualNetworks", f"default-{region}/subnets/default")

    def list_all(self, provider: tuple[str, str], kind: str) -> list[dict[str, Any]]:
        """Return all things of a kind in the subscription."""
        path = f"{self._subscription}/providers/{provider[0]}/{kind}"
        address = f"{self._sandbox.endpoint}{path}?api-version={provider[1]}"
        found: list[dict[str, Any]] = []
        while address:
            page = self._call("GET", address)
            found += page["value"]
            address = page.get("nextLink", "")
        return found

    def machine(self, machine_id: str) -> dict[str, Any]:
        """Return one machine."""
        found: dict[str, Any] = self._call("GET", self._at(machine_id, COMPUTE))
        return found

    def make(self, kind: ResourceKind, number: int) -> list[str]:
        """Make things of a kind, wait until all are ready and return their ids."""
        made = [self._make(kind, next(self._numbers)) for _ in range(number)]
        self._await_ready()
        return made

    def put(
        self, provider: tuple[str, str], kind: str, name: str, *, group: str = GROUP, **body: Any
    ) -> str:
        """Ask for one thing and return its id in lower case."""
        address = self._at(self._path(provider, kind, name, group), provider)
        made = self._call("PUT", address, {"location": self._region, **body})
        self._asked_for.append(address)
        return str(made["id"]).lower()

    def ready(self, thing_id: str) -> str:
        """Return an id when everything that was asked for is ready."""
        self._await_ready()
        return thing_id

    def _await_ready(self) -> None:
        end = time.monotonic() + SECONDS
        while self._asked_for:
            state = self._call("GET", self._asked_for[-1])["properties"].get("provisioningState")
            if state in {None, "Succeeded"}:
                self._asked_for.pop()
                continue
            assert time.monotonic() < end, f"{self._asked_for[-1]} is {state}"
            time.sleep(POLL_SECONDS)

    def disk(self, name: str, **body: Any) -> str:
        """Make an empty disk."""
        properties = {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4}
        return self.put(DISKS, "disks", name, **{"properties": properties, **body})

    def image(self, name: str) -> str:
        """Make an image of an empty disk."""
        disk = {"osType": "Linux", "osState": "Generalized"}
        source = {"managedDisk": {"id": self.disk(f"{name}-disk")}}
        storage = {"storageProfile": {"osDisk": {**disk, **source}}}
        return self.put(COMPUTE, "images", name, properties=storage)

    def gallery_image(self, gallery: str, image: str, version: str) -> str:
        """Make a version of an image in a gallery, both made with it."""
        self.put(GALLERIES, "galleries", gallery, properties={})
        definition = {
            "osType": "Linux",
            "osState": "Generalized",
            "architecture": "x64",
            "identifier": {"publisher": "contoso", "offer": image, "sku": "standard"},
        }
        inside = f"{gallery}/images/{image}"
        self.put(GALLERIES, "galleries", inside, properties=definition)
        source = {"source": {"id": self.disk(f"{image}-disk")}}
        storage = {"storageProfile": {"osDiskImage": source}}
        return self.put(GALLERIES, "galleries", f"{inside}/versions/{version}", properties=storage)

    def delete(self, thing_id: str, provider: tuple[str, str]) -> None:
        """Delete a thing and wait until it is gone."""
        address = self._at(thing_id, provider)
        assert self._session.delete(address, timeout=10).ok
        end = time.monotonic() + SECONDS
        while self._session.get(address, timeout=10).status_code != 404:
            assert time.monotonic() < end, f"{thing_id} is still there"
            time.sleep(POLL_SECONDS)

    def network(self, name: str) -> str:
        """Make a network with one subnet."""
        prefix = f"10.{100 + next(self._numbers)}.0.0/16"
        subnet = {
            "name": f"{SUBNET}-{name}",
            "properties": {"addressPrefix": prefix.replace("/16", "/24")},
        }
        properties = {"addressSpace": {"addressPrefixes": [prefix]}, "subnets": [subnet]}
        return self.put(NETWORK, "virtualNetworks", name, properties=properties)

    def instance(self, name: str, group: str = GROUP, **properties: Any) -> str:
        """Make a machine with an interface."""
        inner = {"subnet": {"id": self.subnet}, "privateIPAllocationMethod": "Dynamic"}
        configuration = {"ipConfigurations": [{"name": "primary", "properties": inner}]}
        interface = self.put(NETWORK, "networkInterfaces", f"{name}-nic", properties=configuration)
        self._await_ready()
        key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5vGx1lkVwCGvqVyRyCTlqZsTGQlYMBj0aMYw8nSXcc"
        ssh = {"publicKeys": [{"path": f"/home/{USER}/.ssh/authorized_keys", "keyData": key}]}
        linux = {"disablePasswordAuthentication": True, "ssh": ssh}
        machine = {
            "hardwareProfile": {"vmSize": "Standard_B2s"},
            "storageProfile": {
                "imageReference": self._image,
                "osDisk": {"createOption": "FromImage", "name": f"{name}-os"},
            },
            "osProfile": {
                "computerName": name, "adminUsername": USER, "linuxConfiguration": linux
            },
            "networkProfile": {"networkInterfaces": [{"id": interface}]},
            **properties,
        }  # fmt: skip
        return self.put(COMPUTE, "virtualMachines", name, group=group, properties=machine)

    def _make(self, kind: ResourceKind, number: int) -> str:
        name = f"seed-{number}"
        match kind:
            case ResourceKind.INSTANCE:
                return self.instance(name)
            case ResourceKind.DISK:
                return self.disk(name)
            case ResourceKind.SNAPSHOT:
                creation = {"createOption": "Copy", "sourceResourceId": self.disk(f"{name}-disk")}
                return self.put(DISKS, "snapshots", name, properties={"creationData": creation})
            case ResourceKind.IMAGE:
                return self.image(name)
            case ResourceKind.NETWORK:
                return self.network(name)
            case ResourceKind.SUBNET:
                return f"{self.network(name)}/subnets/{SUBNET}-{name}"
            case ResourceKind.FIREWALL:
                return self.put(NETWORK, "networkSecurityGroups", name, properties={})
            case ResourceKind.ADDRESS:
                static = {"publicIPAllocationMethod": "Static"}
                return self.put(NETWORK, "publicIPAddresses", name, properties=static)
            case ResourceKind.LOAD_BALANCER:
                front = {"name": "front", "properties": {"subnet": {"id": self.subnet}}}
                fronts = {"frontendIPConfigurations": [front]}
                return self.put(NETWORK, "loadBalancers", name, properties=fronts)

    def _path(self, provider: tuple[str, str], kind: str, name: str, group: str = GROUP) -> str:
        place = f"{self._subscription}/resourceGroups/{group}"
        return f"{place}/providers/{provider[0]}/{kind}/{name}"

    def _at(self, path: str, provider: tuple[str, str]) -> str:
        return f"{self._sandbox.endpoint}{path}?api-version={provider[1]}"

    def _call(self, method: str, address: str, body: Any = None) -> Any:
        answer = self._session.request(method, address, json=body, timeout=10)
        assert answer.ok, answer.text
        return answer.json()
