"""Servers of Nova: reading them, and converting them to instances.

Source: https://docs.openstack.org/api-ref/compute/#servers-servers
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from pydantic import JsonValue

from providers.openstack.errors import is_capacity, is_quota
from providers.openstack.fields import (
    Json,
    inner,
    integer,
    objects,
    required_id,
    required_text,
    text,
    text_pairs,
    texts,
    timestamp,
)
from providers.openstack.flavors import flavor_names, to_architecture
from providers.openstack.interfaces import Interface, to_addresses, to_interfaces
from providers.openstack.name_cache import Names
from providers.openstack.network_names import get_names, with_ports
from providers.openstack.paging import get_pages
from providers.openstack.states import (
    DELETED_STATUSES,
    TASK_STATE,
    UNREACHABLE,
    to_native_state,
    to_state,
)
from providers.openstack.tokens import OWN_KEYS, is_server_tag
from skyclust.errors import Unavailable
from skyclust.model.instance import Instance, InstanceFailure, InstanceReference, InstanceState
from skyclust.providerkit.same_instance import require_same_instance

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

VOLUMES_ATTACHED: Final = "os-extended-volumes:volumes_attached"
"""The field of a server that lists its volumes, those being attached included."""


def get_servers(
    clients: OpenStackClients, region: str, page_size: int | None
) -> Iterator[Sequence[Any]]:
    """Yield the servers of a region, page by page, without deleted ones.

    Without a page size the first page is requested without a limit: only such a list contains the
    servers of a cell that does not respond; Nova leaves them out of any other.
    Raises Unavailable for a cell that does not respond.
    """
    doing = f"list instance in {region}"
    pages = get_pages(
        clients,
        region,
        "compute",
        "/servers/detail",
        "servers",
        doing=doing,
        params={"all_tenants": "1"} if clients.credential.all_projects else None,
        page_size=page_size,
        first_unbounded=page_size is None,
    )
    for page in pages:
        for server in page:
            require_reachable(server, doing)
        yield [
            one
            for one in page
            if not (isinstance(one, dict) and one.get("status") in DELETED_STATUSES)
        ]


def get_server(clients: OpenStackClients, region: str, server_id: str) -> Json:
    """Return one server as Nova reports it; raises NotFound when it does not exist."""
    doing = f"read instance {server_id} in {region}"
    server = clients.read(region, "compute", f"/servers/{server_id}", "server", doing=doing)
    require_reachable(server, doing)
    required_id(server)
    required_text(server, "status")
    return server


def get_same_server(clients: OpenStackClients, instance: InstanceReference) -> Json:
    """Return the server of a reference; raises NotFound when it does not exist.

    Nova never uses an id again, so the id itself is the proof of identity.
    """
    server = get_server(clients, instance.region, instance.id)
    require_same_instance(instance, str(server["id"]), provider="openstack")
    return server


def to_instances(clients: OpenStackClients, region: str, servers: Sequence[Json]) -> list[Instance]:
    """Return servers as instances, with the ids of their networks and security groups."""
    convert = instance_converter(clients, region)
    return [convert(server) for server in servers]


def instance_converter(clients: OpenStackClients, region: str) -> Callable[[Json], Instance]:
    """Return a function that converts a server of a region to an instance.

    It reads the names of networks and security groups from Neutron when a server needs them.
    """
    flavors = flavor_names(clients, region)

    def convert(server: Json) -> Instance:
        project = text(server, "tenant_id") or ""
        networks = [(project, name) for name in inner(server, "addresses")]
        groups = [(project, name) for name in _group_names(server) or ()]
        if not networks and not groups:
            return to_instance(region, server, Names(), flavors)
        names = get_names(clients, region, networks)
        if not all(names.firewall(*group) for group in groups):
            # Several groups have the name, or one of another project: the ports have the ids.
            names = with_ports(clients, region, names)
        return to_instance(region, server, names, flavors)

    return convert


def require_reachable(server: Any, doing: str) -> None:
    """Raise Unavailable for a server of a cell that does not respond.

    Nova reports little more than its id, and the status UNKNOWN, which a complete server may have
    as well.
    """
    if not isinstance(server, dict) or server.get("status") != UNREACHABLE:
        return
    if not {"name", "metadata", "addresses"} & set(server):
        raise Unavailable(
            f"Could not {doing}: the cell of server {server.get('id')} does not respond.",
            hint="Try again when the cell responds again.",
            provider="openstack",
            code=UNREACHABLE,
        )


def to_instance(
    region: str, server: Json, names: Names, flavors: Mapping[str, str] | None = None
) -> Instance:
    """Return a server as an instance.

    `flavors` are the names of flavors by id, needed for Nova before 2.47 only.
    """
    identifier = required_id(server)
    status, task = required_text(server, "status"), text(server, TASK_STATE)
    state = to_state(status, task)
    reason = text(inner(server, "fault"), "message")
    interfaces = to_interfaces(server, names)
    primary = interfaces[0] if interfaces else None
    private, public = to_addresses(interfaces)
    return Instance(
        provider="openstack",
        region=region,
        zone=text(server, "OS-EXT-AZ:availability_zone"),
        id=identifier,
        unique_id=identifier,
        name=text(server, "name") or "",
        state=state,
        native_state=to_native_state(status, task),
        type=_type(inner(server, "flavor"), flavors),
        image=text(inner(server, "image"), "id"),
        network=primary.network if primary else None,
        subnet=primary.subnet if primary else None,
        private_addresses=private,
        public_addresses=public,
        tags=_tags(server),
        created_at=timestamp(server, "created"),
        state_reason=reason,
        failure=to_failure(state, reason),
        attributes=_attributes(server, names, interfaces),
    )


def to_failure(state: InstanceState, reason: str | None) -> InstanceFailure | None:
    """Return whether a server failed for lack of quota or capacity, None for any other reason.

    Nova accepts a server before it looks for a host, and reports a failure to find one as the
    server's fault (https://docs.openstack.org/api-guide/compute/faults.html).
    """
    if state is not InstanceState.ERROR or reason is None:
        return None
    if is_quota(reason):
        return InstanceFailure.QUOTA
    return InstanceFailure.CAPACITY if is_capacity(reason) else None


def _type(flavor: Json, flavors: Mapping[str, str] | None) -> str | None:
    """Return the flavor's name; Nova before 2.47 reports its id, and none once it is deleted."""
    name, identifier = text(flavor, "original_name"), text(flavor, "id")
    return name or (flavors or {}).get(identifier or "") or identifier


