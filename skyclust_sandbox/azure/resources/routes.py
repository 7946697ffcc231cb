"""The routes of Microsoft.Resources and Microsoft.Authorization, and of operation statuses."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.azure import operation_status, tags
from skyclust_sandbox.azure.resource_routes import GROUP, SUBSCRIPTION
from skyclust_sandbox.azure.resources import resource_groups, subscriptions
from skyclust_sandbox.azure.router import Route

_TAGS: Final = f"{SUBSCRIPTION}/{{scope:path}}/providers/Microsoft.Resources/tags/default"
_OPERATIONS: Final = f"{SUBSCRIPTION}/providers/{{provider}}/locations/{{location}}"
_PERMISSIONS: Final = "providers/Microsoft.Authorization/permissions"

ROUTES: Final = (
    Route("Subscriptions_List", "GET", "/subscriptions", subscriptions.list_all),
    Route("Subscriptions_Get", "GET", SUBSCRIPTION, subscriptions.get),
    Route(
        "Subscriptions_ListLocations",
        "GET",
        f"{SUBSCRIPTION}/locations",
        subscriptions.list_locations,
    ),
    Route("Tenants_List", "GET", "/tenants", subscriptions.list_tenants),
    Route(
        "Permissions_ListForSubscription",
        "GET",
        f"{SUBSCRIPTION}/{_PERMISSIONS}",
        subscriptions.list_permissions,
    ),
    Route(
        "Permissions_ListForResourceGroup",
        "GET",
        f"{GROUP}/{_PERMISSIONS}",
        subscriptions.list_permissions,
    ),
    Route("Resources_List", "GET", f"{SUBSCRIPTION}/resources", resource_groups.list_resources),
    Route(
        "Resources_ListByResourceGroup",
        "GET",
        f"{GROUP}/resources",
        resource_groups.list_resources,
    ),
    Route("ResourceGroups_List", "GET", f"{SUBSCRIPTION}/resourceGroups", resource_groups.list_all),
    Route("ResourceGroups_CheckExistence", "HEAD", GROUP, resource_groups.check_existence),
    Route("ResourceGroups_Get", "GET", GROUP, resource_groups.get),
    Route("ResourceGroups_CreateOrUpdate", "PUT", GROUP, resource_groups.create_or_update),
    Route("ResourceGroups_Update", "PATCH", GROUP, resource_groups.update),
    Route("ResourceGroups_Delete", "DELETE", GROUP, resource_groups.delete),
    Route("Tags_GetAtScope", "GET", _TAGS, tags.get_at_scope),
    Route("Tags_CreateOrUpdateAtScope", "PUT", _TAGS, tags.create_or_update_at_scope),
    Route("Tags_UpdateAtScope", "PATCH", _TAGS, tags.update_at_scope),
    Route("Tags_DeleteAtScope", "DELETE", _TAGS, tags.delete_at_scope),
    Route(
        "Operations_Get",
        "GET",
        f"{_OPERATIONS}/operations/{{operation}}",
        operation_status.get_status,
    ),
    Route(
        "Operations_Get",
        "GET",
        f"{_OPERATIONS}/operationResults/{{operation}}",
        operation_status.get_result,
    ),
)
