"""Resource ids: Azure compares them without regard to case, we keep one spelling of each.

The same thing is named with other capitals by other services, and by one service at other
times. Every id that leaves this package is in lower case, so that inventory sees no change
where there is none, and ids of different lists can be compared.

Source: https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/overview#resource-groups
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_ID: Final = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourcegroups/(?P<group>[^/]+)"
    r"/providers/(?P<kind>[^/]+/[^/]+)/(?P<name>[^/?#]+)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class ResourceId:
    """A resource id in its parts; `kind` is namespace and type, and all is in lower case."""

    subscription: str
    group: str
    kind: str
    name: str

    def __str__(self) -> str:
        return (
            f"/subscriptions/{self.subscription}/resourcegroups/{self.group}"
            f"/providers/{self.kind}/{self.name}"
        )


def to_id(written: str) -> ResourceId | None:
    """Return a resource id in its parts; None for what is no id of a thing in a group."""
    found = _ID.fullmatch(written.strip())
    if found is None:
        return None
    parts = {name: value.lower() for name, value in found.groupdict().items()}
    return ResourceId(**parts)


def normal(written: str) -> str:
    """Return an id, or anything else that Azure compares without case, in our spelling."""
    return written.lower()


def reference(thing: object) -> str | None:
    """Return the id in a reference as Azure writes it, `{"id": ...}`; None without one."""
    found = thing.get("id") if isinstance(thing, dict) else None
    return normal(found) if isinstance(found, str) and found else None


def references(things: object) -> list[str]:
    """Return the ids in a list of references, sorted."""
    found = (reference(thing) for thing in things) if isinstance(things, list) else ()
    return sorted(one for one in found if one)
