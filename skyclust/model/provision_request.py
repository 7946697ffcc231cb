"""The request to create instances, given by an exact spec or by what they need."""

from __future__ import annotations

from typing import Final, Self

from pydantic import Field, model_validator

from skyclust.model.choices import Choices, chosen_from
from skyclust.model.flow_request import FlowRequest
from skyclust.model.instance import SealedInstanceSpec
from skyclust.model.placement import InstanceNeeds
from skyclust.model.workspace import Slug

LONGEST_NAME: Final = 63
"""Characters of an instance's name; the limit of a DNS label (RFC 1035, section 2.3.4)."""


class CreationRequest(FlowRequest):
    """What every request to create instances says, however it describes them."""

    workspace: Slug = Field(
        default="default",
        title="Workspace",
        description="Owner of the instances.",
        json_schema_extra=chosen_from(Choices.WORKSPACES),
    )
    count: int = Field(
        default=1,
        ge=1,
        le=100,
        title="How many",
        description="With more than one the instances are called NAME-1, NAME-2 and so on.",
    )
    wait_minutes: float = Field(
        default=15,
        gt=0,
        le=240,
        title="Wait (minutes)",
        description="An instance that is not running this long after the request is deleted again.",
    )
    allow_duplicate: bool = Field(
        default=False,
        title="Allow a second instance of this name",
        description="Otherwise the request is refused when the workspace has an instance of one of"
        " the names, or is creating one.",
    )


class ProvisionRequest(CreationRequest):
    """Create one instance or several alike: by an exact spec, or as small as the needs allow."""

    credential: Slug | None = Field(
        default=None,
        title="Credential",
        description="Name of the credential to create the instances with. For an exact spec only;"
        " needs name credentials in their places.",
    )
    spec: SealedInstanceSpec | None = Field(
        default=None,
        title="Instance",
        description="The spec of each instance, with an exact type and image.",
    )
    needs: InstanceNeeds | None = Field(
        default=None,
        title="Needs",
        description="Instead of an exact spec: what each instance needs, and where it may be"
        " created. The smallest type that fits is used, in the first place that has capacity.",
    )
    dry_run: bool = Field(
        default=False,
        title="Dry run",
        description="With needs: show which place would be chosen and why, and create nothing.",
    )

    @model_validator(mode="after")
    def _spec_or_needs(self) -> Self:
        if (self.spec is None) == (self.needs is None):
            raise ValueError("give either an exact instance (spec) or what it needs (needs)")
        if (self.credential is None) == (self.spec is not None):
            raise ValueError(
                "an exact instance requires a credential; needs name credentials in their places"
            )
        if self.dry_run and self.needs is None:
            raise ValueError("a dry run requires needs: an exact instance leaves nothing to choose")
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
        """Return the sealed user data of the request, None without any."""
        given = self.spec or self.needs
        return given.user_data if given else None

    @property
    def name(self) -> str:
        """Return the requested name."""
        given = self.spec or self.needs
        return given.name if given else ""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the instances, in order."""
        if self.count == 1:
            return (self.name,)
        return tuple(f"{self.name}-{number}" for number in range(1, self.count + 1))

    @property
    def summary(self) -> str:
        """Return what is created and where, for the run's name."""
        what = self.name if self.count == 1 else f"{self.name}-1..{self.count}"
        if self.spec is not None:
            return f"provision {what} on {self.credential} in {self.spec.region}"
        return f"{'place' if self.dry_run else 'provision'} {what} where it fits"
