"""Subscriptions, their locations and tenants, what a caller may do in them, and tags at a scope.

Source: https://learn.microsoft.com/en-us/rest/api/resources/subscriptions,
.../rest/api/authorization/permissions and .../rest/api/resources/tags
"""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.locations import LOCATIONS, described
from skyclust_sandbox.azure.request_context import Ask
from skyclust_sandbox.azure.responses import Document, refusal, reply
from skyclust_sandbox.azure.state import Resource
from skyclust_sandbox.azure.tenants import Tenant, tenant_of_subscription
from skyclust_sandbox.azure.tracked_resources import check_tags


def list_all(ask: Ask) -> Response:
    """Subscriptions_List."""
    return reply({"value": [_subscription(ask.principal.tenant)], "count": _count(1)})


def get(ask: Ask) -> Response:
    """Subscriptions_Get."""
    tenant = tenant_of_subscription(ask.names["subscription"]) or ask.principal.tenant
    return reply(_subscription(tenant))


def list_locations(ask: Ask) -> Response:
    """Subscriptions_ListLocations."""
    subscription = ask.names["subscription"]
    return reply({"value": [described(one, subscription) for one in LOCATIONS.values()]})


def list_tenants(ask: Ask) -> Response:
    """Tenants_List."""
    tenant = ask.principal.tenant
    told: Document = {
        "id": f"/tenants/{tenant.id}",
        "tenantId": tenant.id,
        "countryCode": "DE",
        "displayName": tenant.name,
        "domains": [f"{tenant.name.lower()}.onmicrosoft.com"],
        "tenantCategory": "Home",
    }
    return reply({"value": [told]})


def list_permissions(ask: Ask) -> Response:
    """Permissions_ListForSubscription and Permissions_ListForResourceGroup."""
    if "group" in ask.names:
        ask.require_group()
    told: Document = {
        "actions": list(ask.principal.actions),
        "notActions": [],
        "dataActions": [],
        "notDataActions": [],
    }
    return reply({"value": [told]})


def get_tags(ask: Ask) -> Response:
    """Tags_GetAtScope."""
    return reply(_tags_of(_scope(ask)))


def put_tags(ask: Ask) -> Response:
    """Tags_CreateOrUpdateAtScope: these tags and no others."""
    scope = _scope(ask)
    return _set(scope, ask.body().get("properties", {}).get("tags", {}))


def patch_tags(ask: Ask) -> Response:
    """Tags_UpdateAtScope: Merge, Replace or Delete."""
    scope, body = _scope(ask), ask.body()
    given = body.get("properties", {}).get("tags", {})
    now: dict[str, Any] = scope.body.get("tags") or {}
    match str(body.get("operation", "")).lower():
        case "merge":
            return _set(scope, {**now, **given})
        case "replace":
            return _set(scope, given)
        case "delete":
            return _set(scope, {name: value for name, value in now.items() if name not in given})
        case _:
            message = f"The tags operation '{body.get('operation')}' is not valid."
            raise refusal(400, "InvalidTagsPatchOperation", message)


def delete_tags(ask: Ask) -> Response:
    """Tags_DeleteAtScope."""
    _scope(ask).body["tags"] = {}
    return reply(None, 200)


def _scope(ask: Ask) -> Resource:
    found = ask.state.resources.find(
        f"/subscriptions/{ask.names['subscription']}/{ask.names['scope']}"
    )
    if found is None:
        message = f"The resource '{ask.names['scope']}' could not be found."
        raise refusal(404, "ResourceNotFound", message)
    return found


def _set(scope: Resource, tags: object) -> Response:
    check_tags(tags)
    scope.body["tags"] = tags
    return reply(_tags_of(scope))


def _tags_of(scope: Resource) -> Document:
    return {
        "id": f"{scope.id}/providers/Microsoft.Resources/tags/default",
        "name": "default",
        "type": "Microsoft.Resources/tags",
        "properties": {"tags": scope.body.get("tags", {})},
    }


def _subscription(tenant: Tenant) -> Document:
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


def _count(number: int) -> Document:
    return {"type": "Total", "value": number}
