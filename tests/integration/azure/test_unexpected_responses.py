"""Responses that Azure does not document: missing lists, endless lists, pages of HTML."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from providers.azure.credential import AzureCredential
from providers.azure.provider import AzureProvider
from skyclust.errors import AuthenticationFailed, IncompleteList, SkyClustError, UnexpectedAnswer
from skyclust.model.instance import Instance
from skyclust.model.resource import Resource, ResourceKind
from skyclust_sandbox.application import CloudApplication
from skyclust_sandbox.azure.cloud import AzureCloud
from skyclust_sandbox.azure.state import AzureSettings
from skyclust_sandbox.control import Conditions, Control
from skyclust_sandbox.faults import Fault, FaultKind, Faults
from skyclust_sandbox.seeds import Seed
from tests.conformance.azure import REGION
from tests.conformance.azure_operator import AzureOperator
from tests.fixtures.azure import AzureSandbox
from tests.integration.azure.conftest import TOKEN, Spec

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

pytestmark = pytest.mark.integration

LISTS = {
    ResourceKind.ADDRESS: "*/publicIPAddresses",
    ResourceKind.DISK: "*/disks",
    ResourceKind.FIREWALL: "*/networkSecurityGroups",
    ResourceKind.IMAGE: "*/Microsoft.Compute/images",
    ResourceKind.INSTANCE: "*/virtualMachines",
    ResourceKind.LOAD_BALANCER: "*/loadBalancers",
    ResourceKind.NETWORK: "*/virtualNetworks",
    ResourceKind.SNAPSHOT: "*/snapshots",
    ResourceKind.SUBNET: "*/virtualNetworks",
}


class ReplacedResponses:
    """A sandbox whose responses to some reads are replaced."""

    def __init__(self, cloud: WSGIApplication) -> None:
        self._cloud = cloud
        self.responses: dict[str, Any] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, with the replacement for its path if there is one."""
        request = Request(environ)
        for path, body in self.responses.items():
            if request.method == "GET" and fnmatch(request.path.lower(), path.lower()):
                reply = Response(json.dumps(body), mimetype="application/json")
                return reply(environ, start_response)
        return self._cloud(environ, start_response)


@pytest.fixture(scope="module")
def replaced() -> Iterator[tuple[ReplacedResponses, str]]:
    """A sandbox in this process, and its address."""
    conditions = Conditions(Faults(seed=0))
    cloud = AzureCloud(AzureSettings(transition_seconds=0.0), conditions)
    control = Control("azure", "", Seed.EMPTY, cloud.restart, conditions)
    control.reset(None)
    application = ReplacedResponses(CloudApplication(cloud, control))
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield application, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()


@pytest.fixture
def modified(
    replaced: tuple[ReplacedResponses, str],
) -> Iterator[tuple[ReplacedResponses, AzureProvider]]:
    """The sandbox, and a provider for it."""
    application, endpoint = replaced
    credential = AzureCredential.model_validate(
        {
            "subscription_id": AzureSandbox.subscription_id,
            "tenant_id": AzureSandbox.tenant_id,
            "client_id": AzureSandbox.client_id,
            "client_secret": AzureSandbox.client_secret,
            "endpoint": endpoint,
            "authority": endpoint,
        }
    )
    yield application, AzureProvider(credential)
    application.responses.clear()


@pytest.mark.parametrize("body", [{}, {"value": None}, {"value": {}}, {"items": []}, [], None])
@pytest.mark.parametrize("kind", LISTS)
def test_a_response_without_its_list_is_no_empty_list(
    modified: tuple[ReplacedResponses, AzureProvider], kind: ResourceKind, body: Any
) -> None:
    application, provider = modified
    application.responses[LISTS[kind]] = body
    with pytest.raises(UnexpectedAnswer):
        list(provider.list_account(kind))


