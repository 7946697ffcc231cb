"""Changing the labels of an instance.

Labels are set as a whole, against a fingerprint of those that were read; when somebody else
was faster, they are read again. Source:
https://cloud.google.com/compute/docs/reference/rest/v1/instances/setLabels
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final

from providers.gcp import fields
from providers.gcp.compute import place
from providers.gcp.errors import plain
from providers.gcp.instances import fetch_same
from providers.gcp.labels import fingerprint_of, own_of, problem_of
from providers.gcp.operations import asked, finished
from skyclust.errors import Conflict, InvalidRequest
from skyclust.model.instance import InstanceReference

if TYPE_CHECKING:
    from providers.gcp.client import Answer, GcpClients

TRIES: Final = 5
"""As many others may change the labels at the same time."""

_CHANGED_MEANWHILE: Final = "conditionnotmet"


def set_tags(
    clients: GcpClients,
    instance: InstanceReference,
    tags: Mapping[str, str],
    removed: Collection[str],
) -> None:
    """Set these labels, remove those, and leave all others as they are.

    Raises InvalidRequest for what Compute Engine does not take, and for SkyClust's own labels,
    by which the machine is found again.
    """
    doing = f"change the tags of instance {instance.id} in {instance.region}"
    for attempt in range(TRIES):
        try:
            _set(clients, fetch_same(clients, instance), tags, removed, doing)
        except Conflict as error:
            if plain(error.code) != _CHANGED_MEANWHILE or attempt == TRIES - 1:
                raise
        else:
            return


def _set(
    clients: GcpClients,
    machine: Answer,
    tags: Mapping[str, str],
    removed: Collection[str],
    doing: str,
) -> None:
    before = fields.labels(machine)
    after = {**before, **tags}
    for key in removed:
        if key not in tags:
            after.pop(key, None)
    changed = frozenset(k for k in {*before, *after} if before.get(k) != after.get(k))
    if own := own_of(changed):
        raise InvalidRequest(
            f"Could not {doing}: the label {own[0]} is SkyClust's own.", provider="gcp"
        )
    if problem := problem_of(after):
        raise InvalidRequest(f"Could not {doing}: {problem}.", provider="gcp")
    if not changed:
        return
    resource = {"labels": after, "label_fingerprint": fingerprint_of(machine)}
    operation = asked(
        clients.instances().set_labels_unary,
        {**place(clients, machine), "instances_set_labels_request_resource": resource},
        doing,
    )
    finished(clients, operation, doing)
