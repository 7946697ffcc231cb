"""Helpers of the sandbox Azure's tests: SDK clients that check each response by its model."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pytest
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.core.pipeline.transport import RequestsTransport
from azure.identity import ClientSecretCredential
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.compute import models as compute
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.network import models as network
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.resources import models as resources

from skyclust_sandbox.azure.schema import MODELS, violations
from tests.fixtures.azure import AzureSandbox

LOCATION: Final = "westeurope"
GROUP: Final = "default"
SCOPE: Final = "https://management.azure.com/.default"
ADMINISTRATOR: Final = "ops"
KEY: Final = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFRlc3RLZXlPZlRoZVNhbmRib3hBenVyZQ test"
UBUNTU: Final = {
    "publisher": "Canonical",
    "offer": "ubuntu-24_04-lts",
    "sku": "server",
    "version": "latest",
}

_OTHER_MODELS: Final = (
    (r"/instanceView$", compute.VirtualMachineInstanceView),
    (r"/retrieveBootDiagnosticsData$", compute.RetrieveBootDiagnosticsDataResult),
    (r"/subnets(/[^/]+)?$", network.Subnet),
    (r"/vmSizes$", compute.VirtualMachineSize),
    (r"/usages$", compute.Usage),
    (r"/Microsoft\.Compute/skus$", compute.ResourceSku),
    (r"/versions/[^/]+$", compute.VirtualMachineImage),
    (r"/(publishers|offers|skus|versions)$", compute.VirtualMachineImageResource),
    (r"/resourceGroups(/[^/]+)?$", resources.ResourceGroup),
    (r"/resources$", resources.GenericResourceExpanded),
    (r"/tags/default$", resources.TagsResource),
    (r"/permissions$|^/subscriptions(/[^/]+)?$|^/subscriptions/[^/]+/locations$|^/tenants$", None),
)
"""The models of documents that are not tracked resources, by the end of their path."""


class HttpTransport(RequestsTransport):  # type: ignore[misc]  # the SDK loads it by name
    """Sends requests that azure-identity addresses to https over http."""

    def send(self, request: Any, **options: Any) -> Any:
        """Send a request over http."""
        request.url = "http" + request.url.removeprefix("https")
        return super().send(request, **options)


class BearerTokenPolicy(SansIOHTTPPolicy[Any, Any]):
    """Adds a token to requests over http."""

    def __init__(self, token: str) -> None:
        self._token = token

    def on_request(self, request: Any) -> None:
        """Add the Authorization header."""
        request.http_request.headers["Authorization"] = f"Bearer {self._token}"


class SchemaCheckPolicy(SansIOHTTPPolicy[Any, Any]):
    """Checks every response by the SDK's model."""

    def on_response(self, request: Any, response: Any) -> None:
        """Fail for a response that violates its model."""
        response.http_response.read()
        text = response.http_response.text()
        path = urllib.parse.urlsplit(request.http_request.url).path
        check_schema(path, response.http_response.status_code, json.loads(text) if text else None)


@dataclass(frozen=True)
class Clients:
    """The SDK's clients of one principal; typed Any, because their annotations lack plain JSON."""

    compute: Any
    network: Any
    resources: Any
    token: str


@dataclass(frozen=True)
class Response:
    """The status, headers and content of a response."""

    status: int
    headers: dict[str, str]
    content: Any

    @property
    def code(self) -> str:
        """Return the error code."""
        return str(self.content["error"]["code"])


def check_schema(path: str, status: int, content: Any) -> None:
    """Fail unless a response conforms to the model of its path."""
    if content is None:
        assert status in {200, 202, 204, 404}
        return
    if status >= 400:
        assert set(content["error"]) >= {"code", "message"}
        return
    if re.search(r"/operations/[^/]+$", path):
        assert content["status"] in {"InProgress", "Succeeded", "Failed"}
        return
    if re.search(r"/operationResults/[^/]+$", path):
        return
    model = model_of(path)
    items = [content]
    if isinstance(content, list):
        items = content
    elif "value" in content:
        assert set(content) <= {"value", "nextLink", "count"}
        items = content["value"]
    if model is not None:
        assert [text for item in items for text in violations(model, item)] == []


def model_of(path: str) -> type | None:
    """Return the SDK's model for a path; raises KeyError for an unknown path."""
    for pattern, model in _OTHER_MODELS:
        if re.search(pattern, path, re.IGNORECASE):
            return model
    type_path = re.sub(r"locations/[^/]+/", "", path.rpartition("/providers/")[2])
    return MODELS["/".join(type_path.split("/")[:2]).lower()]


def credential(sandbox: AzureSandbox, client_id: str = "", secret: str = "") -> Any:
    """Return azure-identity's credential of a client, by default the main client."""
    return ClientSecretCredential(
        sandbox.tenant_id,
        client_id or sandbox.client_id,
        secret or sandbox.client_secret,
        authority=sandbox.endpoint.replace("http:", "https:"),
        disable_instance_discovery=True,
        transport=HttpTransport(),
        retry_total=0,
    )


