"""The request to change an instance that exists; its fields make the form in the Prefect UI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Self

from pydantic import Field, model_validator

from skyclust.model.choices import Choices, chosen_from
from skyclust.model.flow_request import FlowRequest
from skyclust.model.instance_action import ChangeAction, InstanceAction
from skyclust.model.workspace import Slug

LONGEST_ID: Final = 512
"""Characters of an id at a cloud. The longest are Azure's: a resource group of 90, a disk of
80, and the path segments around them with the subscription's id ("Naming rules and restrictions
for Azure resources")."""


SNAPSHOT_ACTIONS: Final = frozenset(
    {InstanceAction.SNAPSHOT, InstanceAction.RESTORE, InstanceAction.DELETE_SNAPSHOT}
)
DISK_ACTIONS: Final = frozenset({InstanceAction.ATTACH_DISK, InstanceAction.DETACH_DISK})

# Each field is permitted for these actions only.
_ACTIONS_OF_FIELD: Final[Mapping[str, frozenset[InstanceAction]]] = {
    "type": frozenset({InstanceAction.RESIZE}),
    "snapshot": SNAPSHOT_ACTIONS,
    "disk": DISK_ACTIONS,
    "tags": frozenset({InstanceAction.SET_TAGS}),
    "removed_tags": frozenset({InstanceAction.SET_TAGS}),
    "power_off_only": frozenset({InstanceAction.STOP}),
}

# Fields that their actions require.
_REQUIRED: Final = ("type", "snapshot", "disk")


class ChangeRequest(FlowRequest):
    """Change one instance: its power, its type, its snapshots, its disks or its tags."""

    workspace: Slug = Field(
        default="default",
        title="Workspace",
        description="Owner of the instance.",
        json_schema_extra=chosen_from(Choices.WORKSPACES),
    )
    action: ChangeAction = Field(title="Action", description="The change of the instance.")
    instance: str = Field(
        min_length=1,
        max_length=LONGEST_ID,
        title="Instance",
        description="The instance's id at its cloud, or its name where only one instance has it.",
    )
    credential: Slug | None = Field(
        default=None,
        title="Credential",
        description="Name of the instance's credential. Empty: as the inventory has it.",
        json_schema_extra=chosen_from(Choices.CREDENTIALS),
    )
    region: str | None = Field(
        default=None,
        min_length=1,
        title="Region",
        description="Region of the instance. Empty: as the inventory has it.",
        json_schema_extra=chosen_from(Choices.REGIONS),
    )
    type: str | None = Field(
        default=None,
        min_length=1,
        title="New instance type",
        description="For resize only, for example t3.large. A running instance is stopped for it"
        " where the cloud requires that, and started again.",
    )
    power_off_only: bool = Field(
        default=False,
        title="Power off only",
        description="For stop only: the instance keeps its capacity in the cloud, and is still"
        " billed where the cloud bills for allocated capacity.",
    )
    snapshot: str | None = Field(
        default=None,
        min_length=1,
        max_length=LONGEST_ID,
        title="Snapshot",
        description="For snapshot: the name of the new snapshot. For restore and delete-snapshot:"
        " the id of a snapshot, or its name where only one snapshot of the instance has it. A"
        " restore resets all disks to the snapshot; a running instance is stopped for it where the"
        " cloud requires that, and started again.",
    )
    disk: str | None = Field(
        default=None,
        min_length=1,
        max_length=LONGEST_ID,
        title="Disk",
        description="For attach-disk and detach-disk: the disk's id at its cloud, or its name"
        " where the inventory has only one disk of that name in the instance's region.",
    )
    tags: dict[str, str] = Field(
        default_factory=dict,
        title="Tags to set",
        description="For set-tags: tags and their new values. All others stay as they are.",
    )
    removed_tags: tuple[str, ...] = Field(
        default=(),
        title="Tags to remove",
        description="For set-tags: keys of the tags to remove.",
    )
    wait_minutes: float = Field(
        default=15,
        gt=0,
        le=240,
        title="Wait (minutes)",
        description="How long to wait until the change is complete.",
    )

    @model_validator(mode="after")
    def _fields_match_the_action(self) -> Self:
        for name, actions in _ACTIONS_OF_FIELD.items():
            value = getattr(self, name)
            permitted = " and ".join(sorted(action.value for action in actions))
            if value and self.action not in actions:
                raise ValueError(f"{name} is for {permitted} only")
            if name in _REQUIRED and self.action in actions and not value:
                raise ValueError(f"{self.action.value} needs {name}")
        return self

    @model_validator(mode="after")
    def _tags_are_consistent(self) -> Self:
        if self.action is InstanceAction.SET_TAGS and not (self.tags or self.removed_tags):
            raise ValueError("set-tags needs tags to set or to remove")
        both = sorted(set(self.tags) & set(self.removed_tags))
        if both:
            raise ValueError(f"{', '.join(both)}: a tag is either set or removed")
        return self

    @property
    def summary(self) -> str:
        """Return the action and the instance, for the run's name."""
        parts = [self.action.value, self.instance]
        if self.type:
            parts.append(f"to {self.type}")
        if self.snapshot:
            parts.append(f"{_PREPOSITIONS.get(self.action, 'as')} {self.snapshot}")
        if self.disk:
            parts.append(f"disk {self.disk}")
        if self.credential:
            parts.append(f"on {self.credential}")
        if self.region:
            parts.append(f"in {self.region}")
        return " ".join(parts)


_PREPOSITIONS: Final = {InstanceAction.RESTORE: "to", InstanceAction.DELETE_SNAPSHOT: "named"}
