"""Servers of Nova: reading them, and what they are in our words.

Source: https://docs.openstack.org/api-ref/compute/#servers-servers
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from pydantic import JsonValue

from providers.openstack.errors import is_capacity, is_quota
from providers.openstack.fields import (
    Json,
    moment,
    nested,
    objects,
    pairs,
    required_id,
    required_text,
    text,
    texts,
)
from providers.openstack.flavors import flavor_names, to_architecture
from providers.openstack.interfaces import Interface, to_addresses, to_interfaces
from providers.openstack.network_names import Names
from providers.openstack.paging import get_pages
from providers.openstack.states import GONE, UNREACHABLE, to_native_state, to_state
from providers.openstack.tokens import OWN_KEYS, is_server_tag
from skyclust.errors import Unavailable
from skyclust.model.instance import Instance, InstanceFailure, InstanceReference, InstanceState
from skyclust.providerkit.same_instance import require_same_instance

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

_TASK: Final = "OS-EXT-STS:task_state"
_VOLUMES: Final = "os-extended-volumes:volumes_attached"


def get_servers(
    clients: OpenStackClients, region: str, page_size: int | None
) -> Iterator[Sequence[Any]]:
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
        yield [one for one in page if not (isinstance(one, dict) and one.get("status") in GONE)]


def get_server(clients: OpenStackClients, region: str, server_id: str) -> Json:
    """Return one server as Nova shows it; raises NotFound when Nova knows none."""
    doing = f"read instance {server_id} in {region}"
    server = clients.read(region, "compute", f"/servers/{server_id}", "server", doing=doing)
    refuse_unreachable(server, doing)
    required_id(server)
    required_text(server, "status")
    return server


def get_same_server(clients: OpenStackClients, instance: InstanceReference) -> Json:
    """Return the server that a reference means; raises NotFound when Nova knows none such.

    Nova never gives an id again, so the id itself is the proof.
    """
    server = get_server(clients, instance.region, instance.id)
    require_same_instance(instance, str(server["id"]), provider="openstack")
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
        project = text(server, "tenant_id") or ""
        wanted = [(project, name) for name in nested(server, "addresses")]
        groups = [(project, name) for name in _group_names(server) or ()]
        if not wanted and not groups:
            return to_instance(region, server, Names(), flavors)
        names = clients.names.names(clients, region, wanted)
        if not all(names.firewall(*group) for group in groups):
            # A name that several groups have, or one of another project: the ports have the ids.
            names = clients.names.with_ports(clients, region, names)
        return to_instance(region, server, names, flavors)

    return describe


def refuse_unreachable(server: Any, doing: str) -> None:
    """Raise Unavailable for a server of which Nova knows little more than the id.

    It has the status UNKNOWN then, which a whole server may have as well.
    """
    if not isinstance(server, dict) or server.get("status") != UNREACHABLE:
        return
    if not {"name", "metadata", "addresses"} & set(server):
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
    identifier = required_id(server)
    status, task = required_text(server, "status"), text(server, _TASK)
    state = to_state(status, task)
    reason = text(nested(server, "fault"), "message")
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
        type=_type(nested(server, "flavor"), flavors),
        image=text(nested(server, "image"), "id"),
        network=primary.network if primary else None,
        subnet=primary.subnet if primary else None,
        private_addresses=private,
        public_addresses=public,
        tags=_tags(server),
        created_at=moment(server, "created"),
        state_reason=reason,
        failure=to_failure(state, reason),
        attributes=_attributes(server, names, interfaces),
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


def _type(flavor: Json, flavors: Mapping[str, str] | None) -> str | None:
    """Return the flavor's name; before 2.47 its id is told, or nothing once it was deleted."""
    name, identifier = text(flavor, "original_name"), text(flavor, "id")
    return name or (flavors or {}).get(identifier or "") or identifier


def _tags(server: Json) -> dict[str, str]:
    """Return metadata as tags, and Nova's own tags, which are words, with an empty value.

    What SkyClust marks its servers with is left out. A key of both is the metadata's.
    """
    words = (one for one in texts(server, "tags") or () if not is_server_tag(one))
    metadata = pairs(server, "metadata")
    return {
        **dict.fromkeys(words, ""),
        **{key: value for key, value in metadata.items() if key not in OWN_KEYS},
    }


def _group_names(server: Json) -> set[str] | None:
    """Return the names of a server's security groups; Nova shows no list where it has none."""
    if "security_groups" not in server:
        return set()
    groups = objects(server, "security_groups")
    return None if groups is None else {required_text(group, "name") for group in groups}


def _firewalls(server: Json, names: Names, project: str) -> list[JsonValue] | None:
    """Return the ids of a server's security groups, None where not all of them are known."""
    groups = _group_names(server)
    if groups is None:
        return None
    found = {names.firewall(project, name) for name in groups}
    if None not in found:
        return [*sorted(one for one in found if one)]
    of_ports = (names.port_groups or {}).get(str(server["id"]))
    return None if of_ports is None else [*sorted(of_ports)]


def _attributes(
    server: Json, names: Names, interfaces: Sequence[Interface]
) -> dict[str, JsonValue]:
    properties = nested(nested(server, "image"), "properties")
    specs = nested(nested(server, "flavor"), "extra_specs")
    launched = moment(server, "OS-SRV-USG:launched_at")
    project = text(server, "tenant_id")
    volumes = objects(server, _VOLUMES)
    more: dict[str, JsonValue] = {}
    if len(interfaces) > 1:  # of a single one the machine itself has all
        more["interfaces"] = [one.attribute for one in interfaces]
    word = text(properties, "architecture") or text(specs, "hw:architecture")
    return {
        "architecture": to_architecture(word) or word,
        "description": text(server, "description"),
        "disks": None if volumes is None else [required_id(volume) for volume in volumes],
        "firewalls": _firewalls(server, names, project or ""),
        "key": text(server, "key_name"),
        "launched_at": launched.isoformat() if launched else None,
        "lifecycle": "on-demand",
        "platform": text(properties, "os_distro"),
        "project": project,
        **more,
    }
