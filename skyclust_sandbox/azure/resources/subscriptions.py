"""Subscriptions, their locations, their tenants, and the caller's permissions.

Source: https://learn.microsoft.com/en-us/rest/api/resources/subscriptions and
https://learn.microsoft.com/en-us/rest/api/authorization/permissions
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.locations import LOCATIONS, location_document
from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.responses import Document, json_response
from skyclust_sandbox.azure.tenants import Tenant, tenant_of_subscription


def list_all(context: RequestContext) -> Response:
    """Subscriptions_List."""
    subscription = _subscription_document(context.principal.tenant)
    count: Document = {"type": "Total", "value": 1}
    return json_response({"value": [subscription], "count": count})


def get(context: RequestContext) -> Response:
    """Subscriptions_Get."""
    tenant = tenant_of_subscription(context.subscription) or context.principal.tenant
    return json_response(_subscription_document(tenant))


def list_locations(context: RequestContext) -> Response:
    """Subscriptions_ListLocations."""
    documents = [
        location_document(location, context.subscription) for location in LOCATIONS.values()
    ]
    return json_response({"value": documents})


def list_tenants(context: RequestContext) -> Response:
    """Tenants_List."""
    tenant = context.principal.tenant
    document: Document = {
        "id": f"/tenants/{tenant.id}",
        "tenantId": tenant.id,
        "countryCode": "DE",
        "displayName": tenant.name,
        "domains": [f"{tenant.name.lower()}.onmicrosoft.com"],
        "tenantCategory": "Home",
    }
    return json_response({"value": [document]})


def list_permissions(context: RequestContext) -> Response:
    """Permissions_ListForSubscription and Permissions_ListForResourceGroup."""
    if "group" in context.path_parameters:
        context.require_resource_group()
    permission: Document = {
        "actions": list(context.principal.actions),
        "notActions": [],
        "dataActions": [],
        "notDataActions": [],
    }
    return json_response({"value": [permission]})


def _subscription_document(tenant: Tenant) -> Document:
    return {
        "id": f"/subscriptions/{tenant.subscription}",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": tenant.subscription,
        "tenantId": tenant.id,
        "displayName": tenant.subscription_name,
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    }
