"""The choices of forms: what the store has, and what a deployment uses already."""

from __future__ import annotations

from typing import Any

from prefect.utilities.schema_tools.validation import is_valid

from flows.change_instance import change_instance
from flows.place_instances import place_instances
from flows.provision_instances import provision_instances
from flows.sync_inventory import sync_inventory
from skyclust.model.choices import Choices
from skyclust.orchestration.choices import NOTHING_OFFERED, Offered, with_choices
from skyclust.orchestration.flow_parameters import form_of

OFFERED: Offered = {
    Choices.WORKSPACES: ["default", "shop"],
    Choices.CREDENTIALS: ["aws-prod", "office"],
    Choices.PROVIDERS: ["aws", "proxmox"],
    Choices.REGIONS: ["eu-central-1"],
}
EXACT = {"credential": "office", "name": "web", "region": "r", "type": "t", "image": "i"}


def takes(flow: Any, **parameters: Any) -> bool:
    return is_valid(parameters, with_choices(form_of(flow), OFFERED))


def test_a_credential_that_the_store_does_not_have_is_refused_wherever_it_stands() -> None:
    needs = {"name": "web", "cores": 1, "memory_gib": 1, "image_family": "debian-12"}
    stop = {"action": "stop", "instance": "web"}
    for known, expected in (("office", True), ("nobody", False)):
        assert takes(provision_instances, **EXACT | {"credential": known}) is expected
        assert takes(place_instances, **needs, places=[{"credential": known}]) is expected
        assert takes(change_instance, **stop, credential=known) is expected
        assert takes(sync_inventory, credentials=[known]) is expected


def test_regions_are_offered_and_others_are_taken() -> None:
    form = with_choices(form_of(provision_instances), OFFERED)
    known, other = form["properties"]["region"]["anyOf"]
    assert known["enum"] == ["eu-central-1"]
    assert (known["title"], other["title"]) == ("Known region", "Another region")
    assert takes(provision_instances, **EXACT | {"region": "eu-north-9"})
    assert not takes(provision_instances, **EXACT | {"region": ""})
    assert takes(sync_inventory, regions=["eu-north-9", "eu-central-1"])


def test_what_a_deployment_or_a_schedule_uses_stays_a_choice() -> None:
    """Else the server would refuse every change of the deployment."""
    used: list[dict[str, Any]] = [{"credentials": ["removed"]}, {"workspace": "closed"}]
    form = with_choices(form_of(sync_inventory), OFFERED, used)
    assert is_valid({"credentials": ["removed", "office"], "workspace": "closed"}, form)


def test_choices_are_replaced_and_without_any_every_text_is_taken() -> None:
    plain = form_of(sync_inventory)
    first = with_choices(plain, OFFERED)
    assert with_choices(first, NOTHING_OFFERED) == with_choices(plain, NOTHING_OFFERED)
    assert with_choices(first, OFFERED) == first
    assert is_valid({"credentials": ["anything"]}, with_choices(first, NOTHING_OFFERED))
    assert plain == form_of(sync_inventory), "the schema itself is not changed"
