"""What can be asked of provisioning: an exact machine, or what it needs and where it may be."""

from __future__ import annotations

from typing import Final, Self

from pydantic import Field, model_validator

from skyclust.model.flow_request import FlowRequest
from skyclust.model.instance import SealedInstanceSpec
from skyclust.model.placement import InstanceNeeds
from skyclust.model.workspace import Slug

LONGEST_NAME: Final = 63
"""Characters of a machine's name; the limit of a DNS label (RFC 1035, section 2.3.4)."""


class ProvisionRequest(FlowRequest):
    """Make one machine or several alike: exactly as told, or as small as its needs allow."""

    workspace: Slug = Field(
        default="default", title="Workspace", description="Owner of the machines."
    )
    credential: Slug | None = Field(
        default=None,
        title="Credential",
        description="Name of the credential to make the machines with. For an exact machine"
        " only; needs name their places themselves.",
    )
    spec: SealedInstanceSpec | None = Field(
        default=None,
        title="Machine",
        description="What each machine is to be, with an exact type and image.",
    )
    needs: InstanceNeeds | None = Field(
        default=None,
        title="Needs",
        description="In place of an exact machine: what each machine has to have, and where it"
        " may be. The smallest type that fits is taken, in the first place that has room.",
    )
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
    dry_run: bool = Field(
        default=False,
        title="Dry run",
        description="With needs: show which place would be taken and why, and make nothing.",
    )

    @model_validator(mode="after")
    def _one_way_to_ask(self) -> Self:
        if (self.spec is None) == (self.needs is None):
            raise ValueError("give either an exact machine (spec) or what it needs (needs)")
        if (self.credential is None) == (self.spec is not None):
            raise ValueError(
                "an exact machine needs a credential; needs name credentials in their places"
            )
        if self.dry_run and self.needs is None:
            raise ValueError("a dry run goes with needs: an exact machine leaves nothing to choose")
        return self

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
    def user_data(self) -> str | None:
        """Return the sealed user data that was given, None without any."""
        asked = self.spec or self.needs
        return asked.user_data if asked else None

    @property
    def name(self) -> str:
        """Return the name that was asked for."""
        asked = self.spec or self.needs
        return asked.name if asked else ""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the machines, in order."""
        if self.count == 1:
            return (self.name,)
        return tuple(f"{self.name}-{number}" for number in range(1, self.count + 1))

    @property
    def summary(self) -> str:
        """Return what is made and where, for the run's name."""
        what = self.name if self.count == 1 else f"{self.name}-1..{self.count}"
        if self.spec is not None:
            return f"provision {what} on {self.credential} in {self.spec.region}"
        return f"{'place' if self.dry_run else 'provision'} {what} where it fits"
