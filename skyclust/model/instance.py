"""Virtual machines: what one is, and what someone asks for."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from skyclust.model.ssh_key import SshKey
from skyclust.model.user_data import DESCRIPTION, LONGEST, SealedUserData

Name = Annotated[
    str, Field(min_length=1, max_length=63, pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$")
]


class InstanceState(StrEnum):
    """The state of a machine in one vocabulary for every cloud.

    The cloud's own word is always kept beside it (`Instance.native_state`).
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


# From these states a machine never reaches the awaited one by itself, so waiting on is useless.
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
    """Why a machine in the state ERROR never came up, where that tells what to do next."""

    CAPACITY = "capacity"  # the cloud had no room for it in this place
    QUOTA = "quota"  # a limit of the account was reached


class DiskSpec(BaseModel):
    """One disk to create together with the machine."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size_gib: int = Field(
        title="Size (GiB)", description="Size of the disk in GiB.", ge=1, le=65536
    )
    type: str | None = Field(
        default=None,
        title="Disk type",
        description="The cloud's own disk type, for example gp3. Empty: the cloud's default.",
    )


class BaseInstanceSpec(BaseModel):
    """What someone asks for. Type, image and network are given by id or by name.

    Its two forms differ in the user data alone: sealed in what is stored, plain for a provider.
    Neither is taken for the other. What was given is not repeated in validation errors.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: Name = Field(
        title="Name", description="Name of the machine: letters, digits, dots and dashes."
    )
    region: str = Field(
        title="Region", description="The cloud's region, for example eu-central-1.", min_length=1
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
        description="Whether the machine gets a public address, made for it and deleted with it."
        " Empty: what the network does by itself.",
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
        default_factory=dict, title="Tags", description="Tags of the machine."
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
        """Return what the provider is asked for; `plain` is the user data, opened."""
        return InstanceSpec.model_validate({**self.model_dump(), "user_data": plain})


class InstanceSpec(BaseInstanceSpec):
    """What a provider is asked to make: its user data is as the machine will read it."""

    user_data: str | None = Field(
        default=None,
        title="User data",
        description="cloud-init data.",
        max_length=LONGEST,
        repr=False,
    )


class SealedInstanceSpec(BaseInstanceSpec):
    """What is sent to Prefect and journalled: its user data is sealed."""

    model_config = ConfigDict(title="InstanceSpec")  # what the form in the UI calls it

    user_data: SealedUserData | None = Field(
        default=None, title="User data", description=DESCRIPTION, repr=False
    )


class InstanceReference(BaseModel):
    """Which machine a change is meant for, and the proof that it is this one.

    `unique_id` is an id that the cloud gives to one machine alone and never again: EC2's and
    Nova's id, GCE's number, Azure's vmId; in Proxmox VE the SMBIOS UUID and creation time of a
    virtual machine, the hardware address of a container's network card. `id` may be a name or a
    number that another machine gets after this one.
    """

    model_config = ConfigDict(frozen=True)

    region: str
    id: str
    unique_id: str = Field(min_length=1)


class Instance(BaseModel):
    """A machine as the cloud reports it at one moment.

    `unique_id` is never given to another machine (`InstanceReference`). `type` is None where the
    cloud does not tell it: Nova of a flavor that was deleted.
    `failure` says why a machine in the state ERROR has no place to run in, where the cloud
    tells. `attributes` holds what the cloud tells beyond the fields, JSON values only; it joins the
    attributes of the machine's inventory resource (docs/reference/resources.md lists them).
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
        """Return what a change of this very machine names it by."""
        return InstanceReference(region=self.region, id=self.id, unique_id=self.unique_id)
