"""What is asked for is checked, named and shown before anything happens."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from skyclust.model.request import (
    ChangeRequest,
    InstanceAction,
    ProvisionRequest,
    RecoverRequest,
    SyncRequest,
)

SPEC = {"name": "web", "region": "eu-central-1", "type": "t3.small", "image": "ami-1"}


def provision(**changes: object) -> ProvisionRequest:
    return ProvisionRequest.model_validate({"credential": "aws-prod", "spec": SPEC, **changes})


def test_one_machine_keeps_its_name_and_several_are_numbered() -> None:
    assert provision().names == ("web",)
    assert provision(count=3).names == ("web-1", "web-2", "web-3")
    assert [spec.name for spec in provision(count=2).specs] == ["web-1", "web-2"]


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


def test_a_type_goes_with_resize_alone() -> None:
    with pytest.raises(ValidationError, match="needed for resize"):
        ChangeRequest(action=InstanceAction.RESIZE, instance="web")
    with pytest.raises(ValidationError, match="for nothing else"):
        ChangeRequest(action=InstanceAction.STOP, instance="web", type="t3.large")


def test_run_names_say_what_and_where() -> None:
    sync = SyncRequest(credentials=("aws-prod",), regions=("eu-central-1",))
    assert sync.summary == "sync aws-prod eu-central-1"
    assert SyncRequest().summary == "sync all credentials"
    assert SyncRequest(workspace=None).summary == "sync all credentials of every workspace"
    many = SyncRequest(regions=("a", "b", "c", "d", "e"))
    assert many.summary == "sync all credentials a, b, c and 2 more"
    assert provision().summary == "provision web on aws-prod in eu-central-1"
    assert provision(count=3).summary == "provision web-1..3 on aws-prod in eu-central-1"
    resize = ChangeRequest(action=InstanceAction.RESIZE, instance="web", type="t3.large")
    assert resize.summary == "resize web to t3.large"
    assert RecoverRequest().summary == "recover operations of every workspace"
