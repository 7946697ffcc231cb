"""Placement of an instance: its needs, the places where it may be created, and their ranking."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from skyclust.model.catalog import Architecture
from skyclust.model.choices import Choices, chosen_from
from skyclust.model.instance import DiskSpec, Name, SealedInstanceSpec
from skyclust.model.ssh_key import SshKey
from skyclust.model.user_data import DESCRIPTION, SealedUserData
from skyclust.model.workspace import Slug


class Place(BaseModel):
    """Where an instance may be created: a credential, and one of its regions or all of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    credential: Slug = Field(
        title="Credential",
        description="Name of the credential.",
        json_schema_extra=chosen_from(Choices.CREDENTIALS),
    )
    region: str | None = Field(
        default=None,
        min_length=1,
        title="Region",
        description="Empty: the credential's own region, then each of its others by name.",
        json_schema_extra=chosen_from(Choices.REGIONS),
    )
    zone: str | None = Field(
        default=None, title="Zone", description="Empty: the cloud chooses one of the region."
    )
    network: str | None = Field(
        default=None,
        title="Network",
        description="Subnet or network of the region, by id or name. Empty: the default network.",
    )

    def __str__(self) -> str:
        """Return credential, region and zone, separated by slashes."""
        return "/".join(part for part in (self.credential, self.region, self.zone) if part)


class InstanceNeeds(BaseModel):
    """What an instance needs, and where it may be created, instead of an exact type and region."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: Name = Field(
        title="Name", description="Name of the instance: letters, digits, dots and dashes."
    )
    cores: int = Field(ge=1, le=1024, title="Cores", description="Virtual processors, at least.")
    memory_gib: float = Field(
        gt=0, le=32768, title="Memory (GiB)", description="Memory in GiB, at least."
    )
    image_family: str = Field(
        min_length=1,
        title="Image family",
        description="Distribution and version, for example ubuntu-24.04 or debian-12; the newest"
        " image of it is used.",
    )
    architecture: Architecture = Field(
        default=Architecture.X86_64,
        title="Processor architecture",
        description="Of type and image.",
    )
    gpus: int = Field(default=0, ge=0, le=64, title="GPUs", description="How many, at least.")
    places: tuple[Place, ...] = Field(
        default=(),
        max_length=50,
        title="Places",
        description="Where the instance may be created, the preferred place first. Empty: every"
        " credential of the workspace, first each in its own region.",
    )
    providers: tuple[str, ...] = Field(
        default=(),
        title="Providers allowed",
        description="For example aws, openstack. Empty: all.",
        json_schema_extra=chosen_from(Choices.PROVIDERS),
    )
    regions: tuple[str, ...] = Field(
        default=(),
        title="Regions allowed",
        description="As each cloud writes them, for example eu-central-1. Empty: all.",
        json_schema_extra=chosen_from(Choices.REGIONS),
    )
    public_address: bool | None = Field(
        default=None,
        title="Public address",
        description="Whether the instance gets a public address. Empty: as the network is set up.",
    )
    user: str | None = Field(
        default=None,
        title="Login user",
        description="The user that the SSH keys are for. Empty: the image's own.",
        pattern=r"^[a-z_][a-z0-9_-]{0,31}$",
    )
    ssh_keys: tuple[SshKey, ...] = Field(
        default=(),
        title="SSH keys",
        description="Names of key pairs at the clouds, or public keys where the clouds take those."
        " A private key is refused.",
    )
    user_data: SealedUserData | None = Field(
        default=None, title="User data", description=DESCRIPTION, repr=False
    )
    tags: dict[str, str] = Field(
        default_factory=dict, title="Tags", description="Tags of the instance."
    )
    boot_disk: DiskSpec | None = Field(
        default=None, title="Boot disk", description="Empty: as the image and the type have it."
    )
    disks: tuple[DiskSpec, ...] = Field(
        default=(), title="Data disks", description="Disks beside the boot disk."
    )

    @model_validator(mode="after")
    def _places_differ(self) -> Self:
        if len(set(self.places)) != len(self.places):
            raise ValueError("a place is given twice")
        return self

    def spec(
        self, place: Place, *, region: str, instance_type: str, image: str
    ) -> SealedInstanceSpec:
        """Return the exact spec of an instance with these needs in one place."""
        return SealedInstanceSpec(
            name=self.name,
            region=region,
            zone=place.zone,
            type=instance_type,
            image=image,
            network=place.network,
            public_address=self.public_address,
            user=self.user,
            ssh_keys=self.ssh_keys,
            user_data=self.user_data,
            tags=self.tags,
            boot_disk=self.boot_disk,
            disks=self.disks,
        )


class PlacePrice(BaseModel):
    """What an instance of the offered type costs an hour in a place, without disks and traffic.

    `source` says where the price is from and when it was read, for people.
    """

    model_config = ConfigDict(frozen=True)

    hourly: Decimal
    currency: str
    source: str


class Standing(StrEnum):
    """The rank of a place in a placement."""

    FIRST = "first choice"
    FALLBACK = "fallback"
    PASSED_OVER = "passed over"


class Ranked(BaseModel):
    """One place of a ranking: the spec to create there, or the reason why it is passed over.

    `spec` is None for a place that is passed over; `reason` is a text for people.
    """

    model_config = ConfigDict(frozen=True)

    place: Place
    provider: str
    region: str
    standing: Standing
    reason: str
    spec: SealedInstanceSpec | None = None
    cores: int | None = None
    memory_gib: float | None = None
    image_name: str | None = None
    price: PlacePrice | None = None
