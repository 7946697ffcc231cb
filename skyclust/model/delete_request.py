"""The request to delete an unused resource; its fields make the form in the Prefect UI."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from skyclust.model.change_request import LONGEST_ID
from skyclust.model.choices import Choices, chosen_from
from skyclust.model.flow_request import FlowRequest
from skyclust.model.resource import ResourceKind
from skyclust.model.workspace import Slug

DeletedKind = Literal[ResourceKind.DISK, ResourceKind.ADDRESS, ResourceKind.SNAPSHOT]
"""The kinds of resources that can be deleted by themselves; an instance is changed otherwise."""


class DeleteRequest(FlowRequest):
    """Delete one disk, address or snapshot that nothing uses."""

    workspace: Slug = Field(
        default="default",
        title="Workspace",
        description="Owner of the resource.",
        json_schema_extra=chosen_from(Choices.WORKSPACES),
    )
    kind: DeletedKind = Field(title="Kind", description="What is deleted.")
    resource: str = Field(
        min_length=1,
        max_length=LONGEST_ID,
        title="Resource",
        description="Its id at its cloud, or its name where the inventory knows only one such.",
    )
    credential: Slug | None = Field(
        default=None,
        title="Credential",
        description="Name of the resource's credential. Empty: as the inventory has it.",
        json_schema_extra=chosen_from(Choices.CREDENTIALS),
    )
    region: str | None = Field(
        default=None,
        min_length=1,
        title="Region",
        description="Region of the resource. Empty: as the inventory has it.",
        json_schema_extra=chosen_from(Choices.REGIONS),
    )
    identity: str | None = Field(
        default=None,
        min_length=1,
        max_length=LONGEST_ID,
        title="Identity",
        description="Proof of which resource is meant, for an id that is used again. Commands fill"
        " it in. Empty: the resource that the inventory has.",
    )
    wait_minutes: float = Field(
        default=15,
        gt=0,
        le=240,
        title="Wait (minutes)",
        description="How long to wait until the resource is gone.",
    )

    @property
    def summary(self) -> str:
        """Return what is deleted and where, for the run's name."""
        parts = [f"delete {self.kind.value} {self.resource}"]
        if self.credential:
            parts.append(f"on {self.credential}")
        if self.region:
            parts.append(f"in {self.region}")
        return " ".join(parts)
