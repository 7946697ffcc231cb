"""What can be asked of the flows; each field's title and description make the form in the UI."""

from __future__ import annotations

from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from skyclust.model.instance import InstanceSpec
from skyclust.model.resource import ResourceKind
from skyclust.model.workspace import Slug

LONGEST_NAME: Final = 63
"""Characters of a machine's name; the limit of a DNS label (RFC 1035, section 2.3.4)."""

SHOWN: Final = 3
"""How many names of a list a run's name carries before it says how many more there are."""


class SyncRequest(BaseModel):
    """Read what exists in the clouds and store it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workspace: Slug | None = Field(
        default="default",
        title="Workspace",
        description="Whose credentials to read. Empty: those of every workspace.",
    )
    credentials: tuple[Slug, ...] = Field(
        default=(),
        title="Credentials",
        description="Names of the credentials to read with. Empty: all of the workspace.",
    )
    regions: tuple[str, ...] = Field(
        default=(),
        title="Regions",
        description="Regions to read, for example eu-central-1. Empty: all of each account.",
    )
    kinds: tuple[ResourceKind, ...] = Field(
        default=(),
        title="Kinds",
        description="Kinds of resources to read. Empty: all that the cloud's provider can list.",
    )
    brake_share: float = Field(
        default=0.5,
        ge=0.0,
        le=1.0,
        title="Mass-delete brake",
        description="A read that would remove more than this share of a scope's resources is not"
        " stored; the scope is marked stale instead. 0.5 is one half.",
    )
    allow_mass_delete: bool = Field(
        default=False,
        title="Allow mass deletion",
        description="Store the read even if the brake would stop it. For the one run after a"
        " large clean-up that you know of.",
    )

    @property
    def summary(self) -> str:
        """Return what is read and where, for the run's name."""
        credentials = _some(self.credentials) or "all credentials"
        owner = "of every workspace" if self.workspace is None else ""
        parts = [
            "sync",
            credentials,
            owner,
            _some(self.regions),
            _some([kind.value for kind in self.kinds]),
        ]
        return " ".join(part for part in parts if part)


class ProvisionRequest(BaseModel):
    """Make one machine or several alike."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workspace: Slug = Field(
        default="default", title="Workspace", description="Owner of the machines."
    )
    credential: Slug = Field(
        title="Credential", description="Name of the credential to make the machines with."
    )
    spec: InstanceSpec = Field(title="Machine", description="What each machine is to be.")
    count: int = Field(
        default=1,
        ge=1,
        le=100,
        title="How many",
        description="With more than one the machines are called NAME-1, NAME-2 and so on.",
    )
    wait_minutes: float = Field(
        default=15,
        gt=0,
        le=240,
        title="Wait (minutes)",
        description="A machine that is not running so long after it was asked for is deleted"
        " again.",
    )

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        longest = max(self.names, key=len)
        if len(longest) > LONGEST_NAME:
            raise ValueError(
                f"the name {longest!r} has {len(longest)} characters, more than {LONGEST_NAME}:"
                " choose a shorter name"
            )
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the machines, in order."""
        if self.count == 1:
            return (self.spec.name,)
        return tuple(f"{self.spec.name}-{number}" for number in range(1, self.count + 1))

    @property
    def specs(self) -> tuple[InstanceSpec, ...]:
        """Return one spec a machine, in the order of `names`."""
        return tuple(self.spec.model_copy(update={"name": name}) for name in self.names)

    @property
    def summary(self) -> str:
        """Return what is made and where, for the run's name."""
        what = self.spec.name if self.count == 1 else f"{self.spec.name}-1..{self.count}"
        return f"provision {what} on {self.credential} in {self.spec.region}"


class RecoverRequest(BaseModel):
    """Carry on operations whose run is gone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workspace: Slug | None = Field(
        default=None,
        title="Workspace",
        description="Whose operations to recover. Empty: those of every workspace.",
    )

    @property
    def summary(self) -> str:
        """Return whose operations are recovered, for the run's name."""
        return f"recover operations of {self.workspace or 'every workspace'}"


class SealRequest(BaseModel):
    """Seal credential blocks that were made or edited by hand."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workspace: Slug | None = Field(
        default=None,
        title="Workspace",
        description="Whose blocks to seal. Empty: those of every workspace.",
    )

    @property
    def summary(self) -> str:
        """Return whose blocks are sealed, for the run's name."""
        return f"seal credentials of {self.workspace or 'every workspace'}"


def _some(names: tuple[str, ...] | list[str]) -> str:
    """Return the first names and how many more there are."""
    rest = len(names) - SHOWN
    shown = ", ".join(names[:SHOWN])
    return f"{shown} and {rest} more" if rest > 0 else shown
