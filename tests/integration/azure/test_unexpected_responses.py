"""Answers that Azure does not give: envelopes without their list, endless lists, pages of HTML."""

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


class Spoiled:
    """A sandbox whose answers to some reads are replaced."""

    def __init__(self, cloud: WSGIApplication) -> None:
        self._cloud = cloud
        self.answers: dict[str, Any] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, in another way where one is laid down for its path."""
        request = Request(environ)
        for path, body in self.answers.items():
            if request.method == "GET" and fnmatch(request.path.lower(), path.lower()):
                reply = Response(json.dumps(body), mimetype="application/json")
                return reply(environ, start_response)
        return self._cloud(environ, start_response)


@pytest.fixture(scope="module")
def spoiled() -> Iterator[tuple[Spoiled, str]]:
    """A sandbox in this process, and its address."""
    conditions = Conditions(Faults(seed=0))
    cloud = AzureCloud(AzureSettings(transition_seconds=0.0), conditions)
    control = Control("azure", "", Seed.EMPTY, cloud.restart, conditions)
    control.reset(None)
    application = Spoiled(CloudApplication(cloud, control))
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield application, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()


@pytest.fixture
def odd(spoiled: tuple[Spoiled, str]) -> Iterator[tuple[Spoiled, AzureProvider]]:
    """The sandbox with its own answers, and a provider for it."""
    application, endpoint = spoiled
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
    application.answers.clear()


@pytest.mark.parametrize("body", [{}, {"value": None}, {"value": {}}, {"items": []}, [], None])
@pytest.mark.parametrize("kind", LISTS)
def test_an_answer_without_its_list_is_no_empty_list(
    odd: tuple[Spoiled, AzureProvider], kind: ResourceKind, body: Any
) -> None:
    application, provider = odd
    application.answers[LISTS[kind]] = body
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
def test_a_list_within_another_has_its_envelope_too(
    odd: tuple[Spoiled, AzureProvider], spoiled: tuple[Spoiled, str], child: str, kind: ResourceKind
) -> None:
    application, provider = odd
    operator = AzureOperator(AzureSandbox(spoiled[1], 0), REGION, {})
    operator.ready(operator.gallery_image("shared", "golden", "1.0.0"))
    application.answers[child] = {}
    with pytest.raises(UnexpectedAnswer):
        list(provider.list_account(kind))


def test_a_network_without_its_subnets_is_named(odd: tuple[Spoiled, AzureProvider]) -> None:
    application, provider = odd
    [whole] = [one for page in provider.list_resources(REGION, ResourceKind.SUBNET) for one in page]
    network = {"id": "/n/odd", "name": "odd", "location": REGION, "properties": {}}
    subnet = {"id": whole.id, "name": whole.name, "properties": {}}
    other = {**network, "name": "good", "properties": {"subnets": [subnet]}}
    application.answers[LISTS[ResourceKind.SUBNET]] = {"value": [network, other]}
    found: list[Resource] = []
    pages = provider.list_resources(REGION, ResourceKind.SUBNET)
    with pytest.raises(IncompleteList, match="odd") as raised:
        found.extend(one for page in pages for one in page)
    assert [one.id for one in found] == [whole.id]
    assert [(one.region, one.name) for one in raised.value.items] == [(REGION, "/n/odd")]


@pytest.mark.parametrize("item", [None, 7, "text", [], {}, {"name": "odd"}, {"id": 7}])
@pytest.mark.parametrize("kind", LISTS)
def test_one_odd_item_is_named_in_every_region(
    odd: tuple[Spoiled, AzureProvider], kind: ResourceKind, item: Any
) -> None:
    """Where it is nobody knows, so no region's list is complete."""
    application, provider = odd
    application.answers[LISTS[kind]] = {"value": [item]}
    for region in (REGION, "eastus"):
        with pytest.raises(IncompleteList) as raised:
            list(provider.list_resources(region, kind))
        assert len(raised.value.items) == 1


def test_a_list_that_never_ends_is_noticed(odd: tuple[Spoiled, AzureProvider]) -> None:
    application, provider = odd
    following = "https://management.azure.com/subscriptions/s/disks?$skiptoken=a"
    application.answers["*/disks"] = {"value": [], "nextLink": following}
    with pytest.raises(UnexpectedAnswer, match="never ends"):
        list(provider.list_account(ResourceKind.DISK))


@pytest.mark.parametrize("link", [7, {"href": "x"}, "http://[", "/subscriptions/s/disks?x"])
def test_a_link_to_nowhere_is_told(odd: tuple[Spoiled, AzureProvider], link: Any) -> None:
    application, provider = odd
    application.answers["*/Microsoft.Compute/disks"] = {"value": [], "nextLink": link}
    with pytest.raises(SkyClustError):
        list(provider.list_account(ResourceKind.DISK))


@pytest.mark.parametrize("body", [{"value": [{}]}, {"value": [{"name": None}]}, {"value": [7]}])
def test_a_location_without_a_name_is_no_location(
    odd: tuple[Spoiled, AzureProvider], body: Any
) -> None:
    application, provider = odd
    application.answers["*/locations"] = body
    with pytest.raises(UnexpectedAnswer):
        provider.regions()


def test_disks_that_are_not_told_are_not_detached(
    provider: AzureProvider,
    operator: AzureOperator,
    running: Instance,
    azure_sandbox: AzureSandbox,
) -> None:
    """What a change does not send back is detached: so an answer without it changes nothing."""
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
def test_a_page_of_html_does_not_pass_for_an_accepted_change(
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
    action, ask = actions[change]
    if change == "start":
        provider.stop_instance(running.reference)
        while provider.get_instance(REGION, running.id).state != "stopped":
            pass
    azure_sandbox.inject(Fault(kind=FaultKind.HTML, action=action))
    with pytest.raises(UnexpectedAnswer):
        ask()


@pytest.mark.parametrize("kind", [FaultKind.HTML, FaultKind.NULL, FaultKind.EMPTY])
def test_an_odd_answer_to_a_create_says_nothing(
    provider: AzureProvider, spec: Spec, azure_sandbox: AzureSandbox, kind: FaultKind
) -> None:
    """The machine may be there: the create is asked for again, and finds it."""
    azure_sandbox.inject(Fault(kind=kind, action="VirtualMachines_CreateOrUpdate", times=1))
    with pytest.raises(UnexpectedAnswer):
        provider.create_instance(spec(), TOKEN)
    made = provider.create_instance(spec(), TOKEN)
    assert [one.id for one in provider.find_instances(REGION, TOKEN)] == [made.id]


def test_a_token_that_azure_takes_for_expired_is_renewed_once(
    provider: AzureProvider, azure_sandbox: AzureSandbox
) -> None:
    """The identity goes by this computer's clock, and would give the same token out again."""
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
    """What is refused so was not carried out."""
    azure_sandbox.inject(Fault(kind=FaultKind.EXPIRE, action="VirtualMachines_Restart", times=1))
    provider.reboot_instance(running.reference)
    assert azure_sandbox.calls()["VirtualMachines_Restart"] == 2
