"""The resource that a deletion refers to, with the proof of its identity."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from skyclust.model.resource import Resource, ResourceKind


class ResourceReference(BaseModel):
    """A resource other than an instance, by its id and the proof that the id still means it.

    `id` may be a name that another resource gets after this one is deleted, and `identity` is then
    another text (`identity_of`).
    """

    model_config = ConfigDict(frozen=True)

    region: str
    kind: ResourceKind
    id: str
    identity: str = Field(min_length=1)


def identity_of(resource: Resource) -> str:
    """Return the text that another resource with the same id does not have.

    It is made of what a cloud sets once, as far as it reports it: an id that it never assigns
    again, the time of the creation, and the address of an address. Where it reports none of them
    the name has to do.
    """
    created = resource.created_at.isoformat() if resource.created_at else None
    facts = {
        "unique id": resource.attributes.get("unique_id"),
        "created": created,
        "address": resource.attributes.get("address"),
    }
    known = [f"{name} {fact}" for name, fact in facts.items() if isinstance(fact, str) and fact]
    return ", ".join(known) or f"name {resource.name}"


def reference_of(resource: Resource) -> ResourceReference:
    """Return the reference by which a provider deletes this very resource."""
    return ResourceReference(
        region=resource.region,
        kind=resource.kind,
        id=resource.id,
        identity=identity_of(resource),
    )
