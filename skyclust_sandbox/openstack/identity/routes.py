"""The operations of keystone v3."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.openstack.context import Route
from skyclust_sandbox.openstack.identity import discovery, listing, sessions

ROUTES: Final = (
    Route("GET", "", "versions.list", discovery.list_versions, open=True),
    Route("GET", "/v3", "versions.get", discovery.get_version, open=True),
    Route("POST", "/v3/auth/tokens", "tokens.create", sessions.create_token, open=True),
    Route("GET", "/v3/auth/tokens", "tokens.get", sessions.get_token),
    Route("DELETE", "/v3/auth/tokens", "tokens.delete", sessions.delete_token),
    Route("GET", "/v3/auth/catalog", "catalog.get", sessions.get_catalog),
    Route("GET", "/v3/auth/projects", "auth_projects.list", listing.list_own_projects),
    Route("GET", "/v3/auth/domains", "auth_domains.list", listing.list_own_domains),
    Route("GET", "/v3/projects", "projects.list", listing.list_projects),
    Route("GET", "/v3/projects/<project_id>", "projects.get", listing.get_project),
    Route("GET", "/v3/domains", "domains.list", listing.list_domains),
    Route("GET", "/v3/domains/<domain_id>", "domains.get", listing.get_domain),
    Route("GET", "/v3/users", "users.list", listing.list_users),
    Route("GET", "/v3/users/<user_id>", "users.get", listing.get_user),
    Route("GET", "/v3/users/<user_id>/projects", "user_projects.list", listing.list_user_projects),
    Route(
        "GET",
        "/v3/users/<user_id>/application_credentials",
        "application_credentials.list",
        listing.list_application_credentials,
    ),
    Route("GET", "/v3/regions", "regions.list", listing.list_regions),
    Route("GET", "/v3/regions/<region_id>", "regions.get", listing.get_region),
    Route("GET", "/v3/services", "services.list", listing.list_services),
    Route("GET", "/v3/endpoints", "endpoints.list", listing.list_endpoints),
    Route("GET", "/v3/roles", "roles.list", listing.list_roles),
    Route("GET", "/v3/role_assignments", "role_assignments.list", listing.list_role_assignments),
)
