"""Changing the labels of an instance.

instances.setLabels replaces all labels and compares a fingerprint of the labels that were read;
when another client has changed them in the meantime, they are read again. Source:
https://cloud.google.com/compute/docs/reference/rest/v1/instances/setLabels
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final

from providers.gcp import fields
from providers.gcp.errors import normalize_reason
from providers.gcp.instance_requests import instance_parameters
from providers.gcp.instances import fetch_same_instance
from providers.gcp.labels import fingerprint_of, label_problem, reserved_keys
from providers.gcp.operations import submit, wait_until_done
from skyclust.contract import TagProvider
from skyclust.errors import Conflict, InvalidRequest
from skyclust.model.instance import InstanceReference

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients, JsonObject

MAX_ATTEMPTS: Final = 5
"""How often the labels are read and set when other clients change them at the same time."""

_FINGERPRINT_MISMATCH: Final = "conditionnotmet"


class GcpTags(TagProvider):
    """Labels of Compute Engine instances."""

    _clients: GcpClients

    def set_tags(
        self,
        instance: InstanceReference,
        tags: Mapping[str, str],
        removed: Collection[str] = (),
    ) -> None:
        """Set labels, remove the labels of some keys, and keep all other labels.

        Raises InvalidRequest for labels that Compute Engine refuses, and for the labels that
        are reserved for SkyClust, by which it finds the instance.
        """
        doing = f"change the tags of instance {instance.id} in {instance.region}"
        for attempt in range(MAX_ATTEMPTS):
            vm = fetch_same_instance(self._clients, instance)
            try:
                self._set_labels(vm, tags, removed, doing)
            except Conflict as error:
                is_mismatch = normalize_reason(error.code) == _FINGERPRINT_MISMATCH
                if not is_mismatch or attempt == MAX_ATTEMPTS - 1:
                    raise
            else:
                return

    def _set_labels(
        self, vm: JsonObject, tags: Mapping[str, str], removed: Collection[str], doing: str
    ) -> None:
        before = fields.labels(vm)
        after = {**before, **tags}
        for key in removed:
            if key not in tags:
                after.pop(key, None)
        changed = frozenset(k for k in {*before, *after} if before.get(k) != after.get(k))
        if reserved := reserved_keys(changed):
            raise InvalidRequest(
                f"Could not {doing}: the label {reserved[0]} is SkyClust's own.", provider="gcp"
            )
        if problem := label_problem(after):
            raise InvalidRequest(f"Could not {doing}: {problem}.", provider="gcp")
        if not changed:
            return
        body = {"labels": after, "label_fingerprint": fingerprint_of(vm)}
        operation = submit(
            self._clients.instances().set_labels_unary,
            {
                **instance_parameters(self._clients, vm),
                "instances_set_labels_request_resource": body,
            },
            doing,
        )
        wait_until_done(self._clients, operation, doing)
