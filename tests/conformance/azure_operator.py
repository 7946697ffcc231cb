"""A second principal at the Azure sandbox, which creates and counts resources."""

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
    """Sends requests in Resource Manager's wire format."""

    def __init__(self, sandbox: AzureSandbox, region: str, image: dict[str, str]) -> None:
        self._sandbox = sandbox
        self._region = region
        self._image = image
        self._numbers = count(1)
        self._pending: list[str] = []
        self._session = requests.Session()
        response = self._session.post(
            f"{sandbox.endpoint}/{sandbox.tenant_id}/oauth2/v2.0/token",
            data={
                "grant_type": "client_credentials",
                "client_id": sandbox.operator_id,
                "client_secret": sandbox.operator_secret,
                "scope": "https://management.azure.com/.default",
            },
            timeout=10,
        )
        self._session.headers["Authorization"] = f"Bearer {response.json()['access_token']}"
        self._subscription = f"/subscriptions/{sandbox.subscription_id}"
        self.subnet = self._path(NETWORK, "virtualNetworks", f"default-{region}/subnets/default")

    def list_all(self, provider: tuple[str, str], kind: str) -> list[dict[str, Any]]:
        """Return all resources of a kind in the subscription."""
        path = f"{self._subscription}/providers/{provider[0]}/{kind}"
        url = f"{self._sandbox.endpoint}{path}?api-version={provider[1]}"
        resources: list[dict[str, Any]] = []
        while url:
            page = self._call("GET", url)
            resources += page["value"]
            url = page.get("nextLink", "")
        return resources

    def vm(self, vm_id: str) -> dict[str, Any]:
        """Return a VM."""
        vm: dict[str, Any] = self._call("GET", self._url(vm_id, COMPUTE))
        return vm

    def create(self, kind: ResourceKind, count: int) -> list[str]:
        """Create resources of a kind, wait until all are ready and return their ids."""
        ids = [self._create(kind, next(self._numbers)) for _ in range(count)]
        self._await_ready()
        return ids

    def put(
        self, provider: tuple[str, str], kind: str, name: str, *, group: str = GROUP, **body: Any
    ) -> str:
        """Put a resource and return its id in lower case."""
        url = self._url(self._path(provider, kind, name, group), provider)
        resource = self._call("PUT", url, {"location": self._region, **body})
        self._pending.append(url)
        return str(resource["id"]).lower()

    def ready(self, resource_id: str) -> str:
        """Wait until everything that was put is ready, and return the id."""
        self._await_ready()
        return resource_id

    def _await_ready(self) -> None:
        end = time.monotonic() + SECONDS
        while self._pending:
            state = self._call("GET", self._pending[-1])["properties"].get("provisioningState")
            if state in {None, "Succeeded"}:
                self._pending.pop()
                continue
            assert time.monotonic() < end, f"{self._pending[-1]} is {state}"
            time.sleep(POLL_SECONDS)

    def disk(self, name: str, **body: Any) -> str:
        """Create an empty disk."""
        properties = {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4}
        return self.put(DISKS, "disks", name, **{"properties": properties, **body})

    def image(self, name: str) -> str:
        """Create an image of an empty disk."""
        disk = {"osType": "Linux", "osState": "Generalized"}
        source = {"managedDisk": {"id": self.disk(f"{name}-disk")}}
        storage = {"storageProfile": {"osDisk": {**disk, **source}}}
        return self.put(COMPUTE, "images", name, properties=storage)

    def gallery_image(self, gallery: str, image: str, version: str) -> str:
        """Create an image version, with its gallery and image definition."""
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

    def delete(self, resource_id: str, provider: tuple[str, str]) -> None:
        """Delete a resource and wait until it is gone."""
        url = self._url(resource_id, provider)
        assert self._session.delete(url, timeout=10).ok
        end = time.monotonic() + SECONDS
        while self._session.get(url, timeout=10).status_code != 404:
            assert time.monotonic() < end, f"{resource_id} still exists"
            time.sleep(POLL_SECONDS)

    def network(self, name: str) -> str:
        """Create a network with one subnet."""
        prefix = f"10.{100 + next(self._numbers)}.0.0/16"
        subnet = {
            "name": f"{SUBNET}-{name}",
            "properties": {"addressPrefix": prefix.replace("/16", "/24")},
        }
        properties = {"addressSpace": {"addressPrefixes": [prefix]}, "subnets": [subnet]}
        return self.put(NETWORK, "virtualNetworks", name, properties=properties)

    def instance(self, name: str, group: str = GROUP, **properties: Any) -> str:
        """Create a VM with an interface."""
        inner = {"subnet": {"id": self.subnet}, "privateIPAllocationMethod": "Dynamic"}
        configuration = {"ipConfigurations": [{"name": "primary", "properties": inner}]}
        interface = self.put(NETWORK, "networkInterfaces", f"{name}-nic", properties=configuration)
        self._await_ready()
        key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5vGx1lkVwCGvqVyRyCTlqZsTGQlYMBj0aMYw8nSXcc"
        ssh = {"publicKeys": [{"path": f"/home/{USER}/.ssh/authorized_keys", "keyData": key}]}
        linux = {"disablePasswordAuthentication": True, "ssh": ssh}
        vm = {
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
        return self.put(COMPUTE, "virtualMachines", name, group=group, properties=vm)

    def _create(self, kind: ResourceKind, number: int) -> str:
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
                frontend = {"name": "front", "properties": {"subnet": {"id": self.subnet}}}
                frontends = {"frontendIPConfigurations": [frontend]}
                return self.put(NETWORK, "loadBalancers", name, properties=frontends)

    def _path(self, provider: tuple[str, str], kind: str, name: str, group: str = GROUP) -> str:
        scope = f"{self._subscription}/resourceGroups/{group}"
        return f"{scope}/providers/{provider[0]}/{kind}/{name}"

    def _url(self, path: str, provider: tuple[str, str]) -> str:
        return f"{self._sandbox.endpoint}{path}?api-version={provider[1]}"

    def _call(self, method: str, url: str, body: Any = None) -> Any:
        response = self._session.request(method, url, json=body, timeout=10)
        assert response.ok, response.text
        return response.json()
