"""Cloud Resource Manager: the methods projects.get and projects.testIamPermissions.

See https://cloud.google.com/resource-manager/reference/rest.
"""

from __future__ import annotations

from datetime import UTC

from skyclust_sandbox.gcp.api_calls import GcpCall
from skyclust_sandbox.gcp.responses import Resource, refused
from skyclust_sandbox.gcp.state import Project, State

_READ_VERBS = ("get", "list", "use")


def answer(state: State, call: GcpCall) -> Resource:
    """Return a project, or the permissions among the tested ones that the caller has.

    Raises Refused with 403 for a project that does not exist or is not the caller's.
    """
    project = state.projects.get(call.project) or _by_number(state, call.project)
    if project is None or call.caller.project != project.name:
        message = "The caller does not have permission"
        raise refused(403, "forbidden", message, from_front_end=True)
    match call.method.action:
        case "get":
            return _project_resource(project, call.api)
        case "testIamPermissions":
            return _test_permissions(call)
        case _:
            message = f"The sandbox has no method {call.method.id}."
            raise refused(501, "notImplemented", message, from_front_end=True)


def _test_permissions(call: GcpCall) -> Resource:
    granted = [
        permission
        for permission in call.body.get("permissions", [])
        if call.caller.may_write or permission.rpartition(".")[2] in _READ_VERBS
    ]
    return {"permissions": granted} if granted else {}


def _project_resource(project: Project, api: str) -> Resource:
    """Return the Project resource in the format of version 1 or 3 of the API."""
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


def _by_number(state: State, number: str) -> Project | None:
    return next((project for project in state.projects.values() if project.number == number), None)
