"""What a sandbox cloud has published of its bill, as the control API sets it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from skyclust_sandbox.billing.bill import Publication
from skyclust_sandbox.billing.resources import BilledKind, BilledResource

_TEAMS: Final = ("payments", "search", "web")


class BillingRequest(BaseModel):
    """The body that changes the billing; what is not set stays.

    `next` publishes the next of the three publications of the bill. `sample` bills that many
    generated instances in place of those of the cloud.
    """

    model_config = ConfigDict(extra="forbid")

    next: bool = False
    sample: int | None = Field(default=None, ge=0, le=1000)


@dataclass
class BillingState:
    """The publication of the bill, and the size of a sample; safe to use from several threads.

    `revision` grows with each change, so that a cloud knows when its bill is another one.
    """

    publication: Publication = Publication.FIRST
    sample: int | None = None
    revision: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def change(self, request: BillingRequest) -> dict[str, object]:
        """Apply a request and return the state as JSON content."""
        with self._lock:
            if request.sample is not None:
                self.sample = request.sample
            if request.next:
                self.publication = Publication(min(self.publication + 1, max(Publication)))
            self.revision += 1
        return self.content()

    def content(self) -> dict[str, object]:
        """Return the state as JSON content."""
        return {"publication": self.publication.name.lower(), "sample": self.sample}

    def clear(self) -> None:
        """Go back to the first publication of the cloud's own resources."""
        with self._lock:
            self.publication, self.sample = Publication.FIRST, None
            self.revision += 1


def sample_resources(
    count: int, regions: Sequence[str], types: Sequence[str], sub_accounts: Sequence[str]
) -> list[BilledResource]:
    """Return instances, each with a disk, and an address: a small bill for tests."""
    created = datetime.now(UTC) - timedelta(days=200)
    resources: list[BilledResource] = []
    for number in range(count):
        region = regions[number % len(regions)]
        account = sub_accounts[number % len(sub_accounts)]
        tags = {
            "team": _TEAMS[number % 3],
            "environment": ("production", "development")[number % 2],
        }
        placed = {"region": region, "created_at": created, "sub_account": account}
        resources += [
            BilledResource(
                f"i-{number:017x}",
                BilledKind.INSTANCE,
                types[number % len(types)],
                name=f"sample-{number}",
                tags=tags if number else {},
                public=number % 3 == 0,
                **placed,  # type: ignore[arg-type]  # each value has the type of its field
            ),
            BilledResource(
                f"vol-{number:017x}",
                BilledKind.DISK,
                "ssd",
                size_gb=100,
                tags=tags if number else {},
                attached_to=f"i-{number:017x}",
                **placed,  # type: ignore[arg-type]  # as above
            ),
        ]
    if count:
        first = resources[0]
        resources.append(
            BilledResource(
                "eipalloc-0",
                BilledKind.ADDRESS,
                "address",
                first.region,
                created,
                sub_account=first.sub_account,
            )
        )
    return resources