def _tags(server: Json) -> dict[str, str]:
    """Return the metadata and the server tags, the latter with an empty value.

    The keys and tags of SkyClust itself are left out. Metadata takes precedence over a server tag
    of the same name.
    """
    server_tags = (tag for tag in texts(server, "tags") or () if not is_server_tag(tag))
    metadata = text_pairs(server, "metadata")
    return {
        **dict.fromkeys(server_tags, ""),
        **{key: value for key, value in metadata.items() if key not in OWN_KEYS},
    }


def _group_names(server: Json) -> set[str] | None:
    """Return the names of a server's security groups, None where Nova does not report them.

    Nova leaves out the field for a server without a security group.
    """
    if "security_groups" not in server:
        return set()
    groups = objects(server, "security_groups")
    return None if groups is None else {required_text(group, "name") for group in groups}


def _firewalls(server: Json, names: Names, project: str) -> list[JsonValue] | None:
    """Return the ids of a server's security groups, None where one of them is unknown."""
    groups = _group_names(server)
    if groups is None:
        return None
    ids = {names.firewall(project, name) for name in groups}
    if None not in ids:
        return [*sorted(one for one in ids if one)]
    of_ports = (names.port_groups or {}).get(str(server["id"]))
    return None if of_ports is None else [*sorted(of_ports)]


def _attributes(
    server: Json, names: Names, interfaces: Sequence[Interface]
) -> dict[str, JsonValue]:
    properties = inner(inner(server, "image"), "properties")
    flavor = inner(server, "flavor")
    specs = inner(flavor, "extra_specs")
    launched = timestamp(server, "OS-SRV-USG:launched_at")
    project = text(server, "tenant_id")
    volumes = objects(server, VOLUMES_ATTACHED)
    more: dict[str, JsonValue] = {}
    if len(interfaces) > 1:  # a single interface is described by the instance's own fields
        more["interfaces"] = [interface.attribute for interface in interfaces]
    architecture = text(properties, "architecture") or text(specs, "hw:architecture")
    return {
        "architecture": to_architecture(architecture) or architecture,
        "cores": integer(flavor, "vcpus"),
        "description": text(server, "description"),
        "disks": None if volumes is None else [required_id(volume) for volume in volumes],
        "firewalls": _firewalls(server, names, project or ""),
        "key": text(server, "key_name"),
        "launched_at": launched.isoformat() if launched else None,
        "lifecycle": "on-demand",
        "memory_mib": integer(flavor, "ram"),
        "platform": text(properties, "os_distro"),
        "project": project,
        **more,
    }
