"""Finding what a machine is made of: the image, the network, the node, the storage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from providers.proxmox.bridges import has_bridge
from providers.proxmox.drives import drives
from providers.proxmox.guest_lists import get_listed
from providers.proxmox.guests import Place, is_shared, refuse_offline
from providers.proxmox.regions import Node, get_nodes
from providers.proxmox.sizes import to_size
from providers.proxmox.storages import Storage, get_storages
from skyclust.errors import CapacityExhausted, InvalidRequest, NotFound
from skyclust.model.instance import InstanceSpec

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxConnections

BOOTABLE: frozenset[str] = frozenset({"import", "vztmpl"})
"""The content of storages that machines (import) and containers (vztmpl) are made from."""


@dataclass(frozen=True)
class Source:
    """What a machine is made from: a template to clone, or a file on a storage.

    `kind` is what it makes, `qemu` or `lxc`. `nodes` are those that can reach it, None for all.
    """

    id: str
    kind: str
    template: Place | None = None
    volume: str | None = None
    nodes: frozenset[str] | None = None


def find_source(
    connections: ProxmoxConnections, image: str, zone: str | None, doing: str
) -> Source:
    """Return the source that an image's id or name stands for.

    A number is a template, `storage:import/FILE` and `storage:vztmpl/FILE` are files, with the
    node before them where each node has its own storage. Anything else is a template's name:
    of several the one in the zone. Raises NotFound when there is none, InvalidRequest when it
    is not clear which one is meant.
    """
    if ":" in image:
        return _file(connections, image, doing)
    templates = [place for place in get_listed(connections, doing) if place.template]
    if image.isdigit():
        found = [place for place in templates if place.vmid == int(image)]
    else:
        found = [place for place in templates if place.name == image]
        found = [place for place in found if place.node == zone] or found
    if found and not any(place.online for place in found):
        refuse_offline(found[0], doing)
    found = [place for place in found if place.online]
    if not found:
        raise NotFound(
            f"Could not {doing}: there is no template {image!r} that can be read.",
            hint="An image is a template's number or name, or a file: nas:import/debian-12.qcow2.",
            provider="proxmox",
        )
    if len({place.node for place in found}) < len(found):
        numbers = ", ".join(str(place.vmid) for place in found)
        raise InvalidRequest(
            f"Could not {doing}: several templates are called {image!r}: {numbers}.",
            hint="Give the number of the one that is meant.",
            provider="proxmox",
        )
    return _template(connections, found[0], doing)


def _template(connections: ProxmoxConnections, place: Place, doing: str) -> Source:
    config = connections.get_object(f"{place.path}/config", doing)
    storages = {drive.volume.partition(":")[0] for drive in drives(config)}
    everywhere = all(is_shared(connections, storage) for storage in storages)
    nodes = None if everywhere else frozenset({place.node})
    return Source(str(place.vmid), place.kind, template=place, nodes=nodes)


def _file(connections: ProxmoxConnections, image: str, doing: str) -> Source:
    place, _, name = image.partition(":")
    node, _, storage = place.rpartition("/")
    volume = f"{storage}:{name}"
    content = name.partition("/")[0]
    if content in BOOTABLE:
        for one in get_storages(connections, {content}, doing, name=storage):
            if not one.shared and one.node != node:
                continue
            held = connections.get_list(one.path, doing, content=content)
            if any(isinstance(file, Mapping) and file.get("volid") == volume for file in held):
                kind = "qemu" if content == "import" else "lxc"
                nodes = None if one.shared else frozenset({one.node})
                return Source(image, kind, volume=volume, nodes=nodes)
    raise NotFound(
        f"Could not {doing}: there is no image {image!r}.",
        hint="Machines are made from storage:import/FILE, containers from storage:vztmpl/FILE.",
        provider="proxmox",
    )


def choose_node(
    connections: ProxmoxConnections, spec: InstanceSpec, source: Source, doing: str
) -> str:
    """Return the node for a machine: that of the zone, or the one with the most free memory.

    Raises InvalidRequest for a zone that there is not or that cannot reach the image, NotFound
    for a network that no such node has, CapacityExhausted when no node is large enough.
    """
    nodes = get_nodes(connections, doing)
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
            hint="Make it there, or keep the image on a storage that all nodes share.",
            provider="proxmox",
        )
    allowed = [node for node in nodes if source.nodes is None or node.name in source.nodes]
    allowed = [node for node in allowed if spec.zone in {None, node.name}]
    large = _large_enough(allowed, spec, doing)
    if spec.network is None:
        return large[0].name
    for node in large:
        if has_bridge(connections, node.name, spec.network, doing):
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
        told = ", ".join(f"{n.name}: {n.cores} cores, {n.memory_mib} MiB" for n in online)
        raise CapacityExhausted(
            f"Could not {doing}: no node that is online can hold a {spec.type}"
            f" ({told or 'none is online'}).",
            provider="proxmox",
        )
    return sorted(large, key=lambda node: (-(node.free_mib or 0), node.name))


def choose_storage(
    connections: ProxmoxConnections, node: str, kind: str, wish: str | None, doing: str
) -> str:
    """Return the storage for the disks of a machine: the wish, or the one with the most room."""
    content = "images" if kind == "qemu" else "rootdir"
    found = get_storages(connections, {content}, doing, reachable_only=True)
    here: list[Storage] = [one for one in found if one.shared or one.node == node]
    wished = [one for one in here if wish in {None, one.name}]
    if not wished:
        raise NotFound(
            f"Could not {doing}: node {node} has no storage {wish or 'for disks'!r}.",
            hint=f"It has: {', '.join(sorted(one.name for one in here)) or 'none'}.",
            provider="proxmox",
        )
    return max(wished, key=lambda one: (one.free, one.name)).name
