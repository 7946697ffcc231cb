"""The reference provider: the whole contract over a cloud in memory.

It shows the shape of a real adapter: states and errors are translated by a table each,
`get` is apart from `to`, and everything the contract promises is kept here and nowhere
else. Tests of the core may use it where no real wire format is wanted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import ClassVar, Final

from pydantic import Field, JsonValue, SecretStr

from skyclust.conformance.memory_cloud import CloudError, Code, Item, MemoryCloud
from skyclust.contract import ComputeProvider, CredentialModel, InventoryProvider, Provider
from skyclust.errors import (
    AuthenticationFailed,
    Conflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    SkyClustError,
    Throttled,
    Timeout,
    Unavailable,
    Unsupported,
)
from skyclust.model.identity import Identity
from skyclust.model.instance import Instance, InstanceSpec, InstanceState
from skyclust.model.resource import Resource, ResourceKind, ResourceState, instance_resource

CLOUDS: Final[dict[str, MemoryCloud]] = {}
"""The clouds that can be reached, by endpoint."""

ERRORS: Final[dict[Code, type[SkyClustError]]] = {
    Code.BAD_KEY: AuthenticationFailed,
    Code.KEY_EXPIRED: AuthenticationFailed,
    Code.FORBIDDEN: PermissionDenied,
    Code.SLOW_DOWN: Throttled,
    Code.INTERNAL: Unavailable,
    Code.NO_ANSWER: Timeout,
    Code.NO_CONNECTION: Unavailable,
    Code.NO_SUCH_REGION: InvalidRequest,
    Code.NO_SUCH_MACHINE: NotFound,
    Code.NO_SUCH_IMAGE: NotFound,
    Code.NO_SUCH_NETWORK: NotFound,
    Code.NO_SUCH_TYPE: InvalidRequest,
    Code.WRONG_STATE: InvalidRequest,
    Code.BUSY: Conflict,
    Code.TOKEN_REUSED: InvalidRequest,
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
    ResourceKind.INSTANCE: "machine",
    ResourceKind.DISK: "disk",
    ResourceKind.IMAGE: "image",
    ResourceKind.NETWORK: "network",
}


class MemoryCredential(CredentialModel):
    """Where a cloud in memory is, and the key to it."""

    key: SecretStr = Field(title="Key", description="The key that the cloud was made with.")


class MemoryProvider(Provider, InventoryProvider, ComputeProvider):
    """One account of a cloud in memory."""

    name: ClassVar[str] = "memory"
    title: ClassVar[str] = "Cloud in memory"
    credential_model: ClassVar[type[CredentialModel]] = MemoryCredential
    kinds: ClassVar[frozenset[ResourceKind]] = frozenset(NATIVE_KINDS)

    def __init__(self, credential: CredentialModel) -> None:
        """Keep the credential; make no call to the cloud."""
        assert isinstance(credential, MemoryCredential)
        self._endpoint = credential.endpoint
        self._key = credential.key.get_secret_value()

    def verify(self) -> Identity:
        """Return the owner of the key; the cloud does not tell what it may do."""
        with cloud_errors():
            owner = self._cloud().whoami(self._key)
        return Identity(provider=self.name, account=self._endpoint or "", principal=owner)

    def regions(self) -> Sequence[str]:
        """Return the cloud's regions, sorted."""
        with cloud_errors():
            return sorted(self._cloud().list_regions(self._key))

    def list_resources(
        self, region: str, kind: ResourceKind, *, page_size: int | None = None
    ) -> Iterator[Sequence[Resource]]:
        """Yield the resources of a kind, page by page, without machines that have ended."""
        if kind not in self.kinds:
            raise Unsupported(f"The cloud in memory has no {kind}.", provider=self.name)
        for page in self._pages(region, NATIVE_KINDS[kind], page_size):
            yield [to_resource(region, kind, item) for item in page if item.status != "ended"]

    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        """Make one machine; the cloud itself knows the token."""
        image = self._find(spec.region, "image", spec.image)
        network = self._find(spec.region, "network", spec.network or "default")
        with cloud_errors():
            item = self._cloud().create_machine(
                self._key,
                spec.region,
                token=token,
                name=spec.name,
                type_name=spec.type,
                image=image,
                network=network,
                labels=spec.tags,
                disks=[disk.size_gib for disk in spec.disks],
            )
        return to_instance(spec.region, item)

    def find_instances(self, region: str, token: str) -> Sequence[Instance]:
        """Return the machine of a token unless it has ended."""
        return [
            to_instance(region, item)
            for page in self._pages(region, "machine", None)
            for item in page
            if item.details.get("token") == token and item.status != "ended"
        ]

    def get_instance(self, region: str, instance_id: str) -> Instance:
        """Return the machine as it is now."""
        with cloud_errors():
            return to_instance(region, self._cloud().get_machine(self._key, region, instance_id))

    def start_instance(self, region: str, instance_id: str) -> None:
        """Ask for a start and return."""
        with cloud_errors():
            self._cloud().start_machine(self._key, region, instance_id)

    def stop_instance(self, region: str, instance_id: str, *, power_off_only: bool = False) -> None:
        """Ask for a stop and return; the cloud has one way to stop, and it gives the place back."""
        if power_off_only:
            raise Unsupported("The cloud in memory only stops wholly.", provider=self.name)
        with cloud_errors():
            self._cloud().stop_machine(self._key, region, instance_id)

    def reboot_instance(self, region: str, instance_id: str) -> None:
        """Ask for a reboot and return."""
        with cloud_errors():
            self._cloud().reboot_machine(self._key, region, instance_id)

    def must_stop_to_resize(self, instance: Instance, instance_type: str) -> bool:
        """Return True for another type: the cloud changes it only while a machine is off."""
        return instance.type != instance_type

    def resize_instance(self, region: str, instance_id: str, instance_type: str) -> None:
        """Give a machine that is off another type; one that has the type is left as it is."""
        machine = self.get_instance(region, instance_id)
        if machine.type == instance_type and machine.state is not InstanceState.DELETED:
            return
        with cloud_errors():
            self._cloud().set_machine_type(self._key, region, instance_id, instance_type)

    def delete_instance(self, region: str, instance_id: str) -> None:
        """Ask for the end of a machine and its disks; one that is gone is no error."""
        try:
            with cloud_errors():
                self._cloud().end_machine(self._key, region, instance_id)
        except NotFound:
            return

    def _cloud(self) -> MemoryCloud:
        cloud = CLOUDS.get(self._endpoint or "")
        if cloud is None:
            raise CloudError(Code.NO_CONNECTION, f"nothing answers at {self._endpoint}")
        return cloud

    def _pages(self, region: str, native_kind: str, limit: int | None) -> Iterator[list[Item]]:
        marker = ""
        while True:
            with cloud_errors():
                page, marker = self._cloud().list_items(
                    self._key, region, native_kind, limit=limit, after=marker
                )
            yield page
            if not marker:
                return

    def _find(self, region: str, native_kind: str, wanted: str) -> str:
        """Return the id of an image or network given by its id or by its name."""
        items = [item for page in self._pages(region, native_kind, None) for item in page]
        named = [item.id for item in items if item.name == wanted]
        if len(named) > 1:
            raise InvalidRequest(
                f"{len(named)} of {native_kind} in {region} are called {wanted!r}.",
                hint="Give the id of the one that is meant.",
                provider=self.name,
            )
        return named[0] if named else wanted


def to_instance(region: str, item: Item) -> Instance:
    """Return a machine of the cloud in our words."""
    return Instance(
        provider=MemoryProvider.name,
        region=region,
        id=item.id,
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
    """Return anything of the cloud in our words."""
    if kind is ResourceKind.INSTANCE:
        return instance_resource(to_instance(region, item))
    attributes: dict[str, JsonValue] = {**item.details}
    return Resource(
        provider=MemoryProvider.name,
        region=region,
        kind=kind,
        id=item.id,
        name=item.name,
        state=ResourceState.AVAILABLE,
        native_state=item.status,
        tags=dict(item.labels),
        created_at=datetime.fromtimestamp(item.made, UTC),
        attributes=attributes,
    )


@contextmanager
def cloud_errors() -> Iterator[None]:
    """Raise the cloud's errors as ours, each with the cloud's own as its cause."""
    try:
        yield
    except CloudError as error:
        ours = ERRORS[error.code]
        raise ours(
            f"The cloud in memory refused: {error.message}.",
            provider=MemoryProvider.name,
            code=error.code,
        ) from error
