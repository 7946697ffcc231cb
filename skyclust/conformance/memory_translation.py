"""Translation of the cloud in memory into the model: states, kinds, errors and records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from pydantic import JsonValue

from skyclust.conformance.memory_items import CloudError, Code, Item
from skyclust.errors import (
    AuthenticationFailed,
    CapacityExhausted,
    Conflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    QuotaExceeded,
    SkyClustError,
    Throttled,
    Timeout,
    Unavailable,
    UnexpectedAnswer,
)
from skyclust.model.instance import Instance, InstanceState
from skyclust.model.resource import Resource, ResourceKind, ResourceState, instance_resource
from skyclust.model.snapshot import InstanceSnapshot, SnapshotState

NAME: Final = "memory"

ERRORS: Final[dict[Code, type[SkyClustError]]] = {
    Code.BAD_KEY: AuthenticationFailed,
    Code.KEY_EXPIRED: AuthenticationFailed,
    Code.FORBIDDEN: PermissionDenied,
    Code.SLOW_DOWN: Throttled,
    Code.INTERNAL: Unavailable,
    Code.NO_ANSWER: Timeout,
    Code.NO_CONNECTION: Unavailable,
    Code.NO_SUCH_REGION: InvalidRequest,
    Code.NO_SUCH_SERVER: NotFound,
    Code.NO_SUCH_IMAGE: NotFound,
    Code.NO_SUCH_NETWORK: NotFound,
    Code.NO_SUCH_TYPE: InvalidRequest,
    Code.WRONG_STATE: InvalidRequest,
    Code.BUSY: Conflict,
    Code.TOKEN_REUSED: InvalidRequest,
    Code.NO_SUCH_DISK: NotFound,
    Code.NO_SUCH_SNAPSHOT: NotFound,
    Code.DISK_IN_USE: InvalidRequest,
    Code.FULL: CapacityExhausted,
    Code.LIMIT_REACHED: QuotaExceeded,
    Code.GARBLED: UnexpectedAnswer,
}

STATES: Final = {
    "building": InstanceState.PENDING,
    "active": InstanceState.RUNNING,
    "switching-off": InstanceState.STOPPING,
    "off": InstanceState.STOPPED,
    "ending": InstanceState.DELETING,
    "ended": InstanceState.DELETED,
}

NATIVE_KINDS: Final = {
    ResourceKind.INSTANCE: "server",
    ResourceKind.DISK: "disk",
    ResourceKind.IMAGE: "image",
    ResourceKind.NETWORK: "network",
}


def to_instance(region: str, item: Item) -> Instance:
    """Return an instance of the cloud as a record of the model."""
    return Instance(
        provider=NAME,
        region=region,
        id=item.id,
        unique_id=item.details.get("serial", item.id),
        name=item.name,
        state=STATES[item.status],
        native_state=item.status,
        type=item.details.get("type", "small"),
        image=item.details.get("image"),
        network=item.details.get("network"),
        tags=dict(item.labels),
        created_at=datetime.fromtimestamp(item.made, UTC),
    )


def to_resource(region: str, kind: ResourceKind, item: Item) -> Resource:
    """Return an item of the cloud as a resource."""
    if kind is ResourceKind.INSTANCE:
        return instance_resource(to_instance(region, item))
    attributes: dict[str, JsonValue] = {}
    state = ResourceState.AVAILABLE
    if kind is ResourceKind.DISK:
        holder = item.details.get("server")
        attributes = {
            "size_gib": int(item.details.get("size", "1")),
            "attached_to": [holder] if holder else [],
        }
        state = ResourceState.IN_USE if holder else ResourceState.AVAILABLE
    return Resource(
        provider=NAME,
        region=region,
        kind=kind,
        id=item.id,
        name=item.name,
        state=state,
        native_state=item.status,
        tags=dict(item.labels),
        created_at=datetime.fromtimestamp(item.made, UTC),
        attributes=attributes,
    )


def to_snapshot(region: str, item: Item) -> InstanceSnapshot:
    """Return a snapshot of the cloud as a record of the model."""
    return InstanceSnapshot(
        provider=NAME,
        region=region,
        instance_id=item.details["server"],
        id=item.id,
        name=item.name,
        state=SnapshotState.AVAILABLE,
        native_state=item.status,
        token=item.details["token"],
        created_at=datetime.fromtimestamp(item.made, UTC),
    )


def to_id(items: Sequence[Item], name_or_id: str, what: str) -> str:
    """Return the id of the item with this name; a name that no item has counts as an id.

    Raises InvalidRequest when several items have the name.
    """
    named = [item.id for item in items if item.name == name_or_id]
    if len(named) > 1:
        raise InvalidRequest(
            f"{len(named)} of {what} are called {name_or_id!r}.",
            hint="Use the id instead.",
            provider=NAME,
        )
    return named[0] if named else name_or_id


@contextmanager
def cloud_errors() -> Iterator[None]:
    """Raise the cloud's errors as errors of the tree, each with the cloud's error as its cause."""
    try:
        yield
    except CloudError as error:
        error_class = ERRORS[error.code]
        raise error_class(
            f"The cloud in memory refused: {error.message}.",
            provider=NAME,
            code=error.code,
        ) from error
