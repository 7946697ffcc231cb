"""The bill of the sandbox AWS: the names and prices of AWS, and the resources of its estate.

Prices are those of on-demand use in US East (N. Virginia), rounded; they need not be today's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from moto.ec2.models import EC2Backend, ec2_backends

from skyclust_sandbox.aws.accounts import MAIN_ACCOUNT
from skyclust_sandbox.aws.estate import SITES
from skyclust_sandbox.billing.bill import Bill
from skyclust_sandbox.billing.catalog import Catalog, Meter, Service
from skyclust_sandbox.billing.resources import BilledKind, BilledResource
from skyclust_sandbox.billing.state import sample_resources

if TYPE_CHECKING:
    from moto.ec2.models.instances import Instance

_SEED: Final = 11
_EC2: Final = "Amazon Elastic Compute Cloud - Compute"
_EC2_OTHER: Final = "EC2 - Other"
_SIZES: Final = {
    "micro": "0.125", "small": "0.25", "medium": "0.5", "large": "1", "xlarge": "2",
    "2xlarge": "4", "4xlarge": "8", "8xlarge": "16", "16xlarge": "32",
}  # fmt: skip
_LARGE_PRICES: Final = {
    "t3": "0.0832", "t4g": "0.0672", "m5": "0.096", "m6i": "0.096", "m7g": "0.0816",
    "c5": "0.085", "c6i": "0.085", "r6i": "0.126", "r6g": "0.1008", "i3": "0.156",
}  # fmt: skip

CATALOG: Final = Catalog(
    provider="AWS",
    invoice_issuer="Amazon Web Services, Inc.",
    billing_account_id=MAIN_ACCOUNT.id,
    billing_account_name="Company",
    billing_account_type="Management",
    sub_account_type="Member",
    sub_accounts={MAIN_ACCOUNT.id: "Company"},
    services={
        Meter.COMPUTE: Service(
            _EC2, "Compute", "Virtual Machines", "Hours", Decimal("0.05"), "instance"
        ),
        Meter.DISK: Service(
            _EC2_OTHER, "Storage", "Block Storage", "GB-Months", Decimal("0.08"), "volume"
        ),
        Meter.SNAPSHOT: Service(
            _EC2_OTHER, "Storage", "Backup Storage", "GB-Months", Decimal("0.05"), "snapshot"
        ),
        Meter.ADDRESS: Service(
            "Amazon Virtual Private Cloud",
            "Networking",
            "Network Connectivity",
            "Hours",
            Decimal("0.005"),
            "elastic-ip",
        ),
        Meter.EGRESS: Service(
            _EC2_OTHER, "Networking", "Content Delivery", "GB", Decimal("0.09"), "instance"
        ),
        Meter.SUPPORT: Service("AWS Support (Business)", "Other", "Other (Other)"),
        Meter.TAX: Service("Tax", "Other", "Other (Other)"),
        Meter.CREDIT: Service(_EC2, "Compute", "Virtual Machines"),
        Meter.COMMITMENT: Service(
            "Savings Plans for AWS Compute usage", "Compute", "Other (Compute)"
        ),
    },
    instance_prices={
        f"{family}.{size}": Decimal(price) * Decimal(factor)
        for family, price in _LARGE_PRICES.items()
        for size, factor in _SIZES.items()
    },
    commitment_id=f"arn:aws:savingsplans::{MAIN_ACCOUNT.id}:savingsplan/8f1f0e3a-sandbox",
    commitment_name="Compute Savings Plan, one year, no upfront",
    commitment_type="Savings Plan",
)


@dataclass
class PublishedBill:
    """The bill of the main account; made when it is first read, and again after each change."""

    _bill: Bill | None = field(default=None, repr=False)
    _made_for: tuple[object, ...] | None = None

    def read(self, sample: int | None, create_estate: Callable[[], None]) -> Bill:
        """Return the bill of all resources, or of a sample of so many instances.

        `create_estate` creates the resources of the seed in all regions.
        """
        today = datetime.now(UTC).date()
        made_for = (sample, today)
        if self._bill is None or self._made_for != made_for:
            self._made_for = made_for
            if sample is not None:
                self._bill = sample_bill(sample, today)
            else:
                create_estate()
                self._bill = Bill(CATALOG, list(_resources()), today, seed=_SEED)
        return self._bill

    def clear(self) -> None:
        """Forget the bill."""
        self._bill = None


def sample_bill(count: int, today: date) -> Bill:
    """Return the bill of that many generated instances."""
    types = ("m6i.large", "r6i.xlarge", "c6i.xlarge")
    resources = sample_resources(count, tuple(SITES)[:2], types, (MAIN_ACCOUNT.id,))
    return Bill(CATALOG, resources, today, seed=_SEED)


def _resources() -> Iterator[BilledResource]:
    for region, backend in sorted(ec2_backends[MAIN_ACCOUNT.id].items()):
        yield from _resources_of(backend, region)


def _resources_of(backend: EC2Backend, region: str) -> Iterator[BilledResource]:
    account = MAIN_ACCOUNT.id
    for reservation in backend.reservations.values():
        for instance in reservation.instances:
            tags = _tags(instance)
            yield BilledResource(
                instance.id,
                BilledKind.INSTANCE,
                instance.instance_type,
                region,
                _aware(instance.launch_time),
                name=tags.get("Name"),
                zone=instance.placement.zone,
                sub_account=account,
                tags=tags,
                stopped_at=_stopped_at(instance),
                public=instance.public_ip is not None,
            )
    for volume in backend.volumes.values():
        attached = volume.attachment.instance.id if volume.attachment else None
        yield BilledResource(
            volume.id,
            BilledKind.DISK,
            volume.volume_type or "gp3",
            region,
            _aware(volume.create_time),
            zone=volume.zone.name,
            sub_account=account,
            tags=_tags(volume),
            size_gb=int(volume.size),
            attached_to=attached,
        )
    for snapshot in backend.snapshots.values():
        if snapshot.owner_id == account:
            yield BilledResource(
                snapshot.id,
                BilledKind.SNAPSHOT,
                "standard",
                region,
                _aware(snapshot.start_time),
                sub_account=account,
                tags=_tags(snapshot),
                size_gb=int(snapshot.volume.size) // 4,
            )
    began = datetime(2020, 1, 1, tzinfo=UTC)
    for address in backend.addresses:
        yield BilledResource(
            str(address.allocation_id),
            BilledKind.ADDRESS,
            "address",
            region,
            began,
            sub_account=account,
            tags=_tags(address),
        )


def _tags(resource: object) -> dict[str, str]:
    tags = resource.get_tags()  # type: ignore[attr-defined]  # of moto's TaggedEC2Resource
    return {tag["key"]: tag["value"] for tag in tags}


def _stopped_at(instance: Instance) -> datetime | None:
    if instance.state == "running":
        return None
    at = re.search(r"\((\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", instance._reason or "")
    if at is None:
        return datetime.now(UTC)
    return datetime.fromisoformat(at[1]).replace(tzinfo=UTC)


def _aware(time: datetime | str) -> datetime:
    read = datetime.fromisoformat(time) if isinstance(time, str) else time
    return read if read.tzinfo else read.replace(tzinfo=UTC)
