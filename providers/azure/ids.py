"""Resource ids. Azure compares them without regard to case; this provider keeps them in lower case.

Services spell the same id with different capitals, and a service may change its spelling over
time. Every id that leaves this package is in lower case, so that inventory sees no change where
there is none and ids from different lists can be compared.

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
"""Values in an id, or in its place, that refer to nothing."""


@dataclass(frozen=True)
class ResourceId:
    """A parsed resource id, in lower case; `kind` is namespace and type."""

    subscription: str
    group: str
    kind: str
    name: str

    def __str__(self) -> str:
        return (
            f"/subscriptions/{self.subscription}/resourcegroups/{self.group}"
            f"/providers/{self.kind}/{self.name}"
        )


def to_id(value: str) -> ResourceId | None:
    """Return the parsed id; None for text that is not the id of a resource in a group."""
    match = _ID.fullmatch(value.strip())
    if match is None:
        return None
    parts = {name: part.lower() for name, part in match.groupdict().items()}
    return ResourceId(**parts)


def normal(value: str) -> str:
    """Return an id, or any other text that Azure compares without regard to case, in lower case."""
    return value.lower()


def group_of(resource_id: str) -> str:
    """Return the resource group in an id; raises UnexpectedAnswer for an id without one."""
    match = _ID.match(resource_id)
    if match is None:
        raise UnexpectedAnswer(f"{resource_id} names no resource group.", provider="azure")
    return match["group"]


def named(value: str | None) -> str | None:
    """Return an id in lower case; None for a placeholder.

    Deployments leave ids behind whose last part is empty, and some services return the zero UUID
    or a text such as `none` in place of an id. Disks return the id of their source without the
    first slash.
    """
    path = value.strip().lower() if value else ""
    last = path.rpartition("/")[2]
    if not last or "//" in path or last in _PLACEHOLDERS:
        return None
    return f"/{path}" if path.startswith("subscriptions/") else path


def reference(item: Mapping[str, Any], name: str) -> str | None:
    """Return the id in a reference field, `{"id": ...}`; None without one."""
    return named(text(inner(item, name), "id"))


def references(item: Mapping[str, Any], name: str) -> list[str]:
    """Return the ids in a list of references, sorted."""
    ids = (named(text(each, "id")) for each in objects(item, name))
    return sorted(each for each in ids if each)
