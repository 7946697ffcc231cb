"""What the tests of the sandbox Azure share: Azure's own clients, each reply held to its model."""

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

_OTHERS: Final = (
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
"""What is no resource of Compute or Network, by the end of its path."""


class Plain(RequestsTransport):  # type: ignore[misc]  # the SDK loads it by name
    """Sends to http what azure-identity addresses to https."""

    def send(self, request: Any, **options: Any) -> Any:
        """Send a request."""
        request.url = "http" + request.url.removeprefix("https")
        return super().send(request, **options)


class Token(SansIOHTTPPolicy[Any, Any]):
    """Adds a token to calls over plain http."""

    def __init__(self, token: str) -> None:
        self._token = token

    def on_request(self, request: Any) -> None:
        """Add it."""
        request.http_request.headers["Authorization"] = f"Bearer {self._token}"


class Held(SansIOHTTPPolicy[Any, Any]):
    """Holds every reply against the SDK's model of it."""

    def on_response(self, request: Any, response: Any) -> None:
        """Fail for a reply that the model does not have."""
        response.http_response.read()
        text = response.http_response.text()
        path = urllib.parse.urlsplit(request.http_request.url).path
        hold(path, response.http_response.status_code, json.loads(text) if text else None)


@dataclass(frozen=True)
class Clients:
    """The SDK's clients of one principal; their annotations know no plain JSON, they do."""

    compute: Any
    network: Any
    resources: Any
    token: str


@dataclass(frozen=True)
class Answer:
    """The status, headers and content of a reply."""

    status: int
    headers: dict[str, str]
    content: Any

    @property
    def code(self) -> str:
        """Why it was refused."""
        return str(self.content["error"]["code"])


def hold(path: str, status: int, content: Any) -> None:
    """Fail unless a reply is what the model of its path says."""
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
        assert [wrong for item in items for wrong in violations(model, item)] == []


def model_of(path: str) -> type | None:
    """Return the SDK's model of what is at a path; raises KeyError where none is known."""
    for pattern, model in _OTHERS:
        if re.search(pattern, path, re.IGNORECASE):
            return model
    below = re.sub(r"locations/[^/]+/", "", path.rpartition("/providers/")[2])
    return MODELS["/".join(below.split("/")[:2]).lower()]


def credential(sandbox: AzureSandbox, client_id: str = "", secret: str = "") -> Any:
    """Return azure-identity's own credential of a client, the main one unless told."""
    return ClientSecretCredential(
        sandbox.tenant_id,
        client_id or sandbox.client_id,
        secret or sandbox.client_secret,
        authority=sandbox.endpoint.replace("http:", "https:"),
        disable_instance_discovery=True,
        transport=Plain(),
        retry_total=0,
    )


def clients(sandbox: AzureSandbox, client_id: str = "", secret: str = "") -> Clients:
    """Return the SDK's clients; they make one attempt a call."""
    identity = credential(sandbox, client_id, secret)
    token = identity.get_token(SCOPE).token
    options: dict[str, Any] = {
        "base_url": sandbox.endpoint,
        "credential_scopes": [SCOPE],
        "authentication_policy": Token(token),
        "per_call_policies": [Held()],
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


def ask(
    sandbox: AzureSandbox,
    method: str,
    path: str,
    body: object = None,
    *,
    token: str = "",
    version: str = "2024-07-01",
    **headers: str,
) -> Answer:
    """Make one call as it goes over the wire; `path` begins after the subscription."""
    url = path if path.startswith("http") else sandbox.endpoint + whole(sandbox, path)
    if version and "api-version=" not in url:
        url += f"{'&' if '?' in url else '?'}api-version={version}"
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if token:
        sent["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=sent, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            text = reply.read()
            return Answer(reply.status, dict(reply.headers), json.loads(text) if text else None)
    except urllib.error.HTTPError as error:
        with error:
            text = error.read()
            return Answer(error.code, dict(error.headers), json.loads(text) if text else None)


def whole(sandbox: AzureSandbox, path: str) -> str:
    """Return a path below the main subscription; one below the root is left as it is."""
    if path.lower().startswith(("/subscriptions", "/tenants", "/metadata", "/msi")):
        return path
    return f"/subscriptions/{sandbox.subscription_id}{path}"


def id_of(sandbox: AzureSandbox, kind: str, name: str, group: str = GROUP) -> str:
    """Return the id of a resource of the main subscription."""
    return whole(sandbox, f"/resourceGroups/{group}/providers/{kind}/{name}")


def subnet_id(sandbox: AzureSandbox, location: str = LOCATION) -> str:
    """Return the id of a location's default subnet."""
    network_id = id_of(sandbox, "Microsoft.Network/virtualNetworks", f"default-{location}")
    return f"{network_id}/subnets/default"


def make_interface(sandbox: AzureSandbox, with_: Clients, name: str, **more: Any) -> str:
    """Make an interface in the default subnet and return its id."""
    configured = {"subnet": {"id": subnet_id(sandbox)}, **more}
    made = with_.network.network_interfaces.begin_create_or_update(
        GROUP,
        name,
        {
            "location": LOCATION,
            "properties": {"ipConfigurations": [{"name": "one", "properties": configured}]},
        },
    ).result()
    return str(made.id)


def machine(interface_id: str, *, option: str = "Delete", **properties: Any) -> dict[str, Any]:
    """Return the body of a small machine; what belongs to it ends with it unless told."""
    image = {"imageReference": dict(UBUNTU)}
    system = {"createOption": "FromImage", "deleteOption": option}
    keys = [{"path": f"/home/{ADMINISTRATOR}/.ssh/authorized_keys", "keyData": KEY}]
    return {
        "location": LOCATION,
        "tags": {"team": "test"},
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_B2s"},
            "storageProfile": {**image, "osDisk": system, "dataDisks": []},
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


def make_machine(sandbox: AzureSandbox, with_: Clients, name: str, **more: Any) -> Any:
    """Make a machine with an interface of its own and return it, running."""
    interface_id = make_interface(sandbox, with_, f"{name}-nic")
    return with_.compute.virtual_machines.begin_create_or_update(
        GROUP, name, machine(interface_id, **more)
    ).result()


def power_of(with_: Clients, name: str) -> str:
    """Return the power state of a machine, empty when it has none."""
    statuses = with_.compute.virtual_machines.instance_view(GROUP, name).statuses or []
    codes = [str(one.code) for one in statuses if str(one.code).startswith("PowerState/")]
    return codes[0].partition("/")[2] if codes else ""


def refusal(do: Callable[..., Any], *arguments: Any, **named: Any) -> tuple[int | None, str | None]:
    """Return the status and code with which a call is refused."""
    with pytest.raises(HttpResponseError) as raised:
        do(*arguments, **named)
    error = raised.value.error
    return raised.value.status_code, None if error is None else error.code
