"""Changing the tags of a guest."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from providers.proxmox.fields import to_text
from providers.proxmox.notes import with_metadata
from providers.proxmox.regions import check_region
from providers.proxmox.tags import check_tag, split_pve_tags, to_pve_tags
from providers.proxmox.unique_id import get_same_guest
from skyclust.contract import TagProvider
from skyclust.model.instance import InstanceReference

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients


class ProxmoxTags(TagProvider):
    """Tags of VMs and containers."""

    _clients: ProxmoxClients

    def set_tags(
        self,
        instance: InstanceReference,
        tags: Mapping[str, str],
        removed: Collection[str] = (),
    ) -> None:
        """Set tags and remove others; all other tags stay, also when set at the same time.

        A pair is stored in the notes and shown as a tag of Proxmox VE. Removing a key that is
        not the key of a pair removes the tag of Proxmox VE that has this name.
        """
        check_region(self._clients, instance.region)
        doing = f"tag guest {instance.id} in {instance.region}"
        for key, value in tags.items():
            check_tag(key, value, doing)
        guest = get_same_guest(self._clients, instance, doing)
        old_pairs = guest.metadata.tags
        pairs = {key: value for key, value in old_pairs.items() if key not in removed} | dict(tags)
        shown = to_text(guest.config.get("tags")) or ""
        removed_tags = set(removed) - set(tags) - set(old_pairs)
        pve_tags = split_pve_tags(to_pve_tags(shown, old_pairs, pairs))
        kept = ";".join(tag for tag in pve_tags if tag not in removed_tags)
        metadata = guest.metadata.model_copy(update={"tags": pairs})
        changes: dict[str, object] = {
            "description": with_metadata(guest.description, metadata),
            **guest.precondition,
        }
        if kept:
            changes["tags"] = kept
        elif shown:
            changes["delete"] = "tags"
        self._clients.put(f"{guest.location.path}/config", doing, **changes)
