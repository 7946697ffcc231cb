"""The creation of servers: the validation of the request and the new records.

Source: https://docs.openstack.org/api-ref/compute/#create-server
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
import uuid
from typing import Any, Final

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.compute import quotas, server_build, server_networks
from skyclust_sandbox.openstack.compute.block_devices import Device, read_devices
from skyclust_sandbox.openstack.compute.server_build import Build
from skyclust_sandbox.openstack.compute.server_tags import check_tags
from skyclust_sandbox.openstack.compute.server_views import server_links
from skyclust_sandbox.openstack.context import Context, read_json
from skyclust_sandbox.openstack.image.visibility import is_visible
from skyclust_sandbox.openstack.state import Flavor, Image, Server
from skyclust_sandbox.openstack.wire import Body, is_true, now, reply

SINCE: Final = {
    "description": (2, 19),
    "tags": (2, 52),
    "trusted_image_certificates": (2, 63),
    "host": (2, 74),
    "hypervisor_hostname": (2, 74),
    "hostname": (2, 90),
}
"""The microversion that introduced a field; an earlier one refuses it."""


def create_server(context: Context) -> Response:
    """Accept one or several servers for building: 202."""
    body = context.body("server")
    _check_fields(context, body)
    flavor = _flavor(context, body)
    image = _image(context, body)
    devices = read_devices(context, body.get("block_device_mapping_v2") or [], image)
    _check_fit(context, flavor, image, devices)
    network_requests = server_networks.read_networks(context, body.get("networks"))
    least = int(body.get("min_count") or 1)
    number = max(least, int(body.get("max_count") or least))
    quotas.require_servers(context, flavor, number)
    reservation = f"r-{secrets.token_hex(4)}"
    servers = []
    for order in range(number):
        name = body["name"] if number == 1 else f"{body['name']}-{order + 1}"
        server = _make(context, body, name, flavor, "" if image is None else image.id)
        server.reservation_id = reservation
        server.content = "" if image is None else image.content
        context.region.servers[server.id] = server
        server_build.start_build(Build(context, server, network_requests, devices))
        servers.append(server)
    if is_true(body.get("return_reservation_id", False)):
        return reply({"reservation_id": reservation}, 202)
    response = reply({"server": _accepted(context, servers[0])}, 202)
    response.headers["Location"] = f"{context.base_url}/v2.1/servers/{servers[0].id}"
    return response


def _accepted(context: Context, server: Server) -> Body:
    return {
        "id": server.id,
        "links": server_links(context, server),
        "OS-DCF:diskConfig": server.disk_config,
        "security_groups": [{"name": name} for name in server.groups],
        "adminPass": secrets.token_urlsafe(9),
    }


def _check_fields(context: Context, body: Body) -> None:
    version = context.call.microversion
    for name, since in SINCE.items():
        if name in body and version < since:
            raise context.refused(
                400, f"Additional properties are not allowed ('{name}' was unexpected)"
            )
    for name in ("name", "flavorRef", *(("networks",) if version >= (2, 37) else ())):
        if name not in body:
            raise context.refused(
                400,
                "Invalid input for field/attribute server. Value: "
                f"{body}. '{name}' is a required property",
            )
    name = body["name"]
    if not isinstance(name, str) or not 1 <= len(name) <= 255 or name != name.strip():
        raise context.refused(400, f"Invalid input for field/attribute name. Value: {name}.")
    check_metadata(context, body.get("metadata") or {})
    check_tags(context, body.get("tags") or [])
    _check_user_data(context, body.get("user_data"))
    zone = _zone(body)
    if zone is not None and zone not in context.region.zones:
        raise context.refused(400, "The requested availability zone is not available")
    key_name = body.get("key_name")
    if key_name and (context.token.user.id, key_name) not in context.region.keypairs:
        raise context.refused(400, "Invalid key_name provided.")
    _check_groups(context, body)


def check_metadata(context: Context, metadata: Any) -> None:
    """Refuse, with 400, metadata that is not a flat object of strings or is too long."""
    if not isinstance(metadata, dict):
        raise context.refused(400, "Invalid input for field/attribute metadata.")
    for key, value in metadata.items():
        if re.fullmatch(r"[a-zA-Z0-9-_:. ]{1,255}", key) is None:
            raise context.refused(
                400,
                f"Invalid input for field/attribute metadata. Value: {metadata}. {key!r} does not"
                " match any of the regexes: '^[a-zA-Z0-9-_:. ]{1,255}$'",
            )
        if not isinstance(value, str):
            raise context.refused(
                400,
                f"Invalid input for field/attribute {key}. Value: {value}. {value!r} is not of"
                " type 'string'",
            )
        if len(value) > 255:
            raise context.refused(
                400, f"Invalid input for field/attribute {key}. Value: {value}. is too long"
            )
    allowed = quotas.server_limits(context.region, context.project_id)["metadata_items"]
    if 0 <= allowed < len(metadata):
        raise context.refused(403, f"Quota exceeded, too many metadata items ({allowed}).")


def _check_user_data(context: Context, user_data: Any) -> None:
    try:
        base64.b64decode(user_data or "", validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise context.refused(
            400,
            f"Invalid input for field/attribute user_data. Value: {user_data}."
            f" {user_data!r} is not a 'base64'",
        ) from error


def _check_groups(context: Context, body: Body) -> None:
    for group in body.get("security_groups") or []:
        name = group.get("name")
        groups = [
            other
            for other in context.region.security_groups.values()
            if other["project_id"] == context.project_id and name in (other["id"], other["name"])
        ]
        if not groups and name != "default":
            raise context.refused(400, f"Unable to find security_group with name or id '{name}'")
        if len(groups) > 1:
            raise context.refused(
                409,
                f"Multiple security_group matches found for name '{name}', use an ID to be more"
                " specific.",
            )


def _flavor(context: Context, body: Body) -> Flavor:
    reference = str(body["flavorRef"]).rstrip("/").rpartition("/")[2]
    flavor = context.region.flavors.get(reference)
    if flavor is None:
        raise context.refused(400, f"Flavor {reference} could not be found.")
    return flavor


def _image(context: Context, body: Body) -> Image | None:
    reference = str(body.get("imageRef") or "").rstrip("/").rpartition("/")[2]
    if not reference:
        return None
    image = context.region.images.get(reference)
    if image is None or not is_visible(context, image):
        raise context.refused(400, "Can not find requested image")
    if image.status != "active":
        raise context.refused(400, f"Image {image.id} is not active.")
    return image


def _check_fit(
    context: Context, flavor: Flavor, image: Image | None, devices: list[Device]
) -> None:
    """Refuse a flavor that is too small for the image that the server boots from."""
    if image is None or any(device.boot_index == 0 for device in devices):
        return
    if flavor.disk == 0:
        raise context.refused(
            403, "Only volume-backed servers are allowed for flavors with zero disk."
        )
    if flavor.disk < image.min_disk:
        raise context.refused(
            400,
            "Flavor's disk is smaller than the minimum size specified in image metadata. Flavor"
            f" disk is {flavor.disk << 30} bytes, minimum size is {image.min_disk << 30} bytes.",
        )
    if flavor.memory < image.min_ram:
        raise context.refused(400, "Flavor's memory is too small for requested image.")


def _zone(body: Body) -> str | None:
    """Return the requested availability zone, without the host that may follow it."""
    zone = body.get("availability_zone")
    return str(zone).partition(":")[0] if zone else None


def _make(context: Context, body: Body, name: str, flavor: Flavor, image_id: str) -> Server:
    zone = _zone(body)
    created = now()
    groups = [str(group["name"]) for group in body.get("security_groups") or []]
    return Server(
        id=str(uuid.uuid4()),
        name=name,
        project_id=context.project_id,
        user_id=context.token.user.id,
        flavor=flavor,
        image_id=image_id,
        created=created,
        updated=created,
        hostname=body.get("hostname") or re.sub(r"[^a-z0-9.-]+", "-", name.lower()).strip("-."),
        zone=zone or context.region.zones[len(context.region.servers) % 2],
        pinned_zone=zone,
        key_name=body.get("key_name"),
        metadata=dict(body.get("metadata") or {}),
        tags=sorted(set(body.get("tags") or [])),
        description=body.get("description"),
        config_drive=is_true(body.get("config_drive", False)),
        user_data=body.get("user_data"),
        scheduler_hints=_hints(context),
        disk_config=body.get("OS-DCF:diskConfig", "MANUAL"),
        access_ipv4=body.get("accessIPv4", ""),
        access_ipv6=body.get("accessIPv6", ""),
        groups=groups or ["default"],
    )


def _hints(context: Context) -> Body:
    content = read_json(context.request)
    hints = content.get("OS-SCH-HNT:scheduler_hints") or content.get("os:scheduler_hints") or {}
    return {key: value if isinstance(value, list) else [value] for key, value in hints.items()}
