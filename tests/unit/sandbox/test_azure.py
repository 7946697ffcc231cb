"""Parts of the sandbox Azure that need no server process: quotas, tokens, the schema, routes."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from azure.mgmt.compute import models as compute
from werkzeug.test import create_environ
from werkzeug.wrappers import Request

from skyclust_sandbox.application import Refused
from skyclust_sandbox.azure.authorization import required_action
from skyclust_sandbox.azure.cloud import AzureCloud
from skyclust_sandbox.azure.compute import virtual_machines
from skyclust_sandbox.azure.compute.quotas import count_cores, reserve_cores
from skyclust_sandbox.azure.entra.access_tokens import ExpiredToken, InvalidToken, Tokens
from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.router import Route, Router
from skyclust_sandbox.azure.schema import MODELS, violations
from skyclust_sandbox.azure.state import AzureSettings, State
from skyclust_sandbox.azure.tenants import MAIN_CLIENT, MAIN_TENANT
from skyclust_sandbox.control import Conditions
from skyclust_sandbox.seeds import Seed
from tests.fixtures.machine_speed import bound

SUBSCRIPTION = MAIN_TENANT.subscription


def _state(seed: Seed, cores: int = 20_000) -> State:
    cloud = AzureCloud(AzureSettings(regional_cores=cores), Conditions())
    cloud.restart(seed)
    return cloud.state


def test_vcpus_are_counted_again_before_a_request_is_refused() -> None:
    state = _state(Seed.ESTATE)
    used = count_cores(state, SUBSCRIPTION, "southeastasia")
    limited = replace(state, settings=AzureSettings(regional_cores=used + 4))
    reserve_cores(limited, SUBSCRIPTION, "southeastasia", 4)
    running = next(
        vm
        for vm in limited.resources.of_type(SUBSCRIPTION, virtual_machines.RESOURCE_TYPE)
        if vm.location == "southeastasia" and vm.power == "running"
    )
    reserve_cores(
        limited, SUBSCRIPTION, "southeastasia", 4
    )  # the earlier reservation was never used
    with pytest.raises(Refused, match="409"):
        reserve_cores(limited, SUBSCRIPTION, "southeastasia", 5)
    running.power = "deallocated"
    reserve_cores(limited, SUBSCRIPTION, "southeastasia", 5)


def test_five_thousand_vms_are_listed_fast() -> None:
    state = _state(Seed.ESTATE)
    [template, *_] = state.resources.of_type(SUBSCRIPTION, virtual_machines.RESOURCE_TYPE)
    for number in range(5_000):
        state.resources.add(replace(template, id=f"{template.id}-{number}"))
    for option in ("", "&statusOnly=true"):
        query = f"api-version=2024-07-01{option}"
        request = Request(create_environ(query_string=query))
        context = RequestContext(state, request, "", {"subscription": SUBSCRIPTION}, MAIN_CLIENT)
        began = time.process_time()
        assert b"nextLink" in virtual_machines.list_all(context).get_data()
        assert time.process_time() - began < bound(0.2)  # the time of five pages


def test_a_token_is_valid_for_its_lifetime_and_its_issuer() -> None:
    clock = [1_000_000.0]
    tokens = Tokens(b"key", clock=lambda: clock[0])
    token = tokens.issue(MAIN_CLIENT, "https://management.azure.com")
    assert tokens.verify(token) == (MAIN_CLIENT, "https://management.azure.com")
    with pytest.raises(InvalidToken):
        Tokens(b"other").verify(token)
    clock[0] += 3600
    with pytest.raises(ExpiredToken):
        tokens.verify(token)


def test_the_schema_reports_violations() -> None:
    model = MODELS["microsoft.compute/disks"]
    assert list(violations(model, {"location": "westeurope", "tags": {"a": "b"}})) == []
    assert list(violations(model, {})) == ["$.location is required by Disk"]
    assert list(violations(model, {}, complete=False)) == []
    wrong = {
        "location": 1,
        "sku": {"name": "Tape"},
        "zones": "1",
        "properties": {"diskSizeGB": "1", "timeCreated": "soon", "creationData": {"from": ""}},
    }
    reported = "\n".join(violations(model, wrong, complete=False))
    for path in ("location", "sku.name", "zones", "diskSizeGB", "timeCreated", "'from'"):
        assert path in reported
    assert list(violations(compute.VirtualMachine, []))


def test_paths_match_in_any_case() -> None:
    route = Route("Tags_Get", "GET", "/subscriptions/{subscription}/{scope:path}/tags", None)
    router = Router([route])
    match = router.match("GET", "/SUBSCRIPTIONS/S/resourceGroups/G/x/TAGS")
    assert match == (route, {"subscription": "S", "scope": "resourceGroups/G/x"})
    assert router.match("PUT", "/subscriptions/S/a/tags") is None
    assert router.has_path("/subscriptions/S/a/tags")


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("GET", "/subscriptions/s", "Microsoft.Resources/subscriptions/read"),
        (
            "PUT",
            "/subscriptions/s/resourceGroups/g",
            "Microsoft.Resources/subscriptions/resourceGroups/write",
        ),
        (
            "DELETE",
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v",
            "Microsoft.Network/virtualNetworks/delete",
        ),
        (
            "POST",
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v/start",
            "Microsoft.Compute/virtualMachines/start/action",
        ),
    ],
)
def test_the_action_that_a_role_must_allow(method: str, path: str, action: str) -> None:
    assert required_action(method, path) == action
