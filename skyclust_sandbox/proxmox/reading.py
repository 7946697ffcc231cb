"""Reading the cluster: its status, resources, nodes, storages, networks and tasks."""

from __future__ import annotations

from skyclust_sandbox.proxmox import access
from skyclust_sandbox.proxmox.answers import refused
from skyclust_sandbox.proxmox.guests import listed, sees
from skyclust_sandbox.proxmox.routing import Asked
from skyclust_sandbox.proxmox.state import Bridge, Storage, Volume
from skyclust_sandbox.proxmox.tasks import UNSEEN, told

_SECONDS_UP = 8_640_000


def version(_: Asked) -> object:
    """Return the release."""
    return {"release": "9.0", "version": "9.0.11", "repoid": "3bf5476b8a4699e2"}


def cluster_status(asked: Asked) -> object:
    """Return the cluster and its nodes, as corosync sees them."""
    cluster = asked.cluster
    head = {
        "type": "cluster",
        "id": "cluster",
        "name": cluster.name,
        "nodes": len(cluster.nodes),
        "quorate": int(cluster.quorate),
        "version": len(cluster.nodes),
    }
    nodes = [
        {
            "type": "node",
            "id": f"node/{node.name}",
            "name": node.name,
            "nodeid": node.number,
            "ip": f"10.20.0.{10 + node.number}",
            "local": int(node.number == 1),
            "online": int(node.online),
            "level": "",
        }
        for node in cluster.nodes.values()
    ]
    return [head, *nodes]


def resources(asked: Asked) -> object:
    """Return nodes, storages and guests, each only where the caller may see it."""
    wanted = asked.parameters.get("type")
    found: list[dict[str, object]] = []
    if wanted in {None, "vm"}:
        known = asked.cluster.listed_guests(asked.now)
        visible = [guest for guest in known if sees(asked, guest)]
        found += [listed(asked, guest) for guest in visible]
    if wanted in {None, "node"}:
        found += [{"type": "node", "id": f"node/{node['node']}", **node} for node in nodes(asked)]
    if wanted in {None, "storage"}:
        found += [
            {
                "type": "storage",
                "id": f"storage/{node.name}/{storage.name}",
                "storage": storage.name,
                "node": node.name,
                "plugintype": storage.type,
                "content": ",".join(storage.content),
                "shared": int(storage.shared),
                "status": "available" if node.online else "unknown",
                "maxdisk": storage.total,
                "disk": storage.total - asked.cluster.free(storage.name, node.name),
            }
            for node in asked.cluster.nodes.values()
            for storage in _visible(asked)
        ]
    return found


def nodes(asked: Asked) -> list[dict[str, object]]:
    """Return the nodes of the cluster."""
    return [
        {
            "node": node.name,
            "status": "online" if node.online else "offline",
            "maxcpu": node.cores,
            "maxmem": node.memory,
            "mem": _memory_in_use(asked, node.name),
            "cpu": 0.07,
            "uptime": _SECONDS_UP if node.online else 0,
            "level": "",
        }
        for node in asked.cluster.nodes.values()
    ]


def _memory_in_use(asked: Asked, node: str) -> int:
    running = (one for one in asked.cluster.guests.values() if one.node == node and one.running)
    return sum(int(one.config.get("memory", 512)) * 1024**2 for one in running)


def _visible(asked: Asked) -> list[Storage]:
    wanted = {"Datastore.Audit", "Datastore.AllocateSpace"}
    return [
        storage
        for storage in asked.cluster.storages.values()
        if access.privileges(asked.cluster, asked.principal, f"/storage/{storage.name}") & wanted
    ]


def storages(asked: Asked) -> object:
    """Return the storages of a node."""
    wanted = set(filter(None, asked.parameters.get("content", "").split(",")))
    return [
        {
            "storage": storage.name,
            "type": storage.type,
            "content": ",".join(storage.content),
            "shared": int(storage.shared),
            "enabled": 1,
            "active": 1,
            "total": storage.total,
            "avail": asked.cluster.free(storage.name, asked.node),
            "used": storage.total - asked.cluster.free(storage.name, asked.node),
        }
        for storage in _visible(asked)
        if not wanted or wanted & set(storage.content)
    ]


