"""The lists of a cluster: status, resources, nodes, storages, networks and tasks."""

from __future__ import annotations

from skyclust_sandbox.proxmox import access
from skyclust_sandbox.proxmox.guests import sees, to_list_item
from skyclust_sandbox.proxmox.replies import refused
from skyclust_sandbox.proxmox.routing import ApiRequest
from skyclust_sandbox.proxmox.state import Bridge, Storage, Volume
from skyclust_sandbox.proxmox.tasks import HIDDEN, to_status

_SECONDS_UP = 8_640_000


def version(_: ApiRequest) -> object:
    """Return the release."""
    return {"release": "9.0", "version": "9.0.11", "repoid": "3bf5476b8a4699e2"}


def cluster_status(request: ApiRequest) -> object:
    """Return the status of the cluster and of its nodes."""
    cluster = request.cluster
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


def list_resources(request: ApiRequest) -> object:
    """Return the nodes, storages and guests that the caller may see."""
    kind = request.parameters.get("type")
    items: list[dict[str, object]] = []
    if kind in {None, "vm"}:
        visible = [g for g in request.cluster.listed_guests(request.now) if sees(request, g)]
        items += [to_list_item(request, guest) for guest in visible]
    if kind in {None, "node"}:
        items += [{"type": "node", "id": f"node/{node['node']}", **node} for node in nodes(request)]
    if kind in {None, "storage"}:
        items += [
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
                "disk": storage.total - request.cluster.free(storage.name, node.name),
            }
            for node in request.cluster.nodes.values()
            for storage in _visible(request)
        ]
    return items


def nodes(request: ApiRequest) -> list[dict[str, object]]:
    """Return the nodes of the cluster."""
    return [
        {
            "node": node.name,
            "status": "online" if node.online else "offline",
            "maxcpu": node.cores,
            "maxmem": node.memory,
            "mem": _memory_in_use(request, node.name),
            "cpu": 0.07,
            "uptime": _SECONDS_UP if node.online else 0,
            "level": "",
        }
        for node in request.cluster.nodes.values()
    ]


def _memory_in_use(request: ApiRequest, node: str) -> int:
    running = (g for g in request.cluster.guests.values() if g.node == node and g.running)
    return sum(int(guest.config.get("memory", 512)) * 1024**2 for guest in running)


def _visible(request: ApiRequest) -> list[Storage]:
    sufficient = {"Datastore.Audit", "Datastore.AllocateSpace"}
    return [
        storage
        for storage in request.cluster.storages.values()
        if access.privileges(request.cluster, request.principal, f"/storage/{storage.name}")
        & sufficient
    ]


def storages(request: ApiRequest) -> object:
    """Return the storages of a node."""
    content = set(filter(None, request.parameters.get("content", "").split(",")))
    return [
        {
            "storage": storage.name,
            "type": storage.type,
            "content": ",".join(storage.content),
            "shared": int(storage.shared),
            "enabled": 1,
            "active": 1,
            "total": storage.total,
            "avail": request.cluster.free(storage.name, request.node),
            "used": storage.total - request.cluster.free(storage.name, request.node),
        }
        for storage in _visible(request)
        if not content or content & set(storage.content)
    ]


def contents(request: ApiRequest) -> object:
    """Return the volumes of a storage, as a node sees it."""
    name = request.path["storage"]
    if name not in request.cluster.storages:
        raise refused(f"storage '{name}' does not exist")
    location = request.cluster.location_of(name, request.node)
    content = request.parameters.get("content")
    vmid = request.parameters.get("vmid")
    return [
        _volume(volume)
        for volume in request.cluster.volumes.values()
        if (volume.node, volume.storage) == (location, name)
        and content in {None, volume.content}
        and vmid in {None, str(volume.vmid)}
    ]


def _volume(volume: Volume) -> dict[str, object]:
    known: dict[str, object] = {
        "volid": volume.volid,
        "content": volume.content,
        "format": volume.format,
        "size": volume.size,
        "ctime": volume.ctime,
    }
    return known if volume.vmid is None else {**known, "vmid": volume.vmid}


def networks(request: ApiRequest) -> object:
    """Return the interfaces of a node: its network card and its bridges."""
    kind = request.parameters.get("type")
    bridges = [_bridge(b) for b in request.cluster.bridges if b.node == request.node]
    if kind == "any_bridge":
        return [*bridges, *(_vnet(b) for b in request.cluster.bridges if b.zone)]
    if kind in {"any_local_bridge", "bridge"}:
        return bridges
    card = {"iface": "eno1", "type": "eth", "method": "manual", "active": 1, "exists": 1}
    return [card, *bridges]


def _bridge(bridge: Bridge) -> dict[str, object]:
    item: dict[str, object] = {
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
        item |= {"cidr": bridge.cidr, "address": bridge.cidr.partition("/")[0]}
    if bridge.cidr6:
        item |= {"cidr6": bridge.cidr6, "address6": bridge.cidr6.partition("/")[0]}
        item["method6"] = "static"
    if bridge.vlan_aware:
        item["bridge_vlan_aware"] = 1
    return {**item, "comments": bridge.comments} if bridge.comments else item


def _vnet(bridge: Bridge) -> dict[str, object]:
    item: dict[str, object] = {"iface": bridge.name, "type": "vnet", "active": 1}
    return {**item, "comments": bridge.comments} if bridge.comments else item


def vnets(request: ApiRequest) -> object:
    """Return the VNets of software-defined networking."""
    return [
        {"vnet": bridge.name, "zone": bridge.zone, "type": "vnet"}
        | ({"tag": bridge.tag} if bridge.tag else {})
        | ({"alias": bridge.comments} if bridge.comments else {})
        for bridge in request.cluster.bridges
        if bridge.zone
    ]


def subnets(request: ApiRequest) -> object:
    """Return the subnets of a VNet."""
    name = request.path["vnet"]
    if all(b.name != name or not b.zone for b in request.cluster.bridges):
        raise refused(f"sdn vnet '{name}' does not exist")
    return request.cluster.subnets.get(name, [])


def task_status(request: ApiRequest) -> object:
    """Return one task."""
    task = request.cluster.tasks.get(request.path["upid"])
    if task is None or task.node != request.node:
        raise refused("no such task")
    return to_status(task)


def node_tasks(request: ApiRequest) -> object:
    """Return the tasks of a node; a running task has neither an end nor a status."""
    source = request.parameters.get("source", "archive")
    vmid = request.parameters.get("vmid")
    items: list[dict[str, object]] = []
    for task in request.cluster.tasks.values():
        is_over = task.exit_status is not None
        if task.type == HIDDEN or task.node != request.node or vmid not in {None, task.id}:
            continue
        if source == "archive" and not is_over:
            continue
        known = {key: value for key, value in to_status(task).items() if key not in _OF_STATUS}
        if is_over:
            known |= {"endtime": int(task.end), "status": task.exit_status}
        items.append(known)
    limit = int(request.parameters.get("limit", "50"))
    return items[::-1][:limit]


_OF_STATUS = frozenset({"status", "exitstatus"})


def permissions(request: ApiRequest) -> object:
    """Return the privileges of the caller by path, or on one path."""
    path = request.parameters.get("path")
    if path is None:
        return access.permissions(request.cluster, request.principal)
    granted = access.privileges(request.cluster, request.principal, path)
    return {path: dict.fromkeys(sorted(granted), 1)} if granted else {}
