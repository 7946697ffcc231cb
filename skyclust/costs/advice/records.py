"""A piece of advice: what to do with which resource, what it saves, and by which evidence."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from skyclust.model.instance_action import InstanceAction
from skyclust.model.resource import ResourceKind


class AdviceRule(StrEnum):
    """What advice is about."""

    UNATTACHED_DISK = "unattached-disk"
    UNUSED_ADDRESS = "unused-address"
    OLD_SNAPSHOT = "old-snapshot"
    STOPPED_INSTANCE = "stopped-instance"
    IDLE_INSTANCE = "idle-instance"
    OVERSIZED_INSTANCE = "oversized-instance"


class PriceBasis(StrEnum):
    """Where the price of a saving is from, the best first."""

    PAID = "paid"
    """What this account paid for the resource in the days before."""
    LIST_PRICE = "list-price"
    """The cloud's own list price, as it was last read."""
    PRICE_BOOK = "price-book"
    """A price book of the workspace."""
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Saving:
    """What advice saves in a month of 30 days, before credits and tax.

    `amount` is None where no price is known, and `currency` is then empty. `covered` means that a
    commitment pays for the resource, or for a part of it: that part saves nothing until the
    commitment ends, and is not in the amount. `remarks` are sentences on how the amount was found.
    """

    amount: Decimal | None
    currency: str
    basis: PriceBasis
    covered: bool = False
    remarks: tuple[str, ...] = ()


UNKNOWN_SAVING = Saving(None, "", PriceBasis.UNKNOWN)


@dataclass(frozen=True)
class AdviceAction:
    """The change of an instance that carries advice out.

    `instance` is its id at the cloud; `type` and `snapshot` are those of a change request.
    """

    kind: InstanceAction
    instance: str
    type: str | None = None
    snapshot: str | None = None


@dataclass(frozen=True)
class ResourceDeletion:
    """The deletion of an unused resource that carries advice out.

    `identity` proves that the id still means the resource that the advice is about
    (`skyclust.model.resource_reference`).
    """

    kind: ResourceKind
    resource: str
    identity: str


@dataclass(frozen=True)
class Advice:
    """One piece of advice about one resource.

    `evidence` are sentences; `evidence_at` is when the oldest of it was observed. `action` is None
    where no operation does it; then `what_to_do` is what a person does.
    """

    rule: AdviceRule
    workspace_id: str
    credential: str
    provider: str
    region: str
    kind: ResourceKind
    resource_id: str
    resource_name: str
    saving: Saving
    evidence: tuple[str, ...]
    evidence_at: datetime
    what_to_do: str
    action: AdviceAction | ResourceDeletion | None = None

    @property
    def id(self) -> str:
        """Return the id of the advice: the same for the same rule and resource."""
        exact = "\x1f".join(
            (
                self.rule.value,
                self.credential,
                self.region,
                self.kind.value,
                self.resource_id,
            )
        )
        return hashlib.sha256(exact.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class NotAssessed:
    """Resources of a cloud that a rule could not look at, how many, and why."""

    provider: str
    rule: AdviceRule
    number: int
    reason: str
