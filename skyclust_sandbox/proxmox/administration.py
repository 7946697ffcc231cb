"""What administrators do: volumes by hand, bridges, templates, switching a node off."""

from __future__ import annotations

from functools import partial

from skyclust_sandbox.proxmox import drives
from skyclust_sandbox.proxmox.answers import refused
from skyclust_sandbox.proxmox.routing import Asked
from skyclust_sandbox.proxmox.state import Bridge, Volume
from skyclust_sandbox.proxmox.tasks import begin, refuse_busy


def add_content(asked: Asked) -> object:
    """Make a volume for a guest, which need not exist, and return its id."""
    name, given = asked.path["storage"], asked.parameters
    if name not in asked.cluster.storages:
        raise refused(f"storage '{name}' does not exist")
    volume = Volume(
        storage=name,
        node=asked.cluster.place_of(name, asked.node),
        name=given["filename"],
        size=drives.to_bytes(given["size"]) * (1 if given["size"][-1:].isalpha() else 1024),
        content="images",
        format=given.get("format", "raw"),
        ctime=int(asked.now),
        vmid=int(given["vmid"]),
    )
    if (volume.node, volume.volid) in asked.cluster.volumes:
        raise refused(f"disk image '{volume.name}' already exists")
    return asked.cluster.add_volume(volume).volid


def remove_content(asked: Asked) -> object:
    """Remove a volume."""
    name = asked.path["storage"]
    volid = (
        asked.path["volume"] if ":" in asked.path["volume"] else f"{name}:{asked.path['volume']}"
    )
    volume = asked.cluster.volume(volid, asked.node)
    if volume is None:
        raise refused(f"volume '{volid}' does not exist")
    remove = partial(asked.cluster.remove_volume, volume)
    return begin(
        asked.cluster, asked.now, node=asked.node, kind="imgdel", about=volid,
        user=asked.principal, effect=remove, share=0.0,
    )  # fmt: skip


def add_bridge(asked: Asked) -> object:
    """Add a bridge to the node's configuration, which counts once it is applied."""
    given = asked.parameters
    taken = {one.name for one in asked.cluster.bridges if one.node in {"", asked.node}}
    if given["iface"] in taken:
        raise refused("interface already exists")
    bridge = Bridge(
        given["iface"],
        asked.node,
        cidr=given.get("cidr", ""),
        cidr6=given.get("cidr6", ""),
        comments=given.get("comments", ""),
        vlan_aware=asked.flag("bridge_vlan_aware"),
    )
    asked.cluster.unapplied.append(bridge)
    return None


def apply_bridges(asked: Asked) -> object:
    """Take the node's changed network configuration into use."""
    cluster = asked.cluster
    here = [one for one in cluster.unapplied if one.node == asked.node]
    cluster.bridges += here
    cluster.unapplied = [one for one in cluster.unapplied if one.node != asked.node]
    return begin(
        cluster, asked.now, node=asked.node, kind="srvreload", about="networking",
        user=asked.principal, effect=lambda: None, share=0.0,
    )  # fmt: skip


def to_template(kind: str, asked: Asked) -> object:
    """Make a template of a guest."""
    guest, cluster = asked.guest(kind), asked.cluster
    refuse_busy(cluster, guest)
    if guest.running:
        raise refused("unable to convert a running guest to a template")
    for key, volid, options in list(drives.disks(guest.config)):
        volume = cluster.volume(volid, guest.node)
        if volume is not None:
            cluster.remove_volume(volume)
            volume.name = volume.name.replace("vm-", "base-", 1)
            cluster.add_volume(volume)
            guest.config[key] = drives.joined(volume.volid, options)
    guest.config["template"] = 1
    return begin(
        cluster, asked.now, node=guest.node, kind="qmtemplate", about=str(guest.vmid),
        user=asked.principal, effect=lambda: None, share=0.0,
    )  # fmt: skip


def migrate(kind: str, asked: Asked) -> object:
    """Move a guest to another node, with its local disks."""
    guest, cluster, target = asked.guest(kind), asked.cluster, asked.parameters["target"]
    refuse_busy(cluster, guest)
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

    word = "qmmigrate" if kind == "qemu" else "vzmigrate"
    return begin(
        cluster, asked.now, node=asked.node, kind=word, about=str(guest.vmid),
        user=asked.principal, effect=move,
    )  # fmt: skip


def shut_down(asked: Asked) -> object:
    """Let a node go offline; its guests stay on it."""
    node = asked.cluster.nodes[asked.node]
    if node.number == 1:
        raise refused("this node answers the sandbox's calls: shut down another one")
    node.online = False
    return None
