"""What is asked for is checked, named and shown before anything happens."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from skyclust.model.change_request import ChangeRequest
from skyclust.model.instance_action import InstanceAction
from skyclust.model.provision_request import ProvisionRequest
from skyclust.model.request import RecoverRequest, SyncRequest

SPEC = {"name": "web", "region": "eu-central-1", "type": "t3.small", "image": "ami-1"}


def provision(**changes: object) -> ProvisionRequest:
    return ProvisionRequest.model_validate({"credential": "aws-prod", "spec": SPEC, **changes})


def test_one_machine_keeps_its_name_and_several_are_numbered() -> None:
    assert provision().names == ("web",)
    assert provision(count=3).names == ("web-1", "web-2", "web-3")


@pytest.mark.parametrize("count", [0, -1, 101])
def test_a_count_out_of_bounds_is_refused(count: int) -> None:
    with pytest.raises(ValidationError, match="count"):
        provision(count=count)


def test_a_name_that_the_number_makes_too_long_is_refused() -> None:
    long = SPEC | {"name": "a" * 62}
    assert provision(spec=long).names == ("a" * 62,)
    with pytest.raises(ValidationError, match="choose a shorter name"):
        provision(spec=long, count=2)


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="colour"):
        provision(colour="red")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"action": "resize"}, "resize needs type"),
        ({"action": "stop", "type": "t3.large"}, "type is for resize only"),
        ({"action": "snapshot"}, "snapshot needs snapshot"),
        ({"action": "restore"}, "restore needs snapshot"),
        ({"action": "start", "snapshot": "s-1"}, "snapshot is for delete-snapshot and restore"),
        ({"action": "attach-disk"}, "attach-disk needs disk"),
        ({"action": "restore", "snapshot": "s-1", "disk": "d-1"}, "disk is for attach-disk and"),
        ({"action": "set-tags"}, "needs tags to set or to remove"),
        ({"action": "reboot", "tags": {"a": "b"}}, "tags is for set-tags only"),
        ({"action": "reboot", "removed_tags": ["a"]}, "removed_tags is for set-tags only"),
        ({"action": "start", "power_off_only": True}, "power_off_only is for stop only"),
        (
            {"action": "set-tags", "tags": {"a": "b"}, "removed_tags": ["a"]},
            "a: a tag is either set or removed",
        ),
    ],
)
def test_each_field_is_for_its_actions_only(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ChangeRequest.model_validate({"instance": "web", **fields})


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"action": "snapshot", "snapshot": "before"}, "snapshot web as before"),
        ({"action": "restore", "snapshot": "before"}, "restore web to before"),
        ({"action": "delete-snapshot", "snapshot": "s-1"}, "delete-snapshot web named s-1"),
        ({"action": "attach-disk", "disk": "d-1"}, "attach-disk web disk d-1"),
        ({"action": "set-tags", "tags": {"a": "b"}, "region": "r"}, "set-tags web in r"),
        ({"action": "stop", "power_off_only": True}, "stop web"),
    ],
)
def test_each_action_takes_its_fields_and_names_its_run(
    fields: dict[str, object], named: str
) -> None:
    assert ChangeRequest.model_validate({"instance": "web", **fields}).summary == named


def test_run_names_say_what_and_where() -> None:
    sync = SyncRequest(workspace="default", credentials=("aws-prod",), regions=("eu-central-1",))
    assert sync.summary == "sync aws-prod eu-central-1"
    assert SyncRequest().summary == "sync all credentials of every workspace"
    assert SyncRequest(workspace="shop").summary == "sync all credentials"
    many = SyncRequest(workspace="default", regions=("a", "b", "c", "d", "e"))
    assert many.summary == "sync all credentials a, b, c and 2 more"
    assert provision().summary == "provision web on aws-prod in eu-central-1"
    assert provision(count=3).summary == "provision web-1..3 on aws-prod in eu-central-1"
    resize = ChangeRequest(action=InstanceAction.RESIZE, instance="web", type="t3.large")
    assert resize.summary == "resize web to t3.large"
    assert RecoverRequest().summary == "recover operations of every workspace"


NEEDS = {"name": "web", "cores": 2, "memory_gib": 4, "image_family": "debian-12"}


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "either an exact instance"),
        ({"credential": "a", "spec": SPEC, "needs": NEEDS}, "either an exact instance"),
        ({"spec": SPEC}, "requires a credential"),
        ({"credential": "a", "needs": NEEDS}, "needs name credentials"),
        ({"credential": "a", "spec": SPEC, "dry_run": True}, "a dry run requires needs"),
    ],
)
def test_a_request_has_either_a_spec_or_needs(fields: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        ProvisionRequest.model_validate(fields)


def test_needs_have_names_and_a_summary() -> None:
    request = ProvisionRequest.model_validate({"needs": NEEDS, "count": 2})
    assert request.names == ("web-1", "web-2")
    assert request.summary == "provision web-1..2 where it fits"
