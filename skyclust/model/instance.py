"""Instances (virtual machines): the spec of a new one, and the record of an existing one."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from skyclust.model.choices import Choices, chosen_from
from skyclust.model.ssh_key import SshKey
from skyclust.model.user_data import DESCRIPTION, LONGEST, SealedUserData

Name = Annotated[
    str, Field(min_length=1, max_length=63, pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$")
]


class InstanceState(StrEnum):
    """The state of an instance, in the same terms for every cloud.

    The cloud's own term is kept beside it (`Instance.native_state`).
    """

    PENDING = "pending"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    SUSPENDED = "suspended"
    UPDATING = "updating"
    DELETING = "deleting"
    DELETED = "deleted"
    ERROR = "error"


# By awaited state: the states from which an instance never reaches it by itself, so that waiting
# is useless.
HOPELESS: Final[dict[InstanceState, frozenset[InstanceState]]] = {
    InstanceState.RUNNING: frozenset(
        {InstanceState.DELETING, InstanceState.DELETED, InstanceState.ERROR}
    ),
    InstanceState.STOPPED: frozenset(
        {InstanceState.DELETING, InstanceState.DELETED, InstanceState.ERROR}
    ),
    InstanceState.DELETED: frozenset(),
}


class InstanceFailure(StrEnum):
    """Why an instance in the state ERROR never ran, where the reason decides what to do next."""

    CAPACITY = "capacity"  # the cloud had no capacity for it in the zone or region
    QUOTA = "quota"  # a limit of the account was reached


class DiskSpec(BaseModel):
    """One disk to create together with the instance."""

    model_config = ConfigDict(frozen=True, extra="forbid", title="Disk")

    size_gib: int = Field(
        title="Size (GiB)", description="Size of the disk in GiB.", ge=1, le=65536
    )
    type: str | None = Field(
        default=None,
        title="Disk type",
        description="The cloud's own disk type, for example gp3. Empty: the cloud's default.",
    )


class BaseInstanceSpec(BaseModel):
    """The spec of a new instance. Type, image and network are given by id or by name.

    Its two subclasses differ in the user data alone: sealed in what is stored, plain for a
    provider. Neither is accepted as the other. Validation errors do not repeat the input.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: Name = Field(
        title="Name", description="Name of the instance: letters, digits, dots and dashes."
    )
    region: str = Field(
        title="Region",
        description="The cloud's region, for example eu-central-1.",
        min_length=1,
        json_schema_extra=chosen_from(Choices.REGIONS),
    )
    zone: str | None = Field(
        default=None, title="Zone", description="Empty: the cloud chooses one."
    )
    type: str = Field(title="Instance type", description="For example t3.small.", min_length=1)
    image: str = Field(title="Image", description="Image id or name.", min_length=1)
    network: str | None = Field(
        default=None,
        title="Network",
        description="Subnet or network, by id or name. Empty: the region's default network.",
    )
    private_address: str | None = Field(
        default=None,
        title="Private address",
        description="A fixed address in the network, for example 10.0.0.5. On Proxmox VE with"
        " the prefix length and, behind a comma, the gateway: 10.0.0.5/24,10.0.0.1. Empty: the"
        " cloud chooses one.",
        pattern=r"^[0-9A-Fa-f.:]+(/[0-9]{1,3})?(,[0-9A-Fa-f.:]+)?$",
    )
    public_address: bool | None = Field(
        default=None,
        title="Public address",
        description="Whether the instance gets a public address, created for it and deleted with"
        " it. Empty: as the network is configured.",
    )
    user: str | None = Field(
        default=None,
        title="Login user",
        description="The user that the SSH keys are for. Empty: the image's own, or the cloud's"
        " default.",
        pattern=r"^[a-z_][a-z0-9_-]{0,31}$",
    )
    ssh_keys: tuple[SshKey, ...] = Field(
        default=(),
        title="SSH keys",
        description="Names of key pairs at the cloud, or public keys themselves"
        " (ssh-ed25519 AAAA...) where the cloud takes those. A private key is refused.",
    )
    user_data: str | None = Field(default=None, repr=False)
    tags: dict[str, str] = Field(
        default_factory=dict, title="Tags", description="Tags of the instance."
    )
    boot_disk: DiskSpec | None = Field(
        default=None,
        title="Boot disk",
        description="Size and type of the boot disk. Empty: as the image and the type have it.",
    )
    disks: tuple[DiskSpec, ...] = Field(
        default=(), title="Data disks", description="Disks beside the boot disk."
    )

    def opened(self, plain: str | None) -> InstanceSpec:
        """Return the spec for the provider; `plain` is the unsealed user data."""
        return InstanceSpec.model_validate({**self.model_dump(), "user_data": plain})


class InstanceSpec(BaseInstanceSpec):
    """The spec for a provider: its user data is the text that the instance will read."""

    user_data: str | None = Field(
        default=None,
        title="User data",
        description="cloud-init data.",
        max_length=LONGEST,
        repr=False,
    )


class SealedInstanceSpec(BaseInstanceSpec):
    """The spec that is sent to Prefect and journalled: its user data is sealed."""

    user_data: SealedUserData | None = Field(
        default=None, title="User data", description=DESCRIPTION, repr=False
    )


class InstanceReference(BaseModel):
    """The instance that a change refers to, with the proof of its identity.

    `unique_id` is an id that the cloud assigns to one instance and never again: EC2's and Nova's
    id, GCE's number, Azure's vmId; in Proxmox VE the SMBIOS UUID and creation time of a VM, the
    hardware address of a container's network card. `id` may be a name or a number that another
    instance gets after this one is deleted.
    """

    model_config = ConfigDict(frozen=True)

    region: str
    id: str
    unique_id: str = Field(min_length=1)


class Instance(BaseModel):
    """An instance as the cloud reports it at one time.

    `unique_id` is never assigned to another instance (`InstanceReference`). `type` is None where
    the cloud does not report it: Nova, for a flavor that was deleted. `failure` is the reason why
    an instance in the state ERROR got no capacity, where the cloud reports it. `attributes` holds
    what the cloud reports beyond the fields, JSON values only; they are added to the attributes of
    the instance's inventory resource (docs/reference/resources.md lists them).
    """

    model_config = ConfigDict(frozen=True)

    provider: str
    region: str
    zone: str | None = None
    id: str
    unique_id: str = Field(min_length=1)
    name: str
    state: InstanceState
    native_state: str
    type: str | None = None
    image: str | None = None
    network: str | None = None
    subnet: str | None = None
    private_addresses: tuple[str, ...] = ()
    public_addresses: tuple[str, ...] = ()
    tags: dict[str, str] = Field(default_factory=dict)
    created_at: AwareDatetime | None = None
    state_reason: str | None = None
    failure: InstanceFailure | None = None
    attributes: dict[str, JsonValue] = Field(default_factory=dict)

    @property
    def reference(self) -> InstanceReference:
        """Return the reference by which a change names this instance."""
        return InstanceReference(region=self.region, id=self.id, unique_id=self.unique_id)
