"""Cloud Resource Manager: the project and the permissions of the caller.

See https://cloud.google.com/resource-manager/reference/rest.
"""

from __future__ import annotations

from datetime import UTC

from skyclust_sandbox.gcp.api_calls import GcpCall
from skyclust_sandbox.gcp.responses import Resource, refused
from skyclust_sandbox.gcp.state import Project, World

_READS = ("get", "list", "use")


def answer(world: World, call: GcpCall) -> Resource:
    """Return a project, or which of some permissions the caller has on it."""
    project = world.projects.get(call.project) or _by_number(world, call.project)
    if project is None or call.caller.project != project.name:
        message = "The caller does not have permission"
        raise refused(403, "forbidden", message, front=True)
    match call.method.action:
        case "get":
            return _told(project, call.api)
        case "testIamPermissions":
            return _tested(call)
        case _:
            message = f"The sandbox has no method {call.method.id}."
            raise refused(501, "notImplemented", message, front=True)


def _tested(call: GcpCall) -> Resource:
    asked = call.body.get("permissions", [])
    held = [one for one in asked if call.caller.may_write or one.rpartition(".")[2] in _READS]
    return {"permissions": held} if held else {}


def _told(project: Project, api: str) -> Resource:
    created = project.created.astimezone(UTC).isoformat(timespec="milliseconds")
    created = created.replace("+00:00", "Z")
    if api.endswith("v1"):
        return {
            "projectNumber": project.number,
            "projectId": project.name,
            "lifecycleState": "ACTIVE",
            "name": project.name,
            "createTime": created,
        }
    return {
        "name": f"projects/{project.number}",
        "projectId": project.name,
        "state": "ACTIVE",
        "displayName": project.name,
        "createTime": created,
        "updateTime": created,
        "etag": 'W/"1f0c1"',
    }


def _by_number(world: World, number: str) -> Project | None:
    return next((one for one in world.projects.values() if one.number == number), None)
