"""Servers of Nova: reading them, and what they are in our words.

Source: https://docs.openstack.org/api-ref/compute/#servers-servers
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from pydantic import JsonValue

from providers.openstack.errors import is_capacity, is_quota
from providers.openstack.flavors import flavor_names
from providers.openstack.networking import Names
from providers.openstack.pages import get_pages
from providers.openstack.states import GONE, UNREACHABLE, to_native_state, to_state
from providers.openstack.tokens import OWN_KEYS
from skyclust.errors import Unavailable
from skyclust.model.instance import Instance, InstanceFailure, InstanceState
from skyclust.model.resource import Resource, instance_resource

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

Json = dict[str, Any]

_TASK: Final = "OS-EXT-STS:task_state"
_VOLUMES: Final = "os-extended-volumes:volumes_attached"


def get_servers(
    clients: OpenStackClients, region: str, page_size: int | None
) -> Iterator[Sequence[Json]]:
    """Yield the servers of a region, page by page, without those that are gone.

    The first page is asked for without a limit, unless someone wishes one: Nova shows servers
    of a cell that does not answer in such a list only, and leaves them out of any other.
    Raises Unavailable for a cell that does not answer.
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
            refuse_unreachable(server, doing)
        yield [server for server in page if server["status"] not in GONE]


def get_server(clients: OpenStackClients, region: str, server_id: str) -> Json:
    """Return one server as Nova shows it; raises NotFound when Nova knows none."""
    doing = f"read instance {server_id} in {region}"
    answer = clients.call(region, "compute", "GET", f"/servers/{server_id}", doing=doing)
    server: Json = answer["server"]
    refuse_unreachable(server, doing)
    return server


def get_instance(clients: OpenStackClients, region: str, server_id: str) -> Instance:
    """Return one server as it is now; raises NotFound when Nova knows none."""
    return described(clients, region, [get_server(clients, region, server_id)])[0]


def described(clients: OpenStackClients, region: str, servers: Sequence[Json]) -> list[Instance]:
    """Return servers in our words, with the ids that their names stand for."""
    to_one = describer(clients, region)
    return [to_one(server) for server in servers]


def describer(clients: OpenStackClients, region: str) -> Callable[[Json], Instance]:
    """Return what turns a server of a region into our words."""
    flavors = flavor_names(clients, region)

    def describe(server: Json) -> Instance:
        project = str(server.get("tenant_id") or "")
        wanted = [(project, name) for name in server.get("addresses") or ()]
        named = wanted or server.get("security_groups")
        names = clients.names.names(clients, region, wanted) if named else Names()
        return to_instance(region, server, names, flavors)

    return describe


def resources(clients: OpenStackClients, region: str, servers: Sequence[Json]) -> list[Resource]:
    """Return servers as inventory resources."""
    return [instance_resource(one) for one in described(clients, region, servers)]


def refuse_unreachable(server: Json, doing: str) -> None:
    """Raise Unavailable for a server of which Nova knows little more than the id.

    It has the status UNKNOWN then, which a whole server may have as well.
    """
    if "name" not in server:
        raise Unavailable(
            f"Could not {doing}: a cell of Nova does not answer, server {server.get('id')} is in"
            " it.",
            hint="Try again when the cloud has mended it.",
            provider="openstack",
            code=UNREACHABLE,
        )


def to_instance(
    region: str, server: Json, names: Names, flavors: Mapping[str, str] | None = None
) -> Instance:
    """Return a server of Nova in our words."""
    status, task = str(server["status"]), server.get(_TASK)
    state = to_state(status, task)
    reason = str((server.get("fault") or {}).get("message") or "") or None
    addresses = server.get("addresses") or {}
    private, public = _addresses(addresses)
    project = str(server.get("tenant_id") or "")
    network = next((n for name in addresses if (n := names.network(project, name))), None)
    return Instance(
        provider="openstack",
        region=region,
        zone=server.get("OS-EXT-AZ:availability_zone") or None,
        id=server["id"],
        name=server["name"],
        state=state,
        native_state=to_native_state(status, task),
        type=_type(server["flavor"], flavors),
        image=_image(server),
        network=network,
        subnet=names.subnet(network, private[0] if private else None),
        private_addresses=private,
        public_addresses=public,
        tags={k: v for k, v in server.get("metadata", {}).items() if k not in OWN_KEYS},
        created_at=to_moment(server.get("created")),
        state_reason=reason,
        failure=to_failure(state, reason),
        attributes=_attributes(server, names, project),
    )


def to_failure(state: InstanceState, reason: str | None) -> InstanceFailure | None:
    """Return why a server has no place to run in, where the message of its fault tells.

    Nova accepts a server before it looks for a place, and tells by the server's fault
    (https://docs.openstack.org/api-guide/compute/faults.html).
    """
    if state is not InstanceState.ERROR or reason is None:
        return None
    if is_quota(reason):
        return InstanceFailure.QUOTA
    return InstanceFailure.CAPACITY if is_capacity(reason) else None


def to_moment(value: object) -> datetime | None:
    """Return a time of an OpenStack service in UTC; those without a zone are in UTC already."""
    if not value:
        return None
    moment = datetime.fromisoformat(str(value))
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _type(flavor: Json, flavors: Mapping[str, str] | None) -> str:
    if "original_name" in flavor:
        return str(flavor["original_name"])
    identifier = str(flavor["id"])
    return (flavors or {}).get(identifier, identifier)


def _image(server: Json) -> str | None:
    # A server that boots from a volume has the empty string here.
    image = server.get("image")
    return str(image["id"]) if image else None


def _addresses(networks: Json) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return private and public addresses; IPv6 stands with the public ones.

    A network may lead to the Internet by itself: its addresses are public without floating.
    """
    told = [address for addresses in networks.values() for address in addresses]
    floating = [one["addr"] for one in told if not _is_fixed(one)]
    fixed = [one["addr"] for one in told if _is_fixed(one)]
    private = [address for address in fixed if _is_private(address)]
    outside = sorted((a for a in fixed if not _is_private(a)), key=lambda a: ":" in a)
    return tuple(private), (*floating, *outside)


def _is_private(address: str) -> bool:
    parsed = ip_address(address)
    return parsed.version == 4 and parsed.is_private


def _is_fixed(address: Json) -> bool:
    return str(address.get("OS-EXT-IPS:type", "fixed")) == "fixed"


def _attributes(server: Json, names: Names, project: str) -> dict[str, JsonValue]:
    image = server.get("image") or {}
    properties = image.get("properties") or server.get("image_properties") or {}
    specs = (server.get("flavor") or {}).get("extra_specs") or {}
    groups = {group["name"] for group in server.get("security_groups") or ()}
    launched = to_moment(server.get("OS-SRV-USG:launched_at"))
    return {
        "architecture": properties.get("architecture") or specs.get("hw:architecture"),
        "description": server.get("description") or None,
        "disks": [str(volume["id"]) for volume in server.get(_VOLUMES) or ()],
        "firewalls": [*sorted(names.firewall(project, name) for name in groups)],
        "key": server.get("key_name"),
        "launched_at": launched.isoformat() if launched else None,
        "lifecycle": "on-demand",
        "platform": properties.get("os_distro"),
        "project": project or None,
    }
