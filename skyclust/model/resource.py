"""Resources of the inventory, and the kinds of their changes."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from skyclust.model.instance import Instance


class ResourceKind(StrEnum):
    """The kinds of resources that the inventory reads."""

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
    """The state of a resource other than an instance, in the same terms for every cloud.

    Instances have `InstanceState`. Kinds without a lifecycle, such as firewalls, have no state.
    The cloud's own term is kept beside it (`Resource.native_state`).
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
    """One resource as the cloud's API reported it.

    `id` is the cloud's own id, opaque to SkyClust, unique within (credential, region, kind).
    `attributes` holds the properties of the kind, JSON values only; every provider uses the same
    attribute name for the same property (docs/reference/resources.md lists them).
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
    """The kind of a change of a resource."""

    ADDED = "added"
    CHANGED = "changed"
    GONE = "gone"


def instance_resource(instance: Instance) -> Resource:
    """Return an instance as a resource of the inventory."""
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
