"""The names of providers in FOCUS: which cloud a name means, and the names that a version lacks.

FOCUS 1.3 put ServiceProviderName and HostProviderName in the place of ProviderName and
PublisherName, and 1.4 removed the latter. The ledger keeps what was delivered.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

NAMES: Final = {
    "alibaba": "alibaba-cloud",
    "amazon": "aws",
    "amazonwebservices": "aws",
    "amazonwebservicesinc": "aws",
    "aws": "aws",
    "azure": "azure",
    "gcp": "gcp",
    "google": "gcp",
    "googlecloud": "gcp",
    "googlecloudplatform": "gcp",
    "googlellc": "gcp",
    "microsoft": "azure",
    "microsoftazure": "azure",
    "microsoftcorporation": "azure",
    "openstack": "openstack",
    "proxmox": "proxmox",
    "proxmoxve": "proxmox",
}
"""Our name of a provider by the letters and digits of the name that a source gives it."""

UNKNOWN: Final = "unknown"

COUNTERPARTS: Final = {
    "ServiceProviderName": ("ProviderName",),
    "ProviderName": ("ServiceProviderName",),
    "HostProviderName": ("PublisherName",),
    "PublisherName": ("HostProviderName",),
}
"""For each column the columns that its missing value is taken from."""


@lru_cache(maxsize=4096)
def provider_of(provider_name: str | None, *other_names: str | None) -> str:
    """Return our name of the provider: "aws", "azure", "gcp", or the slug of another name.

    `other_names` are further names of the same charge, such as ServiceProviderName, used where
    those before are null. Returns "unknown" where all are null or have neither letter nor digit.
    """
    for name in (provider_name, *other_names):
        words = re.findall(r"[^\W_]+", (name or "").casefold())
        if words:
            return NAMES.get("".join(words), "-".join(words))
    return UNKNOWN


def with_provider_names(table: Any, *, publisher_required: bool = False) -> Any:
    """Return a pyarrow table of the ledger with each null provider column filled.

    A name is filled from its counterpart of the other versions; what was delivered stays. With
    `publisher_required` a publisher that is still null is the provider, as FOCUS 1.2 has none null.
    """
    columns = {name: table.column(name) for name in COUNTERPARTS if name in table.column_names}
    for name, column in columns.items():
        others: tuple[str, ...] = COUNTERPARTS[name]
        if publisher_required and name == "PublisherName":
            others = (*others, "ProviderName", "ServiceProviderName")
        sources = [columns[other] for other in others if other in columns]
        if sources and column.null_count:
            index = table.column_names.index(name)
            field = pa.field(name, pa.string())
            table = table.set_column(index, field, pc.coalesce(column, *sources))
    return table