def contents(asked: Asked) -> object:
    """Return the volumes of a storage, as a node sees it."""
    name = asked.path["storage"]
    if name not in asked.cluster.storages:
        raise refused(f"storage '{name}' does not exist")
    place = asked.cluster.place_of(name, asked.node)
    wanted = asked.parameters.get("content")
    vmid = asked.parameters.get("vmid")
    return [
        _told(one)
        for one in asked.cluster.volumes.values()
        if (one.node, one.storage) == (place, name)
        and wanted in {None, one.content}
        and vmid in {None, str(one.vmid)}
    ]


def _told(volume: Volume) -> dict[str, object]:
    known: dict[str, object] = {
        "volid": volume.volid,
        "content": volume.content,
        "format": volume.format,
        "size": volume.size,
        "ctime": volume.ctime,
    }
    return known if volume.vmid is None else {**known, "vmid": volume.vmid}


def networks(asked: Asked) -> object:
    """Return the interfaces of a node: its bridges, and the card below them."""
    wanted = asked.parameters.get("type")
    bridges = [_bridge(one) for one in asked.cluster.bridges if one.node == asked.node]
    if wanted == "any_bridge":
        return [*bridges, *(_vnet(one) for one in asked.cluster.bridges if one.zone)]
    if wanted in {"any_local_bridge", "bridge"}:
        return bridges
    card = {"iface": "eno1", "type": "eth", "method": "manual", "active": 1, "exists": 1}
    return [card, *bridges]


def _bridge(bridge: Bridge) -> dict[str, object]:
    told: dict[str, object] = {
        "iface": bridge.name,
        "type": "bridge",
        "active": 1,
        "autostart": 1,
        "method": "static" if bridge.cidr else "manual",
        "bridge_ports": "eno1" if bridge.cidr else "",
        "families": ["inet", "inet6"] if bridge.cidr6 else ["inet"],
        "priority": 5,
    }
    if bridge.cidr:
        told |= {"cidr": bridge.cidr, "address": bridge.cidr.partition("/")[0]}
    if bridge.cidr6:
        told |= {"cidr6": bridge.cidr6, "address6": bridge.cidr6.partition("/")[0]}
        told["method6"] = "static"
    if bridge.vlan_aware:
        told["bridge_vlan_aware"] = 1
    return {**told, "comments": bridge.comments} if bridge.comments else told


def _vnet(bridge: Bridge) -> dict[str, object]:
    told: dict[str, object] = {"iface": bridge.name, "type": "vnet", "active": 1}
    return {**told, "comments": bridge.comments} if bridge.comments else told


def vnets(asked: Asked) -> object:
    """Return the VNets of software-defined networking."""
    return [
        {"vnet": one.name, "zone": one.zone, "type": "vnet"}
        | ({"tag": one.tag} if one.tag else {})
        | ({"alias": one.comments} if one.comments else {})
        for one in asked.cluster.bridges
        if one.zone
    ]


def subnets(asked: Asked) -> object:
    """Return the subnets of a VNet."""
    name = asked.path["vnet"]
    if all(one.name != name or not one.zone for one in asked.cluster.bridges):
        raise refused(f"sdn vnet '{name}' does not exist")
    return asked.cluster.subnets.get(name, [])


def task_status(asked: Asked) -> object:
    """Return one task."""
    task = asked.cluster.tasks.get(asked.path["upid"])
    if task is None or task.node != asked.node:
        raise refused("no such task")
    return told(task)


def node_tasks(asked: Asked) -> object:
    """Return tasks of a node; those that run have neither an end nor a status."""
    source = asked.parameters.get("source", "archive")
    vmid = asked.parameters.get("vmid")
    found: list[dict[str, object]] = []
    for task in asked.cluster.tasks.values():
        is_over = task.exit_status is not None
        if task.type == UNSEEN or task.node != asked.node or vmid not in {None, task.id}:
            continue
        if source == "archive" and not is_over:
            continue
        known = {key: value for key, value in told(task).items() if key not in _OF_STATUS}
        if is_over:
            known |= {"endtime": int(task.end), "status": task.exit_status}
        found.append(known)
    limit = int(asked.parameters.get("limit", "50"))
    return found[::-1][:limit]


_OF_STATUS = frozenset({"status", "exitstatus"})


def permissions(asked: Asked) -> object:
    """Return the privileges of the caller, by path; or at one path alone."""
    path = asked.parameters.get("path")
    if path is None:
        return access.permissions(asked.cluster, asked.principal)
    granted = access.privileges(asked.cluster, asked.principal, path)
    return {path: dict.fromkeys(sorted(granted), 1)} if granted else {}
