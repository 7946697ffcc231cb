"""Anything that inventory finds, and how it changes."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from skyclust.model.instance import Instance


class ResourceKind(StrEnum):
    """The kinds of things inventory reads."""

    INSTANCE = "instance"
    DISK = "disk"
    SNAPSHOT = "snapshot"
    IMAGE = "image"
    NETWORK = "network"
    SUBNET = "subnet"
    FIREWALL = "firewall"
    ADDRESS = "address"
    LOAD_BALANCER = "load_balancer"


class ResourceState(StrEnum):
    """The state of anything but a machine, in one vocabulary for every cloud.

    Machines have `InstanceState`. Kinds without a life of their own, such as firewalls,
    have no state. The cloud's own word is kept beside it (`Resource.native_state`).
    """

    PENDING = "pending"
    AVAILABLE = "available"
    IN_USE = "in_use"
    UPDATING = "updating"
    DEGRADED = "degraded"
    UNAVAILABLE = "unavailable"
    DELETING = "deleting"
    DELETED = "deleted"
    ERROR = "error"


class Resource(BaseModel):
    """One thing in a cloud as its own API reported it.

    `id` is the cloud's own id, opaque to us, unique within (credential, region, kind).
    `attributes` holds what is particular to the kind, JSON values only; every provider uses
    the same attribute names for the same thing (docs/reference/resources.md lists them).
    """

    model_config = ConfigDict(frozen=True)

    provider: str
    region: str
    kind: ResourceKind
    id: str
    name: str = ""
    zone: str | None = None
    state: str | None = None
    native_state: str | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    created_at: AwareDatetime | None = None
    attributes: dict[str, JsonValue] = Field(default_factory=dict)


class ChangeKind(StrEnum):
    """What a version row says about a resource."""

    ADDED = "added"
    CHANGED = "changed"
    GONE = "gone"


def instance_resource(instance: Instance) -> Resource:
    """Return the inventory's view of a machine."""
    return Resource(
        provider=instance.provider,
        region=instance.region,
        kind=ResourceKind.INSTANCE,
        id=instance.id,
        name=instance.name,
        zone=instance.zone,
        state=instance.state.value,
        native_state=instance.native_state,
        tags=instance.tags,
        created_at=instance.created_at,
        attributes={
            "unique_id": instance.unique_id,
            "type": instance.type,
            "image": instance.image,
            "network": instance.network,
            "subnet": instance.subnet,
            "private_addresses": list(instance.private_addresses),
            "public_addresses": list(instance.public_addresses),
            **instance.attributes,
        },
    )