@pytest.mark.parametrize(
    ("child", "kind"),
    [
        ("*/galleries", ResourceKind.IMAGE),
        ("*/galleries/shared/images", ResourceKind.IMAGE),
        ("*/galleries/shared/images/golden/versions", ResourceKind.IMAGE),
        ("*/networkInterfaces", ResourceKind.INSTANCE),
        ("*/publicIPAddresses", ResourceKind.INSTANCE),
    ],
)
def test_a_nested_list_is_checked_too(
    modified: tuple[ReplacedResponses, AzureProvider],
    replaced: tuple[ReplacedResponses, str],
    child: str,
    kind: ResourceKind,
) -> None:
    application, provider = modified
    operator = AzureOperator(AzureSandbox(replaced[1], 0), REGION, {})
    operator.ready(operator.gallery_image("shared", "golden", "1.0.0"))
    application.responses[child] = {}
    with pytest.raises(UnexpectedAnswer):
        list(provider.list_account(kind))


def test_a_network_without_its_subnets_is_reported(
    modified: tuple[ReplacedResponses, AzureProvider],
) -> None:
    application, provider = modified
    [whole] = [
        each for page in provider.list_resources(REGION, ResourceKind.SUBNET) for each in page
    ]
    network = {"id": "/n/odd", "name": "odd", "location": REGION, "properties": {}}
    subnet = {"id": whole.id, "name": whole.name, "properties": {}}
    other = {**network, "name": "good", "properties": {"subnets": [subnet]}}
    application.responses[LISTS[ResourceKind.SUBNET]] = {"value": [network, other]}
    listed: list[Resource] = []
    pages = provider.list_resources(REGION, ResourceKind.SUBNET)
    with pytest.raises(IncompleteList, match="odd") as raised:
        listed.extend(each for page in pages for each in page)
    assert [each.id for each in listed] == [whole.id]
    assert [(each.region, each.name) for each in raised.value.items] == [(REGION, "/n/odd")]


@pytest.mark.parametrize("item", [None, 7, "text", [], {}, {"name": "odd"}, {"id": 7}])
@pytest.mark.parametrize("kind", LISTS)
def test_an_unreadable_item_is_reported_in_every_region(
    modified: tuple[ReplacedResponses, AzureProvider], kind: ResourceKind, item: Any
) -> None:
    """Its location is unknown, so no region's list is complete."""
    application, provider = modified
    application.responses[LISTS[kind]] = {"value": [item]}
    for region in (REGION, "eastus"):
        with pytest.raises(IncompleteList) as raised:
            list(provider.list_resources(region, kind))
        assert len(raised.value.items) == 1


def test_an_endless_list_is_detected(modified: tuple[ReplacedResponses, AzureProvider]) -> None:
    application, provider = modified
    next_link = "https://management.azure.com/subscriptions/s/disks?$skiptoken=a"
    application.responses["*/disks"] = {"value": [], "nextLink": next_link}
    with pytest.raises(UnexpectedAnswer, match="never ends"):
        list(provider.list_account(ResourceKind.DISK))


@pytest.mark.parametrize("link", [7, {"href": "x"}, "http://[", "/subscriptions/s/disks?x"])
def test_an_invalid_link_to_the_next_page_is_an_error(
    modified: tuple[ReplacedResponses, AzureProvider], link: Any
) -> None:
    application, provider = modified
    application.responses["*/Microsoft.Compute/disks"] = {"value": [], "nextLink": link}
    with pytest.raises(SkyClustError):
        list(provider.list_account(ResourceKind.DISK))


@pytest.mark.parametrize("body", [{"value": [{}]}, {"value": [{"name": None}]}, {"value": [7]}])
def test_a_location_without_a_name_is_an_error(
    modified: tuple[ReplacedResponses, AzureProvider], body: Any
) -> None:
    application, provider = modified
    application.responses["*/locations"] = body
    with pytest.raises(UnexpectedAnswer):
        provider.regions()


def test_no_instance_is_placed_where_azure_tests_itself(
    modified: tuple[ReplacedResponses, AzureProvider],
) -> None:
    application, provider = modified
    geographies = {
        "eastus2euap": "Canary (US)",
        "eastusstg": "Stage (US)",
        "westus": "United States",
    }
    application.responses["*/locations"] = {
        "value": [
            {"name": name, "metadata": {"regionType": "Physical", "geography": geography}}
            for name, geography in geographies.items()
        ]
    }
    assert provider.regions() == sorted(geographies)
    assert provider.instance_regions() == ["westus"]


