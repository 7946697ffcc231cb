"""The operations of keystone v3."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.openstack.context import Route
from skyclust_sandbox.openstack.identity import (
    auth_tokens,
    projects,
    regions,
    roles,
    services,
    users,
    versions,
)

ROUTES: Final = (
    Route("GET", "", "versions.list", versions.list_versions, open=True),
    Route("GET", "/v3", "versions.get", versions.get_version, open=True),
    Route("POST", "/v3/auth/tokens", "tokens.create", auth_tokens.create_token, open=True),
    Route("GET", "/v3/auth/tokens", "tokens.get", auth_tokens.get_token),
    Route("DELETE", "/v3/auth/tokens", "tokens.delete", auth_tokens.delete_token),
    Route("GET", "/v3/auth/catalog", "catalog.get", auth_tokens.get_catalog),
    Route("GET", "/v3/auth/projects", "auth_projects.list", projects.list_own_projects),
    Route("GET", "/v3/auth/domains", "auth_domains.list", projects.list_own_domains),
    Route("GET", "/v3/projects", "projects.list", projects.list_projects),
    Route("GET", "/v3/projects/<project_id>", "projects.get", projects.get_project),
    Route("GET", "/v3/domains", "domains.list", projects.list_domains),
    Route("GET", "/v3/domains/<domain_id>", "domains.get", projects.get_domain),
    Route("GET", "/v3/users", "users.list", users.list_users),
    Route("GET", "/v3/users/<user_id>", "users.get", users.get_user),
    Route(
        "GET",
        "/v3/users/<user_id>/projects",
        "user_projects.list",
        users.list_user_projects,
    ),
    Route(
        "GET",
        "/v3/users/<user_id>/application_credentials",
        "application_credentials.list",
        users.list_application_credentials,
    ),
    Route("GET", "/v3/regions", "regions.list", regions.list_regions),
    Route("GET", "/v3/regions/<region_id>", "regions.get", regions.get_region),
    Route("GET", "/v3/services", "services.list", services.list_services),
    Route("GET", "/v3/endpoints", "endpoints.list", services.list_endpoints),
    Route("GET", "/v3/roles", "roles.list", roles.list_roles),
    Route(
        "GET",
        "/v3/role_assignments",
        "role_assignments.list",
        roles.list_role_assignments,
    ),
)
