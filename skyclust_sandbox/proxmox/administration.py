"""Operations of administrators: volumes, bridges, templates, migration, node shutdown."""

from __future__ import annotations

from functools import partial

from skyclust_sandbox.proxmox import drives
from skyclust_sandbox.proxmox.replies import refused
from skyclust_sandbox.proxmox.routing import ApiRequest
from skyclust_sandbox.proxmox.state import Bridge, Volume
from skyclust_sandbox.proxmox.tasks import begin, require_idle


def add_content(request: ApiRequest) -> object:
    """Create a volume for a guest, which need not exist, and return its id."""
    name, parameters = request.path["storage"], request.parameters
    if name not in request.cluster.storages:
        raise refused(f"storage '{name}' does not exist")
    volume = Volume(
        storage=name,
        node=request.cluster.location_of(name, request.node),
        name=parameters["filename"],
        size=drives.to_bytes(parameters["size"])
        * (1 if parameters["size"][-1:].isalpha() else 1024),
        content="images",
        format=parameters.get("format", "raw"),
        ctime=int(request.now),
        vmid=int(parameters["vmid"]),
    )
    if (volume.node, volume.volid) in request.cluster.volumes:
        raise refused(f"disk image '{volume.name}' already exists")
    return request.cluster.add_volume(volume).volid


def remove_content(request: ApiRequest) -> object:
    """Remove a volume."""
    name = request.path["storage"]
    volid = (
        request.path["volume"]
        if ":" in request.path["volume"]
        else f"{name}:{request.path['volume']}"
    )
    volume = request.cluster.volume(volid, request.node)
    if volume is None:
        raise refused(f"volume '{volid}' does not exist")
    remove = partial(request.cluster.remove_volume, volume)
    return begin(
        request.cluster, request.now, node=request.node, kind="imgdel", about=volid,
        user=request.principal, effect=remove, share=0.0,
    )  # fmt: skip


def add_bridge(request: ApiRequest) -> object:
    """Add a bridge to the node's configuration, which takes effect when it is applied."""
    parameters = request.parameters
    taken = {b.name for b in request.cluster.bridges if b.node in {"", request.node}}
    if parameters["iface"] in taken:
        raise refused("interface already exists")
    bridge = Bridge(
        parameters["iface"],
        request.node,
        cidr=parameters.get("cidr", ""),
        cidr6=parameters.get("cidr6", ""),
        comments=parameters.get("comments", ""),
        vlan_aware=request.flag("bridge_vlan_aware"),
    )
    request.cluster.unapplied.append(bridge)
    return None


def apply_bridges(request: ApiRequest) -> object:
    """Apply the changed network configuration of the node."""
    cluster = request.cluster
    cluster.bridges += [b for b in cluster.unapplied if b.node == request.node]
    cluster.unapplied = [b for b in cluster.unapplied if b.node != request.node]
    return begin(
        cluster, request.now, node=request.node, kind="srvreload", about="networking",
        user=request.principal, effect=lambda: None, share=0.0,
    )  # fmt: skip


def to_template(kind: str, request: ApiRequest) -> object:
    """Convert a guest to a template."""
    guest, cluster = request.guest(kind), request.cluster
    require_idle(cluster, guest)
    if guest.running:
        raise refused("unable to convert a running guest to a template")
    for key, volid, options in list(drives.disks(guest.config)):
        volume = cluster.volume(volid, guest.node)
        if volume is not None:
            cluster.remove_volume(volume)
            volume.name = volume.name.replace("vm-", "base-", 1)
            cluster.add_volume(volume)
            guest.config[key] = drives.to_value(volume.volid, options)
    guest.config["template"] = 1
    return begin(
        cluster, request.now, node=guest.node, kind="qmtemplate", about=str(guest.vmid),
        user=request.principal, effect=lambda: None, share=0.0,
    )  # fmt: skip


def migrate(kind: str, request: ApiRequest) -> object:
    """Move a guest to another node, with its local disks."""
    guest, cluster, target = request.guest(kind), request.cluster, request.parameters["target"]
    require_idle(cluster, guest)
    if target not in cluster.nodes or not cluster.nodes[target].online:
        raise refused(f"target node '{target}' is offline")
    guest.config["lock"] = "migrate"

    def move() -> None:
        for _, volid, _ in drives.disks(guest.config):
            volume = cluster.volume(volid, guest.node)
            if volume is not None and volume.node:
                cluster.remove_volume(volume)
                volume.node = target
                cluster.add_volume(volume)
        guest.node = target
        guest.config.pop("lock", None)

    task = "qmmigrate" if kind == "qemu" else "vzmigrate"
    return begin(
        cluster, request.now, node=request.node, kind=task, about=str(guest.vmid),
        user=request.principal, effect=move,
    )  # fmt: skip


def shut_down(request: ApiRequest) -> object:
    """Shut a node down; its guests stay on it."""
    node = request.cluster.nodes[request.node]
    if node.number == 1:
        raise refused("this node answers the sandbox's calls: shut down another node")
    node.online = False
    return None
