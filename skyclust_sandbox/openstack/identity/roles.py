"""Roles and role assignments.

Source: https://docs.openstack.org/api-ref/identity/v3/#roles
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack import directory
from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.identity.lists import list_reply, require_admin


def list_roles(context: Context) -> Response:
    """Return all roles; 403 unless an administrator calls."""
    require_admin(context, "list_roles")
    roles = [
        {"id": role_id, "name": name, "domain_id": None}
        for name, role_id in directory.ROLES.items()
    ]
    return list_reply(context, "roles", roles)


def list_role_assignments(context: Context) -> Response:
    """Return the roles of users in projects; 403 unless an administrator calls."""
    require_admin(context, "list_role_assignments")
    query = context.request.args
    assignments = [
        {
            "role": {"id": directory.ROLES[role]},
            "user": {"id": user.id},
            "scope": {"project": {"id": project_id}},
        }
        for user in directory.USERS
        for project_id, roles in user.roles.items()
        for role in roles
        if query.get("user.id", user.id) == user.id
        and query.get("scope.project.id", project_id) == project_id
    ]
    return list_reply(context, "role_assignments", assignments)