def test_disks_missing_in_a_response_are_not_detached(
    provider: AzureProvider,
    operator: AzureOperator,
    running: Instance,
    azure_sandbox: AzureSandbox,
) -> None:
    """Azure detaches disks that an update omits, so without their list nothing is updated."""
    disk = operator.ready(operator.disk("spare"))
    azure_sandbox.inject(
        Fault(kind=FaultKind.OMIT, action="VirtualMachines_Get", field="dataDisks")
    )
    with pytest.raises(UnexpectedAnswer, match="no list of the data disks"):
        provider.attach_disk(running.reference, disk)
    with pytest.raises(UnexpectedAnswer, match="no list of the data disks"):
        provider.detach_disk(running.reference, disk)
    assert "VirtualMachines_Update" not in azure_sandbox.calls()


@pytest.mark.parametrize("change", ["start", "stop", "delete", "tags"])
def test_a_page_of_html_is_not_an_accepted_change(
    provider: AzureProvider, running: Instance, azure_sandbox: AzureSandbox, change: str
) -> None:
    actions: dict[str, tuple[str, Callable[[], None]]] = {
        "start": ("VirtualMachines_Start", lambda: provider.start_instance(running.reference)),
        "stop": ("VirtualMachines_Deallocate", lambda: provider.stop_instance(running.reference)),
        "delete": ("VirtualMachines_Delete", lambda: provider.delete_instance(running.reference)),
        "tags": (
            "Tags_UpdateAtScope",
            lambda: provider.set_tags(running.reference, {"stage": "test"}),
        ),
    }
    action, request = actions[change]
    if change == "start":
        provider.stop_instance(running.reference)
        while provider.get_instance(REGION, running.id).state != "stopped":
            pass
    azure_sandbox.inject(Fault(kind=FaultKind.HTML, action=action))
    with pytest.raises(UnexpectedAnswer):
        request()


@pytest.mark.parametrize("kind", [FaultKind.HTML, FaultKind.NULL, FaultKind.EMPTY])
def test_an_unexpected_response_to_a_create_decides_nothing(
    provider: AzureProvider, spec: Spec, azure_sandbox: AzureSandbox, kind: FaultKind
) -> None:
    """The VM may exist: a repeated create finds it."""
    azure_sandbox.inject(Fault(kind=kind, action="VirtualMachines_CreateOrUpdate", times=1))
    with pytest.raises(UnexpectedAnswer):
        provider.create_instance(spec(), TOKEN)
    instance = provider.create_instance(spec(), TOKEN)
    assert [each.id for each in provider.find_instances(REGION, TOKEN)] == [instance.id]


def test_a_token_that_azure_reports_as_expired_is_renewed_once(
    provider: AzureProvider, azure_sandbox: AzureSandbox
) -> None:
    """azure-identity judges by the local clock, and would return the same token again."""
    provider.regions()
    before = azure_sandbox.calls()["Tokens_Create"]
    azure_sandbox.inject(
        Fault(kind=FaultKind.EXPIRE, action="Subscriptions_ListLocations", times=1)
    )
    assert REGION in provider.regions()
    assert azure_sandbox.calls()["Tokens_Create"] == before + 1
    azure_sandbox.clear()
    azure_sandbox.inject(Fault(kind=FaultKind.EXPIRE, action="Subscriptions_ListLocations"))
    calls = azure_sandbox.calls()["Subscriptions_ListLocations"]
    with pytest.raises(AuthenticationFailed, match="ExpiredAuthenticationToken"):
        provider.regions()
    assert azure_sandbox.calls()["Subscriptions_ListLocations"] == calls + 2


def test_a_change_whose_token_has_expired_is_sent_again(
    provider: AzureProvider, running: Instance, azure_sandbox: AzureSandbox
) -> None:
    """A request refused with an expired token was not carried out."""
    azure_sandbox.inject(Fault(kind=FaultKind.EXPIRE, action="VirtualMachines_Restart", times=1))
    provider.reboot_instance(running.reference)
    assert azure_sandbox.calls()["VirtualMachines_Restart"] == 2
