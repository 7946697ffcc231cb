"""Validation of the records of the model."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from skyclust.model.instance import HOPELESS, DiskSpec, Instance, InstanceSpec, InstanceState
from skyclust.model.operation import OperationState
from skyclust.model.resource import Resource, ResourceKind, instance_resource
from skyclust.model.workspace import Slug

SPEC = {"name": "web-1", "region": "eu-central-1", "type": "t3.small", "image": "debian-13"}


@pytest.mark.parametrize("name", ["a", "web-1", "Web.1_b", "7", "a" * 63])
def test_an_instance_may_have_the_name(name: str) -> None:
    assert InstanceSpec.model_validate({**SPEC, "name": name}).name == name


@pytest.mark.parametrize(
    "name", ["", "-web", "web-", ".web", "web 1", "web/1", "wéb", "web\n", "a" * 64]
)
def test_an_instance_may_not_have_the_name(name: str) -> None:
    with pytest.raises(ValidationError, match="name"):
        InstanceSpec.model_validate({**SPEC, "name": name})


@pytest.mark.parametrize(
    "wrong",
    [
        {"region": ""},
        {"type": ""},
        {"image": ""},
        {"flavour": "t3.small"},
        {"user_data": "x" * 16_385},
        {"disks": [{"size_gib": 0}]},
        {"disks": [{"size_gib": 65_537}]},
        {"disks": [{"size_gib": 8, "iops": 3000}]},
        {"tags": {"cost": 7}},
    ],
    ids=str,
)
def test_a_spec_refuses(wrong: dict[str, object]) -> None:
    [field] = wrong
    with pytest.raises(ValidationError, match=field):
        InstanceSpec.model_validate({**SPEC, **wrong})


def test_a_spec_survives_json_and_does_not_change() -> None:
    spec = InstanceSpec.model_validate({**SPEC, "disks": [{"size_gib": 8}], "ssh_keys": ["ops"]})
    assert InstanceSpec.model_validate_json(spec.model_dump_json()) == spec
    assert spec.disks == (DiskSpec(size_gib=8),)
    with pytest.raises(ValidationError, match="frozen"):
        spec.name = "db-1"  # type: ignore[misc]  # what is refused


def test_every_field_of_a_form_explains_itself() -> None:
    for model in (InstanceSpec, DiskSpec):
        bare = [n for n, f in model.model_fields.items() if not (f.title and f.description)]
        assert bare == []


@pytest.mark.parametrize("slug", ["a", "default", "team-7", "0", "a" * 40])
def test_a_slug_may_be(slug: str) -> None:
    assert TypeAdapter(Slug).validate_python(slug) == slug


@pytest.mark.parametrize("slug", ["", "A", "a--b", "-a", "a-", "a_b", "a b", "a\n", "ä", "a" * 41])
def test_a_slug_may_not_be(slug: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Slug).validate_python(slug)


def instance(created_at: datetime | None) -> Instance:
    return Instance(
        provider="aws",
        region="eu-central-1",
        zone="eu-central-1a",
        id="i-1",
        unique_id="i-1",
        name="web-1",
        state=InstanceState.RUNNING,
        native_state="running",
        type="t3.small",
        private_addresses=("10.0.0.7",),
        tags={"team": "web"},
        created_at=created_at,
        attributes={"key": "ops"},
    )


def test_a_time_without_its_zone_is_refused() -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001  # what is refused
    with pytest.raises(ValidationError, match="created_at"):
        instance(naive)
    with pytest.raises(ValidationError, match="created_at"):
        Resource(provider="aws", region="r", kind=ResourceKind.DISK, id="vol-1", created_at=naive)


def test_an_instance_is_a_resource() -> None:
    created_at = datetime(2026, 1, 1, tzinfo=UTC)
    resource = instance_resource(instance(created_at))
    assert resource == Resource(
        provider="aws",
        region="eu-central-1",
        zone="eu-central-1a",
        kind=ResourceKind.INSTANCE,
        id="i-1",
        name="web-1",
        state="running",
        native_state="running",
        tags={"team": "web"},
        created_at=created_at,
        attributes={
            "unique_id": "i-1",
            "type": "t3.small",
            "image": None,
            "network": None,
            "subnet": None,
            "private_addresses": ["10.0.0.7"],
            "public_addresses": [],
            "key": "ops",
        },
    )


def test_attributes_are_json() -> None:
    with pytest.raises(ValidationError, match="attributes"):
        Resource.model_validate(
            {
                "provider": "aws",
                "region": "r",
                "kind": "disk",
                "id": "vol-1",
                "attributes": {"made": datetime(2026, 1, 1, tzinfo=UTC)},
            }
        )


def test_which_states_are_final() -> None:
    final = {state for state in OperationState if state.final}
    assert final == {
        OperationState.SUCCEEDED,
        OperationState.FAILED,
        OperationState.ROLLED_BACK,
        OperationState.CANCELLED,
        OperationState.ABANDONED,
    }


def test_every_operation_is_over_or_carried_on_or_waits_for_a_person() -> None:
    for state in OperationState:
        waits = state is OperationState.NEEDS_ATTENTION
        assert state.final + state.carried_on + waits == 1, state


def test_no_state_is_hopeless_for_itself() -> None:
    assert [state for state, hopeless in HOPELESS.items() if state in hopeless] == []
