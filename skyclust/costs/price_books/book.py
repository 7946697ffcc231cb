"""A price book: prices of a private cloud with the days on which they hold, as a YAML file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final, Literal, Self, TypeVar

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from skyclust.costs.price_books.exact_yaml import load_exact_yaml
from skyclust.costs.price_books.prices import AnyPrice, Count, DatedPrice, Name, Strict
from skyclust.errors import InvalidRequest
from skyclust.field_problems import field_problems
from skyclust.model.instance import InstanceState
from skyclust.model.resource import ResourceKind

HOURS_OF_A_MONTH: Final = 730
"""8,760 hours of a year by 12 (https://docs.aws.amazon.com/cost-management/latest/userguide/\
pc-assumptions.html counts 730 as well). A day of a 30-day month costs what one of February does."""

_Price = TypeVar("_Price", bound=DatedPrice)


def _from_list(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _to_states(value: object) -> object:
    if not isinstance(value, list):
        return value
    return tuple(InstanceState(one) for one in value)


Names = Annotated[tuple[Name, ...], BeforeValidator(_from_list)]


class Coverage(Strict):
    """What a book has prices for. An empty list of credentials or regions is all of them."""

    providers: Names = Field(min_length=1)
    credentials: Names = ()
    regions: Names = ()

    def has_credential(self, provider: str, name: str) -> bool:
        """Return whether the book prices what a credential of a provider sees."""
        return provider in self.providers and (not self.credentials or name in self.credentials)


class Size(Strict):
    """The size of an instance type whose instances do not report it."""

    cores: Count
    memory_gib: Count


class PriceBook(Strict):
    """The content of a price book.

    `month` defines a GiB-month: 730 hours, or the calendar month that the day is in (in UTC).
    `charged_states` are the states in which an instance is charged for cores, memory, GPUs, type
    and licences; disks, addresses, snapshots and images are charged for as long as they exist.
    Each uninterrupted time in such states is charged for at least `minimum_seconds`. A day is
    priced unless the inventory was not read for more than `longest_gap_hours`.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    covers: Coverage
    issuer: Name | None = None
    month: Literal["730-hours", "calendar"] = "730-hours"
    charged_states: Annotated[
        tuple[InstanceState, ...], BeforeValidator(_to_states), Field(min_length=1)
    ] = (InstanceState.RUNNING, InstanceState.STOPPING, InstanceState.UPDATING)
    minimum_seconds: int = Field(default=0, ge=0, le=86_400)
    longest_gap_hours: int = Field(default=6, ge=6, le=168)
    sizes: dict[Name, Size] = Field(default_factory=dict)
    prices: Annotated[tuple[AnyPrice, ...], BeforeValidator(_from_list), Field(min_length=1)]

    @property
    def kinds(self) -> frozenset[ResourceKind]:
        """Return the kinds of resources that the book has a price for."""
        return frozenset(price.kind for price in self.prices)

    def of(self, kind: type[_Price], day: date) -> list[_Price]:
        """Return the prices of a class that hold on a day."""
        return [one for one in self.prices if isinstance(one, kind) and one.holds(day)]

    def has(self, kind: type[DatedPrice]) -> bool:
        """Return whether the book has a price of a class on any day."""
        return any(isinstance(one, kind) for one in self.prices)

    @model_validator(mode="after")
    def _refuse_overlaps(self) -> Self:
        for number, price in enumerate(self.prices):
            for earlier in self.prices[:number]:
                if earlier.sku == price.sku and _overlap(earlier, price):
                    raise ValueError(
                        f"prices.{number}: {price.sku} has another price from"
                        f" {earlier.valid_from} on; end that one with `to`"
                    )
        return self


@dataclass(frozen=True)
class BookVersion:
    """A version of a price book, as it was saved."""

    book: PriceBook
    version: int

    @property
    def source(self) -> str:
        """Return the name of the book as a source of costs."""
        return f"price-book:{self.book.name}"

    @property
    def label(self) -> str:
        """Return the book and its version: `datacentre@3`."""
        return f"{self.book.name}@{self.version}"


def read_price_book(text: str) -> PriceBook:
    """Return the price book of a YAML document.

    Raises InvalidRequest, with the path of each key that is wrong: `prices.2.to`.
    """
    content = load_exact_yaml(text)
    if not isinstance(content, dict):
        raise InvalidRequest("A price book is a mapping with name, currency, covers and prices.")
    try:
        return PriceBook.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(field_problems(error))
        raise InvalidRequest(
            f"The price book cannot be used: {problems}",
            hint="docs/how-to/price-books.md has every key with an example.",
        ) from error


def _overlap(one: DatedPrice, other: DatedPrice) -> bool:
    latest = date.max
    return one.valid_from < (other.valid_to or latest) and other.valid_from < (
        one.valid_to or latest
    )