def clients(sandbox: AzureSandbox, client_id: str = "", secret: str = "") -> Clients:
    """Return the SDK's clients without retries."""
    identity = credential(sandbox, client_id, secret)
    token = identity.get_token(SCOPE).token
    options: dict[str, Any] = {
        "base_url": sandbox.endpoint,
        "credential_scopes": [SCOPE],
        "authentication_policy": BearerTokenPolicy(token),
        "per_call_policies": [SchemaCheckPolicy()],
        "polling_interval": 0.02,
        "retry_total": 0,
    }
    subscription = sandbox.subscription_id
    return Clients(
        ComputeManagementClient(identity, subscription, **options),
        NetworkManagementClient(identity, subscription, **options),
        ResourceManagementClient(identity, subscription, **options),
        token,
    )


def send(
    sandbox: AzureSandbox,
    method: str,
    path: str,
    body: object = None,
    *,
    token: str = "",
    version: str = "2024-07-01",
    **headers: str,
) -> Response:
    """Send a request without the SDK; `path` may omit the main subscription."""
    url = path if path.startswith("http") else sandbox.endpoint + absolute_path(sandbox, path)
    if version and "api-version=" not in url:
        url += f"{'&' if '?' in url else '?'}api-version={version}"
    all_headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if token:
        all_headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=all_headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            text = response.read()
            return Response(
                response.status, dict(response.headers), json.loads(text) if text else None
            )
    except urllib.error.HTTPError as error:
        with error:
            text = error.read()
            return Response(error.code, dict(error.headers), json.loads(text) if text else None)


def absolute_path(sandbox: AzureSandbox, path: str) -> str:
    """Return a path with the main subscription, unless it is absolute already."""
    if path.lower().startswith(("/subscriptions", "/tenants", "/metadata", "/msi")):
        return path
    return f"/subscriptions/{sandbox.subscription_id}{path}"


def resource_id(sandbox: AzureSandbox, kind: str, name: str, group: str = GROUP) -> str:
    """Return the id of a resource of the main subscription."""
    return absolute_path(sandbox, f"/resourceGroups/{group}/providers/{kind}/{name}")


def subnet_id(sandbox: AzureSandbox, location: str = LOCATION) -> str:
    """Return the id of a location's default subnet."""
    network_id = resource_id(sandbox, "Microsoft.Network/virtualNetworks", f"default-{location}")
    return f"{network_id}/subnets/default"


def create_interface(sandbox: AzureSandbox, azure: Clients, name: str, **options: Any) -> str:
    """Create an interface in the default subnet and return its id."""
    properties = {"subnet": {"id": subnet_id(sandbox)}, **options}
    interface = azure.network.network_interfaces.begin_create_or_update(
        GROUP,
        name,
        {
            "location": LOCATION,
            "properties": {"ipConfigurations": [{"name": "ipconfig1", "properties": properties}]},
        },
    ).result()
    return str(interface.id)


def vm_body(interface_id: str, *, option: str = "Delete", **properties: Any) -> dict[str, Any]:
    """Return the body of a small VM; `option` is the delete option of its disk and interface."""
    image = {"imageReference": dict(UBUNTU)}
    os_disk = {"createOption": "FromImage", "deleteOption": option}
    keys = [{"path": f"/home/{ADMINISTRATOR}/.ssh/authorized_keys", "keyData": KEY}]
    return {
        "location": LOCATION,
        "tags": {"team": "test"},
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_B2s"},
            "storageProfile": {**image, "osDisk": os_disk, "dataDisks": []},
            "osProfile": {
                "computerName": "host",
                "adminUsername": ADMINISTRATOR,
                "customData": "I2Nsb3VkLWNvbmZpZw==",
                "linuxConfiguration": {
                    "disablePasswordAuthentication": True,
                    "ssh": {"publicKeys": keys},
                },
            },
            "networkProfile": {
                "networkInterfaces": [
                    {"id": interface_id, "properties": {"primary": True, "deleteOption": option}}
                ]
            },
            "diagnosticsProfile": {"bootDiagnostics": {"enabled": True}},
            **properties,
        },
    }


def create_vm(sandbox: AzureSandbox, azure: Clients, name: str, **options: Any) -> Any:
    """Create a running VM with its own interface and return it."""
    interface_id = create_interface(sandbox, azure, f"{name}-nic")
    return azure.compute.virtual_machines.begin_create_or_update(
        GROUP, name, vm_body(interface_id, **options)
    ).result()


def power_state(azure: Clients, name: str) -> str:
    """Return the power state of a VM, empty if it has none."""
    statuses = azure.compute.virtual_machines.instance_view(GROUP, name).statuses or []
    codes = [str(status.code) for status in statuses]
    states = [code for code in codes if code.startswith("PowerState/")]
    return states[0].partition("/")[2] if states else ""


def error_of(
    call: Callable[..., Any], *arguments: Any, **options: Any
) -> tuple[int | None, str | None]:
    """Return the status and the error code of a call that fails."""
    with pytest.raises(HttpResponseError) as raised:
        call(*arguments, **options)
    error = raised.value.error
    return raised.value.status_code, None if error is None else error.code
