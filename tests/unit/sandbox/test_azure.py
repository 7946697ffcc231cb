"""What of the sandbox Azure needs no process of its own: quotas, tokens, speed, the schema."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from azure.mgmt.compute import models as compute
from werkzeug.test import create_environ
from werkzeug.wrappers import Request

from skyclust_sandbox.application import Refused
from skyclust_sandbox.azure.authorization import action_of
from skyclust_sandbox.azure.cloud import AzureCloud
from skyclust_sandbox.azure.compute import virtual_machines
from skyclust_sandbox.azure.compute.quotas import count_cores, take_cores
from skyclust_sandbox.azure.entra.access_tokens import ExpiredToken, InvalidToken, Tokens
from skyclust_sandbox.azure.request_context import Ask
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


def test_cores_are_counted_again_before_they_are_refused() -> None:
    state = _state(Seed.ESTATE)
    used = count_cores(state, SUBSCRIPTION, "southeastasia")
    few = replace(state, settings=AzureSettings(regional_cores=used + 4))
    take_cores(few, SUBSCRIPTION, "southeastasia", 4)
    resting = next(
        one
        for one in few.resources.of_type(SUBSCRIPTION, virtual_machines.KIND)
        if one.location == "southeastasia" and one.power == "running"
    )
    take_cores(few, SUBSCRIPTION, "southeastasia", 4)  # those taken before were never used
    with pytest.raises(Refused, match="409"):
        take_cores(few, SUBSCRIPTION, "southeastasia", 5)
    resting.power = "deallocated"
    take_cores(few, SUBSCRIPTION, "southeastasia", 5)


def test_five_thousand_machines_take_little_to_list() -> None:
    state = _state(Seed.ESTATE)
    [pattern, *_] = state.resources.of_type(SUBSCRIPTION, virtual_machines.KIND)
    for number in range(5_000):
        one = replace(pattern, id=f"{pattern.id}-{number}")
        state.resources.add(one)
    for more in ("", "&statusOnly=true"):
        query = f"api-version=2024-07-01{more}"
        request = Request(create_environ(query_string=query))
        ask = Ask(state, request, "", {"subscription": SUBSCRIPTION}, MAIN_CLIENT)
        began = time.process_time()
        assert b"nextLink" in virtual_machines.list_all(ask).get_data()
        assert time.process_time() - began < bound(0.2)  # of five pages


def test_a_token_is_good_for_its_time_and_for_nobody_else() -> None:
    clock = [1_000_000.0]
    tokens = Tokens(b"key", clock=lambda: clock[0])
    token = tokens.make(MAIN_CLIENT, "https://management.azure.com")
    assert tokens.read(token) == (MAIN_CLIENT, "https://management.azure.com")
    with pytest.raises(InvalidToken):
        Tokens(b"other").read(token)
    clock[0] += 3600
    with pytest.raises(ExpiredToken):
        tokens.read(token)


def test_the_schema_finds_what_is_wrong() -> None:
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
    found = "\n".join(violations(model, wrong, complete=False))
    for place in ("location", "sku.name", "zones", "diskSizeGB", "timeCreated", "'from'"):
        assert place in found
    assert list(violations(compute.VirtualMachine, []))


def test_paths_are_found_in_any_spelling() -> None:
    route = Route("Tags_Get", "GET", "/subscriptions/{subscription}/{scope:path}/tags", None)
    router = Router([route])
    found = router.find("GET", "/SUBSCRIPTIONS/S/resourceGroups/G/x/TAGS")
    assert found == (route, {"subscription": "S", "scope": "resourceGroups/G/x"})
    assert router.find("PUT", "/subscriptions/S/a/tags") is None
    assert router.knows("/subscriptions/S/a/tags")


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
def test_roles_allow_actions(method: str, path: str, action: str) -> None:
    assert action_of(method, path) == action
