"""Volume attachments of servers.

Source: https://docs.openstack.org/api-ref/compute/#servers-with-volume-attachments-servers-os-volume-attachments
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.compute.lookups import find_server, require_state, require_unlocked
from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.paging import page_of
from skyclust_sandbox.openstack.state import Attachment, Server, Volume
from skyclust_sandbox.openstack.volume.attachments import attach, detach
from skyclust_sandbox.openstack.wire import Body, empty, reply

_STATES = ("active", "paused", "stopped", "resized", "suspended", "shelved", "shelved_offloaded")


def list_attachments(context: Context) -> Response:
    """Return the volume attachments of a server."""
    server = find_server(context)
    page, _ = page_of(context, server.attachments, lambda attachment: attachment.volume_id)
    return reply({"volumeAttachments": [_view(context, attachment) for attachment in page]})


def get_attachment(context: Context) -> Response:
    """Return the attachment of a volume; 404 when it is not attached to the server."""
    return reply({"volumeAttachment": _view(context, _find(context, find_server(context)))})


def create_attachment(context: Context) -> Response:
    """Start to attach a volume to a server."""
    server = find_server(context)
    body = context.body("volumeAttachment")
    require_unlocked(context, server)
    volume = _find_volume(context, str(body.get("volumeId")))
    require_state(context, server, "attach_volume", _STATES)
    if volume.status != "available":
        raise context.refused(
            400,
            f"Invalid volume: Volume {volume.id} status must be available or downloading to"
            f" reserve, but the current status is {volume.status}.",
        )
    attachment = attach(
        server,
        volume,
        delete_on_termination=bool(body.get("delete_on_termination", False)),
        device=body.get("device"),
        tag=body.get("tag"),
    )
    volume.status = "attaching"

    def finish() -> None:
        if not context.fails:
            volume.status = "in-use"
        elif attachment in server.attachments:
            detach(context.region, server, attachment)

    context.schedule(volume.id, finish)
    return reply({"volumeAttachment": _view(context, attachment)})


def update_attachment(context: Context) -> Response:
    """Set whether a volume is deleted with its server; since microversion 2.85."""
    server = find_server(context)
    attachment = _find(context, server)
    body = context.body("volumeAttachment")
    if context.call.microversion < (2, 85) and not context.is_admin:
        raise context.refused(403, "Policy doesn't allow a volume to be swapped.")
    attachment.delete_on_termination = bool(
        body.get("delete_on_termination", attachment.delete_on_termination)
    )
    return empty(202)


def delete_attachment(context: Context) -> Response:
    """Start to detach a volume from a server."""
    server = find_server(context)
    require_unlocked(context, server)
    attachment = _find(context, server)
    volume = _find_volume(context, attachment.volume_id)
    if attachment.boot_index == 0:
        raise context.refused(400, "Cannot detach a root device volume")
    require_state(context, server, "detach_volume", _STATES)
    if volume.status != "in-use":
        raise context.refused(
            400,
            f"Invalid volume: Invalid input received: Invalid volume: Unable to detach volume."
            f" Volume status must be 'in-use' and attach_status must be 'attached' to detach."
            f" Currently: status: '{volume.status}'.",
        )
    volume.status = "detaching"

    def finish() -> None:
        if context.fails:
            volume.status = "in-use"
        elif attachment in server.attachments:
            detach(context.region, server, attachment)

    context.schedule(volume.id, finish)
    return empty(202)


def _find_volume(context: Context, volume_id: str) -> Volume:
    volume = context.region.volumes.get(volume_id)
    if volume is None or not (context.is_admin or volume.project_id == context.project_id):
        raise context.refused(404, f"Volume {volume_id} could not be found.")
    return volume


def _find(context: Context, server: Server) -> Attachment:
    volume_id = context.argument("volume_id")
    for attachment in server.attachments:
        if attachment.volume_id == volume_id:
            return attachment
    raise context.refused(404, f"Instance {server.id} is not attached to volume {volume_id}")


def _view(context: Context, attachment: Attachment) -> Body:
    version = context.call.microversion
    view: Body = {
        "volumeId": attachment.volume_id,
        "serverId": attachment.server_id,
        "device": attachment.device,
    }
    if version < (2, 89):
        view["id"] = attachment.volume_id
    if version >= (2, 70):
        view["tag"] = attachment.tag
    if version >= (2, 79):
        view["delete_on_termination"] = attachment.delete_on_termination
    if version >= (2, 89):
        view["attachment_id"] = view["bdm_uuid"] = attachment.id
    return view
