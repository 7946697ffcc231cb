"""Projects and domains.

Source: https://docs.openstack.org/api-ref/identity/v3/#projects
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack import directory
from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.directory import Domain, Project, User
from skyclust_sandbox.openstack.identity.lists import list_reply, require_admin
from skyclust_sandbox.openstack.wire import Body, reply


def list_own_projects(context: Context) -> Response:
    """Return the projects that the caller can scope a token to."""
    return list_reply(context, "projects", projects_of(context, context.token.user))


def list_own_domains(context: Context) -> Response:
    """Return the domains that the caller can scope a token to."""
    own = [context.token.user.domain] if context.is_admin else []
    return list_reply(context, "domains", [_domain(context, domain) for domain in own])


def list_projects(context: Context) -> Response:
    """Return all projects, or those with a name or domain; 403 unless an administrator calls."""
    require_admin(context, "list_projects")
    query = context.request.args
    projects = [
        _project(context, project)
        for project in directory.PROJECTS
        if query.get("name", project.name) == project.name
        and query.get("domain_id", project.domain.id) == project.domain.id
    ]
    return list_reply(context, "projects", projects)


def get_project(context: Context) -> Response:
    """Return a project; 403 unless an administrator calls or the token is scoped to it."""
    project_id = context.argument("project_id")
    if project_id != context.project_id:
        require_admin(context, "get_project")
    project = directory.find_project(project_id)
    if project is None:
        raise context.refused(404, f"Could not find project: {project_id}.")
    return reply({"project": _project(context, project)})


def list_domains(context: Context) -> Response:
    """Return all domains, or those with a name; 403 unless an administrator calls."""
    require_admin(context, "list_domains")
    name = context.request.args.get("name")
    domains = [domain for domain in directory.DOMAINS if name in (None, domain.name)]
    return list_reply(context, "domains", [_domain(context, domain) for domain in domains])


def get_domain(context: Context) -> Response:
    """Return a domain; 403 unless an administrator or one of its users calls."""
    domain_id = context.argument("domain_id")
    if domain_id != context.token.user.domain.id:
        require_admin(context, "get_domain")
    for domain in directory.DOMAINS:
        if domain.id == domain_id:
            return reply({"domain": _domain(context, domain)})
    raise context.refused(404, f"Could not find domain: {domain_id}.")


def projects_of(context: Context, user: User) -> list[Body]:
    """Return the projects in which a user has roles."""
    return [
        _project(context, project) for project in directory.PROJECTS if project.id in user.roles
    ]


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
        "links": {"self": f"{context.base_url}/v3/projects/{project.id}"},
    }


def _domain(context: Context, domain: Domain) -> Body:
    return {
        "id": domain.id,
        "name": domain.name,
        "description": "",
        "enabled": True,
        "options": {},
        "tags": [],
        "links": {"self": f"{context.base_url}/v3/domains/{domain.id}"},
    }
