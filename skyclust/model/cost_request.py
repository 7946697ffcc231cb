"""The requests of the flows about costs; the titles of their fields make the forms in the UI."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from skyclust.model.choices import Choices, chosen_from
from skyclust.model.cost_source import SourceName
from skyclust.model.flow_request import FlowRequest
from skyclust.model.object_address import (
    ObjectAddress,
    is_object_address,
    parse_object_address,
)
from skyclust.model.workspace import Slug


class _DayRangeRequest(FlowRequest):
    """Parameters of which `start` and `end` are a half-open range of days; each may be open."""

    if TYPE_CHECKING:
        # Each form declares them itself: inherited fields would stand first in the UI.
        start: date | None
        end: date | None

    @model_validator(mode="after")
    def _the_range_is_one(self) -> Self:
        if self.start and self.end and self.start >= self.end:
            raise ValueError("`start` must be before `end`, which is exclusive")
        return self


class CollectCostsRequest(_DayRangeRequest):
    """Collect what the accounts cost."""

    workspace: Slug | None = Field(
        default=None,
        title="Workspace",
        description="Whose costs to collect. Empty: those of every workspace.",
        json_schema_extra=chosen_from(Choices.WORKSPACES),
    )
    providers: tuple[str, ...] = Field(
        default=(),
        title="Providers",
        description="Providers whose accounts to collect. Empty: all.",
        json_schema_extra=chosen_from(Choices.PROVIDERS),
    )
    credentials: tuple[Slug, ...] = Field(
        default=(),
        title="Credentials",
        description="Names of the credentials to collect with. Empty: all.",
        json_schema_extra=chosen_from(Choices.CREDENTIALS),
    )
    start: date | None = Field(
        default=None,
        title="From",
        description="First charge day (UTC). Empty: the first day of the month before, since"
        " clouds change a month for two weeks after its end.",
    )
    end: date | None = Field(
        default=None,
        title="Until",
        description="The day after the last charge day (UTC). Empty: tomorrow, so that today is in"
        " it.",
    )
    price_books: bool = Field(
        default=True,
        title="Price books",
        description="Whether the instances that a price book covers are priced as well.",
    )
    metrics: bool = Field(
        default=True,
        title="Metrics",
        description="Whether the CPU, memory and network use of running instances is read as well,"
        " once a day, for advice.",
    )
    folder: str | None = Field(
        default=None,
        title="Folder",
        description="A folder or file with FOCUS exports to import in place of reading the"
        " accounts. Of a bucket: s3://bucket/prefix, read with the one credential that is named"
        " above. Of the worker: a path that its operator allows (SKYCLUST_COST_IMPORT_FOLDERS).",
    )
    source: SourceName | None = Field(
        default=None,
        title="Source",
        description="The name under which the folder's deliveries are kept; upper and lower case"
        " differ. Empty: its own name. Only with a folder.",
    )
    brake_share: float = Field(
        default=0.5,
        ge=0.0,
        le=1.0,
        title="Brake",
        description="A delivery that would remove more than this share of a closed period is"
        " not applied. 0.5 is one half.",
    )
    allow_mass_withdrawal: bool = Field(
        default=False,
        title="Allow mass withdrawal",
        description="Apply the delivery even if the brake would stop it. For the one run after a"
        " restatement that was announced.",
    )

    @model_validator(mode="after")
    def _nothing_is_ignored(self) -> Self:
        if self.source and not self.folder:
            raise ValueError("`source` is the name of an imported folder: give `folder` as well")
        if self.bucket is not None:
            if len(self.credentials) != 1:
                raise ValueError("a bucket is read with one credential: name it in `credentials`")
        elif self.folder and self.credentials:
            raise ValueError(
                "`folder` is imported in place of reading accounts: leave out `credentials`"
            )
        if self.folder and self.providers:
            raise ValueError(
                "`folder` is imported in place of reading accounts: leave out `providers`"
            )
        return self

    @property
    def bucket(self) -> ObjectAddress | None:
        """Return the address in a bucket that is imported; None for a folder, and for none."""
        if self.folder and is_object_address(self.folder):
            return parse_object_address(self.folder)
        return None

    @property
    def summary(self) -> str:
        """Return what is collected, for the run's name."""
        if self.folder:
            place = "a bucket" if self.bucket else "a folder"
            return f"import costs from {self.source or place}"
        what = ", ".join(self.credentials or self.providers) or "all accounts"
        owner = "" if self.workspace else " of every workspace"
        begin = f" from {self.start}" if self.start else ""
        return f"collect costs of {what}{owner}{begin}"


class CheckBudgetsRequest(FlowRequest):
    """Compare what the month costs with the budgets."""

    workspace: Slug | None = Field(
        default=None,
        title="Workspace",
        description="Whose budgets to check. Empty: those of every workspace.",
        json_schema_extra=chosen_from(Choices.WORKSPACES),
    )

    @property
    def summary(self) -> str:
        """Return whose budgets are checked, for the run's name."""
        return f"check budgets of {self.workspace or 'every workspace'}"


class ReportCostsRequest(_DayRangeRequest):
    """Report the costs of a range of days: trend, forecast, movers, budgets, advice."""

    workspace: Slug | None = Field(
        default=None,
        title="Workspace",
        description="Whose costs to report. Empty: those of every workspace.",
        json_schema_extra=chosen_from(Choices.WORKSPACES),
    )
    start: date | None = Field(
        default=None,
        title="From",
        description="First day of the report (UTC). Empty: 30 days before its end.",
    )
    end: date | None = Field(
        default=None,
        title="Until",
        description="The day after the last one (UTC). Empty: today.",
    )

    @property
    def summary(self) -> str:
        """Return whose costs are reported, for the run's name."""
        return f"report costs of {self.workspace or 'every workspace'}"
