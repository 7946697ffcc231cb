"""Resource ids: Azure compares them without regard to case, we keep one spelling of each.

The same thing is named with other capitals by other services, and by one service at other
times. Every id that leaves this package is in lower case, so that inventory sees no change
where there is none, and ids of different lists can be compared.

Source: https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/overview#resource-groups
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from providers.azure.fields import inner, objects, text
from skyclust.errors import UnexpectedAnswer

_ID: Final = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourcegroups/(?P<group>[^/]+)"
    r"/providers/(?P<kind>[^/]+/[^/]+)/(?P<name>[^/?#]+)",
    re.IGNORECASE,
)
_PLACEHOLDERS: Final = frozenset(
    {"none", "null", "undefined", "00000000-0000-0000-0000-000000000000"}
)
"""What stands in an id, or in its place, where there is nothing to name."""


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


def group_of(resource_id: str) -> str:
    """Return the resource group in an id; raises UnexpectedAnswer for an id without one."""
    found = _ID.match(resource_id)
    if found is None:
        raise UnexpectedAnswer(f"{resource_id} names no resource group.", provider="azure")
    return found["group"]


def named(written: str | None) -> str | None:
    """Return an id in our spelling; None for a placeholder, which names nothing.

    Deployments leave ids behind whose last part is empty, and some services write the zero
    UUID or a word where they have no id. Disks name their source without the first slash.
    """
    path = written.strip().lower() if written else ""
    last = path.rpartition("/")[2]
    if not last or "//" in path or last in _PLACEHOLDERS:
        return None
    return f"/{path}" if path.startswith("subscriptions/") else path


def reference(thing: Mapping[str, Any], name: str) -> str | None:
    """Return the id in a field that refers to something, `{"id": ...}`; None without one."""
    return named(text(inner(thing, name), "id"))


def references(thing: Mapping[str, Any], name: str) -> list[str]:
    """Return the ids in a list of references, sorted."""
    found = (named(text(one, "id")) for one in objects(thing, name))
    return sorted(one for one in found if one)
