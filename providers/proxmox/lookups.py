"""Finding the image, network, node and storage for a new guest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from providers.proxmox.bridges import has_bridge
from providers.proxmox.drives import drives
from providers.proxmox.guest_lists import get_cluster_list
from providers.proxmox.guest_records import Location
from providers.proxmox.guests import require_online
from providers.proxmox.regions import Node, get_nodes
from providers.proxmox.sizes import to_size
from providers.proxmox.storages import get_storages, is_shared
from skyclust.errors import CapacityExhausted, InvalidRequest, NotFound
from skyclust.model.instance import InstanceSpec

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients

BOOTABLE: frozenset[str] = frozenset({"import", "vztmpl"})
"""The kinds of content that VMs (import) and containers (vztmpl) are created from."""


@dataclass(frozen=True)
class Source:
    """What a guest is created from: a template to clone, or a file on a storage.

    `kind` is the kind of guest, `qemu` or `lxc`. `nodes` are the nodes that can read the source,
    None for all nodes.
    """

    id: str
    kind: str
    template: Location | None = None
    volume: str | None = None
    nodes: frozenset[str] | None = None


def find_source(clients: ProxmoxClients, image: str, zone: str | None, doing: str) -> Source:
    """Return the source for an image given by id or name.

    A number is the VMID of a template; `storage:import/FILE` and `storage:vztmpl/FILE` are files,
    prefixed by the node on local storage. Anything else is the name of a template: the template
    in the zone is preferred. Raises NotFound when it does not exist, InvalidRequest when several
    templates of one node have the name.
    """
    if ":" in image:
        return _file(clients, image, doing)
    templates = [location for location in get_cluster_list(clients, doing) if location.template]
    if image.isdigit():
        matches = [template for template in templates if template.vmid == int(image)]
    else:
        matches = [template for template in templates if template.name == image]
        matches = [template for template in matches if template.node == zone] or matches
    if matches and not any(template.online for template in matches):
        require_online(matches[0], doing)
    matches = [template for template in matches if template.online]
    if not matches:
        raise NotFound(
            f"Could not {doing}: there is no template {image!r} that can be read.",
            hint="An image is a template's VMID or name, or a file: nas:import/debian-12.qcow2.",
            provider="proxmox",
        )
    if len({template.node for template in matches}) < len(matches):
        vmids = ", ".join(str(template.vmid) for template in matches)
        raise InvalidRequest(
            f"Could not {doing}: several templates are called {image!r}: {vmids}.",
            hint="Give the VMID of the template.",
            provider="proxmox",
        )
    return _template(clients, matches[0], doing)


def _template(clients: ProxmoxClients, location: Location, doing: str) -> Source:
    config = clients.get_object(f"{location.path}/config", doing)
    storages = {drive.volume.partition(":")[0] for drive in drives(config)}
    everywhere = all(is_shared(clients, storage) for storage in storages)
    nodes = None if everywhere else frozenset({location.node})
    return Source(str(location.vmid), location.kind, template=location, nodes=nodes)


def _file(clients: ProxmoxClients, image: str, doing: str) -> Source:
    prefix, _, name = image.partition(":")
    node, _, storage = prefix.rpartition("/")
    volume = f"{storage}:{name}"
    content = name.partition("/")[0]
    if content in BOOTABLE:
        for candidate in get_storages(clients, {content}, doing, name=storage):
            if not candidate.shared and candidate.node != node:
                continue
            files = clients.get_list(candidate.path, doing, content=content)
            if any(isinstance(file, Mapping) and file.get("volid") == volume for file in files):
                kind = "qemu" if content == "import" else "lxc"
                nodes = None if candidate.shared else frozenset({candidate.node})
                return Source(image, kind, volume=volume, nodes=nodes)
    raise NotFound(
        f"Could not {doing}: image {image!r} does not exist.",
        hint="VMs are created from storage:import/FILE, containers from storage:vztmpl/FILE.",
        provider="proxmox",
    )


def choose_node(clients: ProxmoxClients, spec: InstanceSpec, source: Source, doing: str) -> str:
    """Return the node for a guest: the zone, by default the node with the most free memory.

    Raises InvalidRequest for a zone that does not exist or cannot read the image, NotFound for a
    network that no such node has, CapacityExhausted when no node is large enough.
    """
    nodes = get_nodes(clients, doing)
    if spec.zone is not None and spec.zone not in {node.name for node in nodes}:
        raise InvalidRequest(
            f"Could not {doing}: the cluster has no node {spec.zone!r}.",
            hint=f"It has: {', '.join(node.name for node in nodes)}.",
            provider="proxmox",
        )
    if spec.zone is not None and source.nodes is not None and spec.zone not in source.nodes:
        raise InvalidRequest(
            f"Could not {doing}: image {spec.image} is on local storage of"
            f" {', '.join(sorted(source.nodes))}.",
            hint="Create it there, or keep the image on a storage that all nodes share.",
            provider="proxmox",
        )
    allowed = [node for node in nodes if source.nodes is None or node.name in source.nodes]
    allowed = [node for node in allowed if spec.zone in {None, node.name}]
    large = _large_enough(allowed, spec, doing)
    if spec.network is None:
        return large[0].name
    for node in large:
        if has_bridge(clients, node.name, spec.network, doing):
            return node.name
    raise NotFound(
        f"Could not {doing}: {', '.join(node.name for node in large)} have no bridge or VNet"
        f" {spec.network!r}.",
        provider="proxmox",
    )


def _large_enough(nodes: Iterable[Node], spec: InstanceSpec, doing: str) -> list[Node]:
    size = to_size(spec.type)
    online = [node for node in nodes if node.online]
    large = [node for node in online if node.can_hold(size)]
    if not large:
        sizes = ", ".join(f"{n.name}: {n.cores} cores, {n.memory_mib} MiB" for n in online)
        raise CapacityExhausted(
            f"Could not {doing}: no node that is online can hold a {spec.type}"
            f" ({sizes or 'none is online'}).",
            provider="proxmox",
        )
    return sorted(large, key=lambda node: (-(node.free_mib or 0), node.name))


def choose_storage(
    clients: ProxmoxClients, node: str, kind: str, requested: str | None, doing: str
) -> str:
    """Return the storage for a guest's disks: the requested, or that with the most free space."""
    content = "images" if kind == "qemu" else "rootdir"
    storages = [
        storage
        for storage in get_storages(clients, {content}, doing, reachable_only=True)
        if storage.shared or storage.node == node
    ]
    candidates = [storage for storage in storages if requested in {None, storage.name}]
    if not candidates:
        raise NotFound(
            f"Could not {doing}: node {node} has no storage {requested or 'for disks'!r}.",
            hint=f"It has: {', '.join(sorted(storage.name for storage in storages)) or 'none'}.",
            provider="proxmox",
        )
    return max(candidates, key=lambda storage: (storage.free, storage.name)).name
