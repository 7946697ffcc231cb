"""Users and their application credentials.

Source: https://docs.openstack.org/api-ref/identity/v3/#users
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack import directory
from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.directory import User
from skyclust_sandbox.openstack.identity.lists import list_reply, require_admin
from skyclust_sandbox.openstack.identity.projects import projects_of
from skyclust_sandbox.openstack.wire import Body, reply


def list_users(context: Context) -> Response:
    """Return all users, or those with a name; 403 unless an administrator calls."""
    require_admin(context, "list_users")
    name = context.request.args.get("name")
    users = [user for user in directory.USERS if name in (None, user.name)]
    return list_reply(context, "users", [_user(context, user) for user in users])


def get_user(context: Context) -> Response:
    """Return a user; 403 unless an administrator or the user calls."""
    return reply({"user": _user(context, _find_user(context, "get_user"))})


def list_user_projects(context: Context) -> Response:
    """Return the projects in which a user has roles.

    403 unless an administrator or the user calls.
    """
    user = _find_user(context, "list_user_projects")
    return list_reply(context, "projects", projects_of(context, user))


def list_application_credentials(context: Context) -> Response:
    """Return a user's application credentials; 403 unless an administrator or the user calls."""
    user = _find_user(context, "list_application_credentials")
    credentials = [
        {
            "id": credential.id,
            "name": credential.name,
            "description": None,
            "project_id": credential.project.id,
            "roles": [{"id": directory.ROLES[role], "name": role} for role in credential.roles],
            "expires_at": None,
            "unrestricted": False,
        }
        for credential in directory.APPLICATION_CREDENTIALS
        if credential.user.id == user.id
    ]
    return list_reply(context, "application_credentials", credentials)


def _find_user(context: Context, rule: str) -> User:
    user_id = context.argument("user_id")
    if user_id != context.token.user.id:
        require_admin(context, rule)
    user = directory.find_user(user_id)
    if user is None:
        raise context.refused(404, f"Could not find user: {user_id}.")
    return user


def _user(context: Context, user: User) -> Body:
    return {
        "id": user.id,
        "name": user.name,
        "domain_id": user.domain.id,
        "enabled": True,
        "options": {},
        "password_expires_at": None,
        "links": {"self": f"{context.base_url}/v3/users/{user.id}"},
    }
