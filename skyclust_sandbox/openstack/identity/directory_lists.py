"""Projects, users, regions and services, for those who may see them."""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack import directory
from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.directory import Domain, Project, User
from skyclust_sandbox.openstack.identity.catalog import make_catalog
from skyclust_sandbox.openstack.wire import Body, reply


def list_own_projects(context: Context) -> Response:
    """Return the projects that the caller can scope a token to."""
    return _listed(context, "projects", _projects_of(context, context.token.user))


def list_own_domains(context: Context) -> Response:
    """Return the domains that the caller can scope a token to."""
    own = [context.token.user.domain] if context.is_admin else []
    return _listed(context, "domains", [_domain(context, domain) for domain in own])


def list_projects(context: Context) -> Response:
    """Return all projects, or those of a name or a domain; for administrators."""
    _require_admin(context, "list_projects")
    asked = context.request.args
    found = [
        _project(context, project)
        for project in directory.PROJECTS
        if asked.get("name", project.name) == project.name
        and asked.get("domain_id", project.domain.id) == project.domain.id
    ]
    return _listed(context, "projects", found)


def get_project(context: Context) -> Response:
    """Return a project, to administrators and to those whose token is scoped to it."""
    project_id = context.argument("project_id")
    if project_id != context.project_id:
        _require_admin(context, "get_project")
    project = directory.find_project(project_id)
    if project is None:
        raise context.refused(404, f"Could not find project: {project_id}.")
    return reply({"project": _project(context, project)})


def list_domains(context: Context) -> Response:
    """Return all domains; for administrators."""
    _require_admin(context, "list_domains")
    asked = context.request.args.get("name")
    found = [domain for domain in directory.DOMAINS if asked in (None, domain.name)]
    return _listed(context, "domains", [_domain(context, domain) for domain in found])


def get_domain(context: Context) -> Response:
    """Return a domain, to administrators and to those who are in it."""
    domain_id = context.argument("domain_id")
    if domain_id != context.token.user.domain.id:
        _require_admin(context, "get_domain")
    for domain in directory.DOMAINS:
        if domain.id == domain_id:
            return reply({"domain": _domain(context, domain)})
    raise context.refused(404, f"Could not find domain: {domain_id}.")


def list_users(context: Context) -> Response:
    """Return all users, or those of a name; for administrators."""
    _require_admin(context, "list_users")
    asked = context.request.args.get("name")
    found = [user for user in directory.USERS if asked in (None, user.name)]
    return _listed(context, "users", [_user(context, user) for user in found])


def get_user(context: Context) -> Response:
    """Return a user, to administrators and to himself."""
    return reply({"user": _user(context, _find_user(context, "get_user"))})


def list_user_projects(context: Context) -> Response:
    """Return the projects that a user has roles in, to administrators and to himself."""
    user = _find_user(context, "list_user_projects")
    return _listed(context, "projects", _projects_of(context, user))


def list_application_credentials(context: Context) -> Response:
    """Return a user's application credentials, to administrators and to himself."""
    user = _find_user(context, "list_application_credentials")
    found = [
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
    return _listed(context, "application_credentials", found)


def list_regions(context: Context) -> Response:
    """Return the regions there are."""
    return _listed(context, "regions", [_region(context, name) for name in directory.REGIONS])


def get_region(context: Context) -> Response:
    """Return a region."""
    name = context.argument("region_id")
    if name not in directory.REGIONS:
        raise context.refused(404, f"Could not find region: {name}.")
    return reply({"region": _region(context, name)})


def list_services(context: Context) -> Response:
    """Return the services of the catalog; for administrators."""
    _require_admin(context, "list_services")
    found = [
        {"id": one["id"], "type": one["type"], "name": one["name"], "enabled": True}
        for one in make_catalog(context, context.project_id)
    ]
    return _listed(context, "services", found)


def list_endpoints(context: Context) -> Response:
    """Return the endpoints of the catalog; for administrators."""
    _require_admin(context, "list_endpoints")
    found = [
        {**endpoint, "service_id": service["id"], "enabled": True}
        for service in make_catalog(context, context.project_id)
        for endpoint in service["endpoints"]
    ]
    return _listed(context, "endpoints", found)


def list_roles(context: Context) -> Response:
    """Return the roles there are; for administrators."""
    _require_admin(context, "list_roles")
    found = [
        {"id": role_id, "name": name, "domain_id": None}
        for name, role_id in directory.ROLES.items()
    ]
    return _listed(context, "roles", found)


def list_role_assignments(context: Context) -> Response:
    """Return who has which role in which project; for administrators."""
    _require_admin(context, "list_role_assignments")
    asked = context.request.args
    found = [
        {
            "role": {"id": directory.ROLES[role]},
            "user": {"id": user.id},
            "scope": {"project": {"id": project_id}},
        }
        for user in directory.USERS
        for project_id, roles in user.roles.items()
        for role in roles
        if asked.get("user.id", user.id) == user.id
        and asked.get("scope.project.id", project_id) == project_id
    ]
    return _listed(context, "role_assignments", found)


def _require_admin(context: Context, rule: str) -> None:
    if not context.is_admin:
        message = f"You are not authorized to perform the requested action: identity:{rule}."
        raise context.refused(403, message)


def _find_user(context: Context, rule: str) -> User:
    user_id = context.argument("user_id")
    if user_id != context.token.user.id:
        _require_admin(context, rule)
    user = directory.find_user(user_id)
    if user is None:
        raise context.refused(404, f"Could not find user: {user_id}.")
    return user


def _projects_of(context: Context, user: User) -> list[Body]:
    return [
        _project(context, project) for project in directory.PROJECTS if project.id in user.roles
    ]


def _listed(context: Context, key: str, found: list[Body]) -> Response:
    links = {"self": context.request.base_url, "next": None, "previous": None}
    return reply({key: found, "links": links})


def _project(context: Context, project: Project) -> Body:
    return {
        "id": project.id,
        "name": project.name,
        "domain_id": project.domain.id,
        "parent_id": project.domain.id,
        "description": "",
        "enabled": True,
        "is_domain": False,
        "options": {},
        "tags": [],
        "links": {"self": f"{context.base}/v3/projects/{project.id}"},
    }


def _domain(context: Context, domain: Domain) -> Body:
    return {
        "id": domain.id,
        "name": domain.name,
        "description": "",
        "enabled": True,
        "options": {},
        "tags": [],
        "links": {"self": f"{context.base}/v3/domains/{domain.id}"},
    }


def _user(context: Context, user: User) -> Body:
    return {
        "id": user.id,
        "name": user.name,
        "domain_id": user.domain.id,
        "enabled": True,
        "options": {},
        "password_expires_at": None,
        "links": {"self": f"{context.base}/v3/users/{user.id}"},
    }


def _region(context: Context, name: str) -> Body:
    return {
        "id": name,
        "description": "",
        "parent_region_id": None,
        "links": {"self": f"{context.base}/v3/regions/{name}"},
    }
