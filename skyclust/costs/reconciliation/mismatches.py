"""What ledger and inventory may disagree about, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum


class Mismatch(StrEnum):
    """How ledger and inventory disagree about a resource."""

    COST_WITHOUT_RESOURCE = "cost-without-resource"
    OTHER_KIND = "other-kind"  # a cost of a kind that the inventory does not read: no mistake
    RESOURCE_WITHOUT_COST = "resource-without-cost"
    OURS_NOT_BILLED = "ours-not-billed"
    WITHOUT_OWNER = "without-owner"


@dataclass(frozen=True)
class MismatchedResource:
    """A resource about which ledger and inventory disagree.

    `amount` is the effective cost of the account's newest days, None where nothing was billed or
    it is not known. `credential` and `region` are empty for a resource that the inventory has not.
    """

    mismatch: Mismatch
    provider: str
    account: str
    id: str
    name: str = ""
    kind: str = ""
    credential: str = ""
    region: str = ""
    amount: Decimal | None = None
    currency: str = ""
    detail: str = ""


@dataclass(frozen=True)
class ResourceReport:
    """What disagrees, and how many resources were not assessed, by way and reason."""

    mismatches: Sequence[MismatchedResource]
    not_assessed: Mapping[tuple[Mismatch, str], int] = field(default_factory=dict)
