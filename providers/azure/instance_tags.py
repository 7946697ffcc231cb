"""Changing the tags of a VM."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from providers.azure import write_requests
from providers.azure.errors import azure_errors
from providers.azure.instances import read_same_vm, vm_id
from providers.azure.resources import tags_of
from providers.azure.tags import check_tags
from skyclust.contract import TagProvider
from skyclust.model.instance import InstanceReference

if TYPE_CHECKING:
    from providers.azure.client import AzureClients


class AzureTags(TagProvider):
    """Sets and removes tags of VMs."""

    _clients: AzureClients

    def set_tags(
        self,
        instance: InstanceReference,
        tags: Mapping[str, str],
        removed: Collection[str] = (),
    ) -> None:
        """Set some tags of a VM, remove others, and leave the rest unchanged.

        Azure compares tag names without regard to case. Both operations merge with the present
        tags, so two concurrent writers do not undo each other.
        Source: https://learn.microsoft.com/en-us/rest/api/resources/tags/update-at-scope
        """
        doing = f"change the tags of instance {instance.id} in {instance.region}"
        vm_id(self._clients, instance.region, instance.id)
        check_tags(doing, tags, removed)
        present = tags_of(read_same_vm(self._clients, instance))
        removed_names = {name.lower() for name in removed}
        deleted = {name: value for name, value in present.items() if name.lower() in removed_names}
        with azure_errors(doing):
            if any(present.get(name) != value for name, value in tags.items()):
                write_requests.merge_tags(self._clients, instance.id, tags)
            if deleted:
                write_requests.delete_tags(self._clients, instance.id, deleted)
