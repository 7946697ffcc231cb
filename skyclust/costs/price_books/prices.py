"""The prices of a price book: one class a unit, each with the days on which it holds."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from skyclust.model.resource import ResourceKind

ANY_CLASS = "*"
"""The storage class of a price for every storage without a price of its own."""


def _decimal(value: Any) -> Any:
    """Return the number of a text or an integer; a float is not the number that was written."""
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise ValueError(  # noqa: TRY004  # pydantic reports a ValueError with its path
            "write the number as digits or in quotes"
        )
    try:
        return Decimal(value)
    except ArithmeticError as error:
        raise ValueError("this is not a number") from error


def _day(value: Any) -> Any:
    return date.fromisoformat(value) if isinstance(value, str) else value


Price = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    Field(ge=0, max_digits=38, decimal_places=12, allow_inf_nan=False),
]
"""An amount of the book's currency for one unit, with up to 12 digits behind the point."""

Count = Annotated[Decimal, BeforeValidator(_decimal), Field(ge=0, le=1_000_000, decimal_places=6)]
Day = Annotated[date, BeforeValidator(_day)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class Strict(BaseModel):
    """What every part of a price book has in common: it is frozen and refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)


class DatedPrice(Strict):
    """A price that holds from one day on, before another: half open, days in UTC."""

    kind: ClassVar[ResourceKind] = ResourceKind.INSTANCE
    consumed_unit: ClassVar[str] = "Hours"
    monthly: ClassVar[bool] = False

    unit: str
    price: Price
    valid_from: Day = Field(alias="from")
    valid_to: Day | None = Field(default=None, alias="to")

    @property
    def selector(self) -> str:
        """Return what the price is for among those of its unit; empty: everything."""
        return ""

    @property
    def sku(self) -> str:
        """Return the unit and the selector: `gib-month/ssd`."""
        return f"{self.unit}/{self.selector}" if self.selector else self.unit

    def holds(self, day: date) -> bool:
        """Return whether this is the price on a day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    @model_validator(mode="after")
    def _require_days(self) -> Self:
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise ValueError("`to` is exclusive and must be after `from`")
        return self


class CorePrice(DatedPrice):
    """One virtual processor for an hour."""

    consumed_unit = "Core-Hours"
    unit: Literal["core-hour"]


class MemoryPrice(DatedPrice):
    """One GiB of memory for an hour."""

    consumed_unit = "GiB-Hours"
    unit: Literal["memory-gib-hour"]


class InstancePrice(DatedPrice):
    """An instance of a type for an hour, in place of its cores and memory."""

    unit: Literal["instance-hour"]
    type: Name

    @property
    def selector(self) -> str:
        """Return the instance type."""
        return self.type


class GpuPrice(DatedPrice):
    """One GPU for an hour; `types` has how many of it an instance type has."""

    consumed_unit = "GPU-Hours"
    unit: Literal["gpu-hour"]
    gpu: Name
    types: dict[Name, Annotated[int, Field(ge=1, le=64)]] = Field(min_length=1)

    @property
    def selector(self) -> str:
        """Return the name of the GPU."""
        return self.gpu


class LicenceMatch(Strict):
    """The instances that need a licence: every field that is given must match.

    `image` is the image's id. `platform` is the operating system as the cloud reports it (`win11`
    on Proxmox VE). Both may have `*` for any text. `tags` are tags with their values.
    """

    image: Name | None = None
    platform: Name | None = None
    tags: dict[Name, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _require_one(self) -> Self:
        if self.image is None and self.platform is None and not self.tags:
            raise ValueError("give at least one of image, platform and tags")
        return self


class LicencePrice(DatedPrice):
    """A licence of an instance for an hour."""

    unit: Literal["licence-hour"]
    licence: Name
    match: LicenceMatch

    @property
    def selector(self) -> str:
        """Return the name of the licence."""
        return self.licence


class StoragePrice(DatedPrice):
    """One GiB of a disk for a month.

    `storage_class` is the name of a storage, or else a disk type; `*` is any other.
    """

    kind = ResourceKind.DISK
    consumed_unit = "GiB-Months"
    monthly = True
    unit: Literal["storage-gib-month"]
    storage_class: Name = Field(default=ANY_CLASS, alias="class")

    @property
    def selector(self) -> str:
        """Return the storage class."""
        return self.storage_class


class AddressPrice(DatedPrice):
    """A reserved public address for an hour, used or not."""

    kind = ResourceKind.ADDRESS
    unit: Literal["address-hour"]


class SnapshotPrice(DatedPrice):
    """One GiB of a snapshot for a month."""

    kind = ResourceKind.SNAPSHOT
    consumed_unit = "GiB-Months"
    monthly = True
    unit: Literal["snapshot-gib-month"]


class ImagePrice(DatedPrice):
    """One GiB of an image for a month. Images that everybody may use are not charged."""

    kind = ResourceKind.IMAGE
    consumed_unit = "GiB-Months"
    monthly = True
    unit: Literal["image-gib-month"]


AnyPrice = Annotated[
    CorePrice
    | MemoryPrice
    | InstancePrice
    | GpuPrice
    | LicencePrice
    | StoragePrice
    | AddressPrice
    | SnapshotPrice
    | ImagePrice,
    Field(discriminator="unit"),
]
