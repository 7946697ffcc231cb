"""Tags of machines: what Azure takes, which are SkyClust's own, and changing the others.

Source: https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/tag-resources
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from providers.azure import write_requests
from providers.azure.errors import azure_errors
from providers.azure.instances import (
    REQUEST_TAG,
    TOKEN_TAG,
    machine_id,
    read_same,
)
from providers.azure.resources import tags_of
from skyclust.errors import InvalidRequest
from skyclust.model.instance import InstanceReference

if TYPE_CHECKING:
    from providers.azure.client import AzureClients

INSTANCE_TAG: Final = "skyclust-instance"
"""Holds, at what was made for a machine, the machine's name or unique id."""

OWN_TAGS: Final = frozenset({TOKEN_TAG, REQUEST_TAG, INSTANCE_TAG})

MOST_TAGS: Final = 50
LONGEST_NAME: Final = 512
LONGEST_VALUE: Final = 256
_FORBIDDEN: Final = frozenset("<>%&\\?/")


def to_tag(token: str) -> str:
    """Return a token as a tag can hold it: as it is where that is possible, else its SHA-256."""
    if 0 < len(token) <= LONGEST_VALUE:
        return token
    return sha256(token.encode()).hexdigest()


def refuse_tags(doing: str, tags: Mapping[str, str], removed: Collection[str] = ()) -> None:
    """Raise InvalidRequest for tags that Azure does not take, or that are SkyClust's own."""
    problem = None
    for name, value in tags.items():
        if not 0 < len(name) <= LONGEST_NAME or _FORBIDDEN & set(name):
            problem = f"a tag's name has up to {LONGEST_NAME} characters, none of <>%&\\?/: {name}"
        elif len(value) > LONGEST_VALUE:
            problem = f"a tag's value has up to {LONGEST_VALUE} characters: {name}"
    for name in (*tags, *removed):
        if name.lower() in OWN_TAGS:
            problem = f"the tag {name} is SkyClust's own"
    if len(tags) > MOST_TAGS - len(OWN_TAGS):
        problem = f"a thing has up to {MOST_TAGS} tags, some of them SkyClust's own"
    if problem is not None:
        raise InvalidRequest(f"Could not {doing}: {problem}.", provider="azure")


def set_tags(
    clients: AzureClients,
    instance: InstanceReference,
    tags: Mapping[str, str],
    removed: Collection[str],
) -> None:
    """Set these tags of a machine, remove those, and leave all others as they are.

    Azure compares names of tags without regard to case, and merges: two writers do not undo
    each other. Source: https://learn.microsoft.com/en-us/rest/api/resources/tags/update-at-scope
    """
    doing = f"change the tags of instance {instance.id} in {instance.region}"
    machine_id(clients, instance.region, instance.id)
    refuse_tags(doing, tags, removed)
    there = tags_of(read_same(clients, instance))
    gone = {name.lower() for name in removed}
    going = {name: value for name, value in there.items() if name.lower() in gone}
    if any(there.get(name) != value for name, value in tags.items()):
        _patch(clients, doing, instance.id, "Merge", tags)
    if going:
        _patch(clients, doing, instance.id, "Delete", going)


def _patch(
    clients: AzureClients, doing: str, scope: str, operation: str, tags: Mapping[str, str]
) -> None:
    body = {"operation": operation, "properties": {"tags": dict(tags)}}
    with azure_errors(doing):
        write_requests.patch_tags(clients, scope, body)
