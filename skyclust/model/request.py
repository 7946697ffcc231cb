"""The requests of flows; the titles and descriptions of their fields make the forms in the UI."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from skyclust.model.choices import Choices, chosen_from
from skyclust.model.flow_request import FlowRequest
from skyclust.model.resource import ResourceKind
from skyclust.model.workspace import Slug

SHOWN: Final = 3
"""Names of a list that the name of a run contains before the number of the others."""


class SyncRequest(FlowRequest):
    """Read what exists in the clouds and store it."""

    workspace: Slug | None = Field(
        default=None,
        title="Workspace",
        description="Whose credentials to read. Empty: those of every workspace.",
        json_schema_extra=chosen_from(Choices.WORKSPACES),
    )
    credentials: tuple[Slug, ...] = Field(
        default=(),
        title="Credentials",
        description="Names of the credentials to read with. Empty: all of the workspace.",
        json_schema_extra=chosen_from(Choices.CREDENTIALS),
    )
    regions: tuple[str, ...] = Field(
        default=(),
        title="Regions",
        description="Regions to read, for example eu-central-1. Empty: all of each credential.",
        json_schema_extra=chosen_from(Choices.REGIONS),
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
        " large clean-up that was intended.",
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


class RecoverRequest(FlowRequest):
    """Continue operations whose run is gone."""

    workspace: Slug | None = Field(
        default=None,
        title="Workspace",
        description="Whose operations to recover. Empty: those of every workspace.",
        json_schema_extra=chosen_from(Choices.WORKSPACES),
    )
    operations: tuple[str, ...] = Field(
        default=(),
        title="Operations",
        description="Ids of the operations to recover. Empty: all whose run is gone.",
    )

    @property
    def summary(self) -> str:
        """Return which operations are recovered, for the run's name."""
        named = f" {_some(self.operations)}" if self.operations else "s"
        return f"recover operation{named} of {self.workspace or 'every workspace'}"


class SealRequest(FlowRequest):
    """Seal credential blocks that were created or edited by hand."""

    workspace: Slug | None = Field(
        default=None,
        title="Workspace",
        description="Whose blocks to seal. Empty: those of every workspace.",
        json_schema_extra=chosen_from(Choices.WORKSPACES),
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
